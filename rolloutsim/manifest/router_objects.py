"""The objects that traffic routers read, each with its spec as a JSON tree that is never changed in place."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field
from typing import Any

from rolloutsim.manifest.meta import Meta


@dataclass(frozen=True, slots=True)
class RouterObject:
    """What all have: metadata and spec."""

    meta: Meta
    spec: abc.Mapping[str, Any] = field(default_factory=dict)


class VirtualService(RouterObject):
    """networking.istio.io VirtualService."""

    __slots__ = ()


class DestinationRule(RouterObject):
    """networking.istio.io DestinationRule."""

    __slots__ = ()


class TraefikService(RouterObject):
    """traefik.io TraefikService (traefik.containo.us before Traefik 3)."""

    __slots__ = ()


class IngressRoute(RouterObject):
    """traefik.io IngressRoute: hosts and paths, and the TraefikService or Service behind them."""

    __slots__ = ()


class ApisixRoute(RouterObject):
    """apisix.apache.org ApisixRoute."""

    __slots__ = ()


class Mapping(RouterObject):
    """getambassador.io Mapping."""

    __slots__ = ()


class HTTPRoute(RouterObject):
    """gateway.networking.k8s.io HTTPRoute."""

    __slots__ = ()


class TrafficSplit(RouterObject):
    """split.smi-spec.io TrafficSplit."""

    __slots__ = ()


API_VERSIONS: abc.Mapping[type[RouterObject], str] = {
    VirtualService: "networking.istio.io/v1",
    DestinationRule: "networking.istio.io/v1",
    TraefikService: "traefik.io/v1alpha1",
    IngressRoute: "traefik.io/v1alpha1",
    ApisixRoute: "apisix.apache.org/v2",
    Mapping: "getambassador.io/v2",
    HTTPRoute: "gateway.networking.k8s.io/v1",
    TrafficSplit: "split.smi-spec.io/v1alpha1",
}
"""A version in which each kind is served; manifests may be of another one of its group."""
UNCACHED_KINDS: tuple[type[RouterObject], ...] = (TraefikService, ApisixRoute, Mapping, HTTPRoute, TrafficSplit)
"""Kinds that the Rollout controller reads from the API server in each pass, and is not woken by."""
RouterObjects = abc.Mapping[tuple[type[RouterObject], str], RouterObject]
"""Objects by kind and name."""
