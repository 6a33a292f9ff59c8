"""The objects that traffic routers read, each with its spec as a JSON tree that is never changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rolloutsim.manifest.meta import Meta


@dataclass(frozen=True, slots=True)
class RouterObject:
    """What all have: metadata and spec."""

    meta: Meta
    spec: Mapping[str, Any] = field(default_factory=dict)


class VirtualService(RouterObject):
    """networking.istio.io VirtualService."""

    __slots__ = ()


class DestinationRule(RouterObject):
    """networking.istio.io DestinationRule."""

    __slots__ = ()


class TraefikService(RouterObject):
    """traefik.io TraefikService (traefik.containo.us before Traefik 3)."""

    __slots__ = ()


UNCACHED_KINDS: tuple[type[RouterObject], ...] = (TraefikService,)
"""Kinds that the Rollout controller reads from the API server in each pass, and is not woken by."""
RouterObjects = Mapping[tuple[type[RouterObject], str], RouterObject]
"""Objects by kind and name."""
