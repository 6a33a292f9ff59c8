"""Which hosts a routing object answers for, and the Services that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rolloutsim.manifest import router_objects as kinds
from rolloutsim.manifest.istio_routes import service_of
from rolloutsim.manifest.router_objects import RouterObject
from rolloutsim.manifest.traefik_rules import hosts_of_rule

Spec = Mapping[str, Any]


def mapping_service(mapping: Spec) -> str:
    """The Service of an Ambassador Mapping: its address without scheme, namespace and port."""
    return str(mapping.get("service", "")).rpartition("://")[2].partition(":")[0].partition(".")[0]


def _istio_services(spec: Spec) -> Iterator[str]:
    for route in spec.get("http") or ():
        yield from (service_of(destination["destination"]) for destination in route.get("route") or ())


def _traefik_hosts(spec: Spec) -> Iterable[str]:
    return (host for route in spec.get("routes") or () for host in hosts_of_rule(route["match"]))


def _apisix_hosts(spec: Spec) -> Iterable[str]:
    return (host for rule in spec.get("http") or () for host in (rule.get("match") or {}).get("hosts") or ["*"])


def _names(items: Any, parts: str, name: str) -> Iterator[str]:
    for item in items or ():
        yield from (part[name] for part in item.get(parts) or () if part.get("kind") != "TraefikService")


_HOSTS: dict[type[RouterObject], Callable[[Spec], Iterable[str]]] = {
    kinds.VirtualService: lambda spec: spec.get("hosts") or (),
    kinds.IngressRoute: _traefik_hosts,
    kinds.ApisixRoute: _apisix_hosts,
    kinds.Mapping: lambda spec: [str(spec.get("hostname") or spec.get("host") or "*")],
    kinds.HTTPRoute: lambda spec: spec.get("hostnames") or ["*"],
}
_SERVICES: dict[type[RouterObject], Callable[[Spec], Iterable[str]]] = {
    kinds.VirtualService: _istio_services,
    kinds.IngressRoute: lambda spec: _names(spec.get("routes"), "services", "name"),
    kinds.TraefikService: lambda spec: _names([spec.get("weighted") or {}], "services", "name"),
    kinds.ApisixRoute: lambda spec: _names(spec.get("http"), "backends", "serviceName"),
    kinds.Mapping: lambda spec: [mapping_service(spec)],
    kinds.HTTPRoute: lambda spec: _names(spec.get("rules"), "backendRefs", "name"),
}


def hosts_of(route: RouterObject) -> tuple[str, ...]:
    """The hosts of a routing object, which may be `*` or `*.domain`; none for one that is reached through another."""
    return tuple(_HOSTS[type(route)](route.spec)) if type(route) in _HOSTS else ()


def services_of(route: RouterObject) -> tuple[str, ...]:
    """The Services that a routing object leads to."""
    return tuple(_SERVICES[type(route)](route.spec)) if type(route) in _SERVICES else ()


def host_matches(host: str, pattern: str) -> bool:
    """Whether a host is the pattern's."""
    return pattern in ("", "*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))
