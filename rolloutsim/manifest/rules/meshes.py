"""Rules on Ambassador mappings and App Mesh resources (rollout/controller.go, validation_references.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, invalid
from rolloutsim.manifest.rules.cluster import Cluster

Tree = Mapping[str, Any]
_ROUTING = "spec.strategy.canary.trafficRouting"
_MESH, _MESH_PATH = f"{_ROUTING}.appmesh.virtualService", f"{_ROUTING}.appMesh.virtualService"
_MAPPINGS = f"{_ROUTING}.ambassador.mappings"
_AMBASSADOR_GROUP, _MESH_GROUP = "getambassador.io", "appmesh.k8s.aws"


def missing_violations(tree: Tree, cluster: Cluster) -> Iterator[Violation]:
    """Mappings and virtual services that are not named or not there."""
    routing: Tree = tree["spec"]["strategy"]["canary"]["trafficRouting"]
    namespace = str(tree["metadata"].get("namespace") or "")
    if "ambassador" in routing:
        names = routing["ambassador"].get("mappings") or ()
        if not names:
            yield invalid(_MAPPINGS, None, "must provide at least one mapping")
        for name in names:
            if cluster.get("Mapping", name, namespace, _AMBASSADOR_GROUP) is None:
                yield invalid(_MAPPINGS, name, f'mappings.getambassador.io "{name}" not found')
    if "appMesh" in routing:
        yield from _missing_mesh(routing["appMesh"], namespace, cluster)


def _missing_mesh(mesh: Tree, namespace: str, cluster: Cluster) -> Iterator[Violation]:
    reference = mesh.get("virtualService")
    if reference is None:
        yield invalid(_MESH, None, "must provide virtual-service", _MESH_PATH)
        return
    name = reference["name"]
    full_name = f"{name}.{namespace or 'default'}"
    service = cluster.get("VirtualService", name, namespace, _MESH_GROUP)
    if service is None:
        yield invalid(_MESH, full_name, f'virtualservices.appmesh.k8s.aws "{name}" not found', _MESH_PATH)
        return
    router = _router_reference(service)
    if router is not None and cluster.get("VirtualRouter", router, namespace, _MESH_GROUP) is None:
        yield invalid(_MESH, full_name, f'virtualrouters.appmesh.k8s.aws "{router}" not found', _MESH_PATH)


def _router_reference(service: Tree) -> str | None:
    node: Any = service
    for key in ("spec", "provider", "virtualRouter", "virtualRouterRef", "name"):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, str) else None


def content_violations(tree: Tree, cluster: Cluster) -> Iterator[Violation]:
    """Mappings that have a weight of their own, and virtual routers without two weighted targets in each route."""
    routing: Tree = tree["spec"]["strategy"]["canary"]["trafficRouting"]
    namespace = str(tree["metadata"].get("namespace") or "")
    for name in routing.get("ambassador", {}).get("mappings") or ():
        mapping = cluster.get("Mapping", name, namespace, _AMBASSADOR_GROUP)
        weight = (mapping or {}).get("spec", {}).get("weight", 0)
        if type(weight) is int and weight != 0:
            yield invalid("spec.weight", name, f'Ambassador mapping "{name}" can not define weight', _MAPPINGS)
    reference = routing.get("appMesh", {}).get("virtualService")
    service = None if reference is None else cluster.get("VirtualService", reference["name"], namespace, _MESH_GROUP)
    router = None if service is None else cluster.get("VirtualRouter", _router_reference(service) or "", namespace, _MESH_GROUP)
    if router is not None:
        yield from _router_violations(router)


def _router_violations(router: Tree) -> Iterator[Violation]:
    name, routes = router["metadata"]["name"], (router.get("spec") or {}).get("routes")
    if not isinstance(routes, list) or not routes:
        yield invalid("spec.routes", name, f"No routes defined for AppMesh virtual-router {name}", _MESH_PATH)
        return
    for i, route in enumerate(routes):
        field, of = f"spec.routes[{i}]", f"AppMesh virtual-router {name}"
        if not isinstance(route, Mapping):
            yield invalid(field, name, f"Invalid route was found for {of} at index {i}", _MESH_PATH)
            return
        kind = next((key for key in ("httpRoute", "tcpRoute", "http2Route", "grpcRoute") if isinstance(route.get(key), Mapping)), None)
        if kind is None:
            text = f"Error getting route details for {of} and route {route.get('name')}. Error: Route has unsupported route type"
            yield invalid(field, name, text, _MESH_PATH)
            return
        targets = (route[kind].get("action") or {}).get("weightedTargets")
        at = f"{field}.{kind}.action.weightedTargets"
        if not isinstance(targets, list):
            yield invalid(at, name, f"Invalid route action found for {of} and route {route.get('name')}", _MESH_PATH)
            return
        if len(targets) != 2:
            text = f"Invalid number of weightedTargets ({len(targets)}) for {of} and route {route.get('name')}, expected 2"
            yield invalid(at, name, text, _MESH_PATH)
            return
