"""Which routes of a VirtualService follow the weight (rollout/trafficrouting/istio/istio.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.manifest.traffic_routing import TcpRoute, TlsRoute

Json = Mapping[str, Any]


class NoSuchRoute(Exception):
    """A route that a Rollout lists is not there, in the controller's words."""


def service_of(destination: Json) -> str:
    """The Service of a destination: its host up to the first dot (getHost)."""
    return str(destination.get("host", "")).split(".")[0]


def http_indices(names: Sequence[str], http: Sequence[Json]) -> list[int]:
    """Indices of the HTTP routes listed; without a list the only route, else the first without a name, else none (getHttpRouteIndexesToPatch)."""
    if not names:
        return [0] if len(http) == 1 else [i for i, route in enumerate(http) if not route.get("name")][:1]
    found = []
    for name in names:
        at = next((i for i, route in enumerate(http) if route.get("name") == name), None)
        if at is None:
            raise NoSuchRoute(f"HTTP Route '{name}' is not found in the defined Virtual Service.")
        found.append(at)
    return found


def l4_indices(listed: Sequence[TlsRoute | TcpRoute], routes: Sequence[Json], kind: str) -> list[int]:
    """Indices of the TLS or TCP routes of the ports (and SNI hosts) listed; without a list the first (searchTlsRoute, searchTcpRoute)."""
    if not listed:
        return [0] if routes else []
    found: list[int] = []
    for wanted in listed:
        hosts = sorted(wanted.sni_hosts) if isinstance(wanted, TlsRoute) else []
        fitting = [i for i, route in enumerate(routes) if _ports(route) == {wanted.port} and (kind == "tcp" or _sni_hosts(route) == hosts)]
        if not fitting:
            raise NoSuchRoute(f"No matching {kind.upper()} routes found in the defined Virtual Service.")
        found += fitting
    return found


def _ports(route: Json) -> set[int]:
    return {match.get("port", 0) for match in route.get("match") or ()} or {0}


def _sni_hosts(route: Json) -> list[str]:
    return sorted({host for match in route.get("match") or () for host in match.get("sniHosts") or ()})
