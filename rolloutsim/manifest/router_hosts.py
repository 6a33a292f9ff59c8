"""Which hosts a routing object answers for, and the Services that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rolloutsim.manifest.istio_routes import service_of
from rolloutsim.manifest.router_objects import RouterObject, VirtualService

Spec = Mapping[str, Any]


def _istio_services(spec: Spec) -> Iterator[str]:
    for route in spec.get("http") or ():
        yield from (service_of(destination["destination"]) for destination in route.get("route") or ())


_HOSTS: dict[type[RouterObject], Callable[[Spec], tuple[str, ...]]] = {
    VirtualService: lambda spec: tuple(spec.get("hosts") or ()),
}
_SERVICES: dict[type[RouterObject], Callable[[Spec], Iterator[str]]] = {
    VirtualService: _istio_services,
}


def hosts_of(route: RouterObject) -> tuple[str, ...]:
    """The hosts of a routing object, which may be `*` or `*.domain`; none for one that is reached through another."""
    return _HOSTS[type(route)](route.spec) if type(route) in _HOSTS else ()


def services_of(route: RouterObject) -> tuple[str, ...]:
    """The Services that a routing object leads to."""
    return tuple(_SERVICES[type(route)](route.spec)) if type(route) in _SERVICES else ()


def host_matches(host: str, pattern: str) -> bool:
    """Whether a host is the pattern's."""
    return pattern in ("", "*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))
