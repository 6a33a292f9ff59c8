"""Which routes of a VirtualService follow the weight, and whether they can (rollout/trafficrouting/istio/istio.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.manifest.traffic_routing import DestinationRuleReference, TcpRoute, TlsRoute, VirtualServiceReference

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


def violation(
    reference: VirtualServiceReference,
    spec: Json,
    services: tuple[str, str],
    rule: DestinationRuleReference | None,
    managed: Sequence[str],
) -> str:
    """What the controller has against a VirtualService, "" if nothing; `services` are stable and canary (ValidateVirtualService)."""
    present = {kind: spec[kind] for kind in ("http", "tls", "tcp") if spec.get(kind)}
    if not present:
        return "Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService"
    for kind, routes in present.items():
        reason = _kind_violation(kind, reference, routes, services, rule, managed)
        if reason:
            return f"Istio VirtualService has invalid {kind.upper()} routes. Error: {reason}"
    return ""


def _kind_violation(
    kind: str,
    reference: VirtualServiceReference,
    routes: Sequence[Json],
    services: tuple[str, str],
    rule: DestinationRuleReference | None,
    managed: Sequence[str],
) -> str:
    listed: Sequence[Any] = {"http": reference.routes, "tls": reference.tls_routes, "tcp": reference.tcp_routes}[kind]
    try:
        indices = http_indices(listed, routes) if kind == "http" else l4_indices(listed, routes, kind)
    except NoSuchRoute as missing:
        return str(missing)
    for i in indices:
        if reason := _destinations_violation([d["destination"] for d in routes[i].get("route") or ()], services, rule):
            return reason
    own = [route for route in routes if kind != "http" or route.get("name") not in managed]
    if not listed and len(own) > 1:
        path = "spec.strategy.canary.trafficRouting.istio.virtualService"
        field = "routes" if kind == "http" else f"{kind}Routes"
        return f"spec.{kind}[] should be set in VirtualService and it must have exactly one route when omitting {path}.{field}"
    return ""


def _destinations_violation(destinations: Sequence[Json], services: tuple[str, str], rule: DestinationRuleReference | None) -> str:
    """Both subsets must be among the destinations, or both Services where there is no DestinationRule."""
    if rule is not None:
        found = {d.get("subset") for d in destinations}
        for role, name in (("Canary", rule.canary_subset_name), ("Stable", rule.stable_subset_name)):
            if name not in found:
                return f"{role} DestinationRule subset '{name}' not found in route"
        return ""
    hosts = {service_of(d) for d in destinations}
    stable, canary = services
    for role, name in (("Canary", canary), ("Stable", stable)):
        if not name or name not in hosts:
            return f"{role} Service '{name}' not found in route"
    return ""
