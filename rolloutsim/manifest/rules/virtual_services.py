"""Rules on the VirtualServices of the Istio router (validation_references.go; rollout/trafficrouting/istio)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.manifest.field_errors import Violation, internal, invalid
from rolloutsim.manifest.istio_routes import NoSuchRoute, http_indices, l4_indices, service_of
from rolloutsim.manifest.objects import Rollout
from rolloutsim.manifest.rules.cluster import Cluster
from rolloutsim.manifest.traffic_routing import IstioRouting, TrafficRouting, VirtualServiceReference

Tree = Mapping[str, Any]
_ISTIO = "spec.strategy.canary.trafficRouting.istio"
_GROUP = "networking.istio.io"
_OPTIONS = {"http": "routes", "tls": "tlsRoutes", "tcp": "tcpRoutes"}
_ONE_ROUTE = (
    "spec.{}[] should be set in VirtualService and it must have exactly one route when omitting "
    "spec.strategy.canary.trafficRouting.istio.virtualService.{}"
)


def missing_violations(rollout: Rollout, cluster: Cluster) -> Iterator[Violation]:
    """Both or neither of the two fields, then VirtualServices that are not there."""
    istio = _routing(rollout).istio
    if istio is None:
        return
    if (istio.virtual_services is None) == (istio.virtual_service is None):
        yield internal(_ISTIO, "either VirtualService or VirtualServices must be configured")
        return
    for path, field, reference in _references(istio):
        if _found(cluster, reference, rollout) is None:
            yield invalid(field, reference.short_name, f'virtualservices.networking.istio.io "{reference.short_name}" not found', path)


def content_violations(rollout: Rollout, cluster: Cluster) -> Iterator[Violation]:
    """VirtualServices without the routes and destinations that the Rollout needs."""
    istio = _routing(rollout).istio
    for path, field, reference in _references(istio) if istio is not None else ():
        found = _found(cluster, reference, rollout)
        if found is not None:
            yield from (invalid(field, reference.short_name, text, path) for text in _unfit(rollout, reference, found))


def _routing(rollout: Rollout) -> TrafficRouting:
    canary = rollout.spec.strategy.canary
    return (canary.traffic_routing if canary is not None else None) or TrafficRouting()


def _references(istio: IstioRouting) -> Iterator[tuple[str, str, VirtualServiceReference]]:
    """(YAML path, field in the controller's words, reference) of each VirtualService."""
    if istio.virtual_services is None:
        name = f"{_ISTIO}.virtualService.name"
        yield from ((name, name, reference) for reference in istio.references)
    else:
        names = f"{_ISTIO}.virtualServices.name"
        yield from ((f"{_ISTIO}.virtualServices[{i}].name", names, reference) for i, reference in enumerate(istio.virtual_services))


def _found(cluster: Cluster, reference: VirtualServiceReference, rollout: Rollout) -> Tree | None:
    namespace = reference.name.split(".")[1] if "." in reference.name else rollout.meta.namespace
    return cluster.get("VirtualService", reference.short_name, namespace, _GROUP)


def _unfit(rollout: Rollout, reference: VirtualServiceReference, virtual_service: Tree) -> Iterator[str]:
    spec = virtual_service.get("spec")
    routes = {kind: spec.get(kind) if isinstance(spec, Mapping) else None for kind in _OPTIONS}
    if not any(isinstance(listed, list) for listed in routes.values()):
        yield "Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService"
    for kind, listed in routes.items():
        if not isinstance(listed, list):
            continue
        if not all(map(_is_readable, listed)):
            yield f"Unable to get {kind.upper()} routes for Istio VirtualService"
        elif reason := _kind_violation(kind, rollout, reference, listed):
            yield f"Istio VirtualService has invalid {kind.upper()} routes. Error: {reason}"


def _is_readable(route: Any) -> bool:
    """Whether a route has the types that the controller reads it with."""
    if not isinstance(route, Mapping) or not isinstance(route.get("name", ""), str):
        return False
    matches, destinations = route.get("match") or [], route.get("route") or []
    if not all(isinstance(listed, list) and all(isinstance(item, Mapping) for item in listed) for listed in (matches, destinations)):
        return False
    targets = [item.get("destination") or {} for item in destinations]
    hosts = [match.get("sniHosts") or [] for match in matches]
    return (
        all(isinstance(target, Mapping) and all(isinstance(target.get(key) or "", str) for key in ("host", "subset")) for target in targets)
        and all(type(match.get("port", 0)) is int for match in matches)
        and all(isinstance(listed, list) and all(isinstance(host, str) for host in listed) for listed in hosts)
    )


def _kind_violation(kind: str, rollout: Rollout, reference: VirtualServiceReference, routes: Sequence[Tree]) -> str:
    """What the routes of a kind lack, "" if nothing (ValidateHTTPRoutes, ValidateTlsRoutes, ValidateTcpRoutes)."""
    listed: Sequence[Any] = {"http": reference.routes, "tls": reference.tls_routes, "tcp": reference.tcp_routes}[kind]
    try:
        indices = http_indices(listed, routes) if kind == "http" else l4_indices(listed, routes, kind)
    except NoSuchRoute as missing:
        return str(missing)
    for i in indices:
        if reason := _destinations_violation(rollout, [d.get("destination") or {} for d in routes[i].get("route") or ()]):
            return reason
    managed = _routing(rollout).managed_names if kind == "http" else ()
    own = [route for route in routes if route.get("name", "") not in managed]
    return _ONE_ROUTE.format(kind, _OPTIONS[kind]) if not listed and len(own) > 1 else ""


def _destinations_violation(rollout: Rollout, destinations: Sequence[Tree]) -> str:
    """Both subsets must be among the destinations, or both Services where there is no DestinationRule."""
    istio = _routing(rollout).istio
    if istio is not None and istio.destination_rule is not None:
        rule = istio.destination_rule
        subsets = {target.get("subset") for target in destinations}
        for role, name in (("Canary", rule.canary_subset_name), ("Stable", rule.stable_subset_name)):
            if not name or name not in subsets:
                return f"{role} DestinationRule subset '{name}' not found in route"
        return ""
    hosts = {service_of(target) for target in destinations}
    stable, canary = rollout.stable_and_canary()
    for role, name in (("Canary", canary), ("Stable", stable)):
        if not name or name not in hosts:
            return f"{role} Service '{name}' not found in route"
    return ""
