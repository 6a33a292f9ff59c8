"""What each traffic router writes, when, and in which words (rollout/trafficrouting of argo-rollouts 1.9.1), and how the traffic follows."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.manifest.objects import TraefikService, VirtualService
from rolloutsim.scenario import Stream
from tests.unit.control.worlds import SERVICES, do, image, measured, messages, routed, specs, virtual_service, world

# --- Istio (rollout/trafficrouting/istio/istio.go) -------------------------------------------------------------------------------------

HEADER = {"name": "testers", "match": [{"headerName": "X-Canary", "headerValue": {"regex": "ye.?"}}]}
WEIGHTED = virtual_service({"destination": {"host": "stable"}, "weight": 100}, {"destination": {"host": "canary"}, "weight": 0})
ISTIO = {"istio": {"virtualService": {"name": "vs"}}, "managedRoutes": [{"name": "testers"}]}


@pytest.mark.parametrize(("headers", "canary"), [({"x-canary": "yes"}, True), ({"x-canary": "yes sir"}, False), ({}, False)])
def test_requests_with_the_header_reach_the_canary_before_any_weight(headers: dict[str, str], canary: bool) -> None:
    steps = [{"setCanaryScale": {"replicas": 1}}, {"setHeaderRoute": HEADER}, {"pause": {}}]
    stream = Stream(to="ingress/a", rate=50.0, headers=headers)
    made = world(routed(ISTIO, steps), *SERVICES, WEIGHTED, streams=(stream,))
    image(made, "v2", 20.0)
    route = made.record.routings[-1].route
    assert {endpoint.pod_hash for endpoint in route.endpoints} == {made.rollout.status.current_pod_hash if canary else made.rollout.status.stable_rs}
    assert route.rule == ("testers" if canary else "")
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 5.0)
    assert {endpoint.pod_hash for endpoint in made.record.routings[-1].route.endpoints} == {made.rollout.status.stable_rs}


def test_an_istio_mirror_route_takes_the_weight_from_the_primary_when_none_is_listed() -> None:
    """generateVirtualServicePatches adds managed mirrors to the listed routes; with none listed they are then the only ones."""
    steps = [
        {"setCanaryScale": {"replicas": 1}},
        {"setMirrorRoute": {"name": "mir", "match": [{"path": {"prefix": "/a"}}]}},
        {"setWeight": 20},
        {"pause": {}},
    ]
    made = world(routed({**ISTIO, "managedRoutes": [{"name": "mir"}]}, steps), *SERVICES, WEIGHTED)
    image(made, "v2", 5.0)
    mirror, primary = specs(made, VirtualService, "vs")[-1]["http"]
    assert mirror["match"] == [{"uri": {"prefix": "/a"}}]
    assert [d.get("weight", 0) for d in mirror["route"]] == [80, 20]
    assert [d["weight"] for d in primary["route"]] == [100, 0]


def test_istio_tls_and_tcp_routes_follow_the_weight() -> None:
    destinations = [{"destination": {"host": "stable"}, "weight": 100}, {"destination": {"host": "canary"}, "weight": 0}]
    tls = [{"match": [{"port": 443, "sniHosts": ["b", "a"]}], "route": destinations}, {"match": [{"port": 9}, {"port": 8}], "route": destinations}]
    vs = {**WEIGHTED, "spec": {"hosts": ["a"], "tls": tls, "tcp": [{"route": destinations}]}}
    reference = {"name": "vs.default", "tlsRoutes": [{"port": 443, "sniHosts": ["a", "b"]}]}
    made = world(routed({"istio": {"virtualService": reference}}), *SERVICES, vs)
    image(made, "v2", 5.0)
    found = specs(made, VirtualService, "vs")[-1]
    assert [d["weight"] for d in found["tls"][0]["route"]] == [80, 20]
    assert found["tls"][1]["route"] == destinations
    assert [d["weight"] for d in found["tcp"][0]["route"]] == [80, 20]


# --- Traefik (rollout/trafficrouting/traefik/traefik.go) -------------------------------------------------------------------------------


def traefik_service(*names: str) -> dict[str, Any]:
    services = [{"name": name, "port": 80} for name in names]
    spec: dict[str, Any] = {"weighted": {"services": services}} if names else {}
    return {"apiVersion": "traefik.io/v1alpha1", "kind": "TraefikService", "metadata": {"name": "web"}, "spec": spec}


TRAEFIK = {"traefik": {"weightedTraefikServiceName": "web"}}


def test_traefik_weighs_both_services_and_leaves_the_others() -> None:
    made = world(routed(TRAEFIK), *SERVICES, traefik_service("stable", "other", "canary"))
    image(made, "v2", 5.0)
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 5.0)
    weights = [[entry.get("weight") for entry in spec["weighted"]["services"]] for spec in specs(made, TraefikService)]
    assert weights == [[100, None, 0], [80, None, 20], [100, None, 0]]


INGRESS_ROUTE = {
    "apiVersion": "traefik.io/v1alpha1",
    "kind": "IngressRoute",
    "metadata": {"name": "web"},
    "spec": {"routes": [{"match": "Host(`a`)", "kind": "Rule", "services": [{"name": "web", "kind": "TraefikService"}]}]},
}


def test_users_of_an_ingress_route_follow_the_weighted_services_in_turn() -> None:
    streams = (Stream(to="ingress/a", rate=100.0),)
    made = world(routed(TRAEFIK), *SERVICES, traefik_service("stable", "canary"), INGRESS_ROUTE, streams=streams)
    image(made, "v2", 60.0)
    assert made.record.routings[-1].route.plane == "traefik/weighted_services"
    assert measured(made) == pytest.approx(20.0, abs=0.1)


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ([], 'traefikservices.traefik.containo.us "web" not found'),
        ([traefik_service()], "spec.weighted.services was not found in traefik service manifest"),
        ([traefik_service("stable")], "traefik canary service was not found"),
        ([traefik_service("canary")], "traefik stable service was not found"),
    ],
)
def test_traefik_fails_the_pass_without_what_it_writes_to(objects: list[dict[str, Any]], words: str) -> None:
    made = world(routed(TRAEFIK), *SERVICES, *objects, healthy=False)
    made.advance(5.0)
    assert set(messages(made, "TrafficRoutingError")) == {words}
    assert made.rollout.status.weights is None
