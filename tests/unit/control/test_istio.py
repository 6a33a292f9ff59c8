"""The Istio router where no recording plays it: subsets, header and mirror routes, missing objects, ping-pong."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.observed import Now, Observed
from rolloutsim.control.routing.istio import Istio
from rolloutsim.manifest.objects import CanaryStrategy, DestinationRule, Meta, ReplicaSet, Rollout, RolloutSpec, Service, Strategy, VirtualService
from rolloutsim.manifest.traffic_routing import (
    DestinationRuleReference,
    HeaderMatch,
    IstioRouting,
    RouteMatch,
    SetHeaderRoute,
    SetMirrorRoute,
    StringMatch,
    VirtualServiceReference,
)
from tests.unit.control.worlds import do, image, rollout, service, virtual_service, world

SUBSETS = {
    "istio": {
        "virtualService": {"name": "vs"},
        "destinationRule": {"name": "dr", "canarySubsetName": "new", "stableSubsetName": "old"},
    }
}
RULE = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "DestinationRule",
    "metadata": {"name": "dr"},
    "spec": {"host": "app", "subsets": [{"name": "new", "labels": {"a": "b"}}, {"name": "old"}, {"name": "foreign"}]},
}
BY_SUBSET = virtual_service(
    {"destination": {"host": "app", "subset": "old"}, "weight": 100},
    {"destination": {"host": "app", "subset": "new"}, "weight": 0},
    {"destination": {"host": "elsewhere"}, "weight": 7},
)


def test_istio_subsets_follow_the_hashes_and_the_weight() -> None:
    steps = [{"setWeight": 25}, {"pause": {}}]
    made = world(rollout({"canary": {"steps": steps, "trafficRouting": SUBSETS}}), *service("app"), BY_SUBSET, RULE)
    image(made, "v2", 5.0)
    rule, vs = made.store.get(DestinationRule, "dr"), made.store.get(VirtualService, "vs")
    assert rule is not None
    assert vs is not None
    hashes = {rs.template.images[0]: rs.pod_hash for rs in made.store.objects(ReplicaSet)}
    labels = {subset["name"]: subset["labels"].get("rollouts-pod-template-hash") for subset in rule.spec["subsets"]}
    assert labels == {"new": hashes["app:v2"], "old": hashes["app:v1"]}  # foreign subsets are dropped
    assert rule.spec["subsets"][0]["labels"]["a"] == "b"
    assert [d["weight"] for d in vs.spec["http"][0]["route"]] == [75, 25]  # a foreign destination with a weight is removed
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 40.0)
    assert [d["weight"] for d in made.store.get(VirtualService, "vs").spec["http"][0]["route"]] == [100, 0]


def test_istio_waits_for_pods_in_failing_passes_when_it_has_only_subsets() -> None:
    made = world(rollout({"canary": {"steps": [{"setWeight": 50}], "trafficRouting": SUBSETS}}), *service("app"), BY_SUBSET, RULE)
    passes = made.controller.passes
    image(made, "v2", 0.9)
    assert made.controller.passes - passes > 5
    assert made.rollout.status.current_step_index == 0


def test_istio_header_and_mirror_routes() -> None:
    match = [{"headerName": "X", "headerValue": {"exact": "y", "regex": ""}}]
    steps = [
        {"setCanaryScale": {"weight": 50}},
        {"setHeaderRoute": {"name": "hdr", "match": match}},
        {"setMirrorRoute": {"name": "mir", "match": [{"method": {"exact": "GET"}}], "percentage": 35}},
        {"pause": {"duration": 5}},
        {"setMirrorRoute": {"name": "mir"}},
        {"setHeaderRoute": {"name": "hdr"}},
        {"pause": {}},
    ]
    routing = {"istio": {"virtualServices": [{"name": "vs"}]}, "managedRoutes": [{"name": "mir"}, {"name": "hdr"}]}
    canary = {"canaryService": "canary", "stableService": "stable", "steps": steps, "trafficRouting": routing}
    weighted = virtual_service(
        {"destination": {"host": "stable.ns.svc", "port": {"number": 8}}, "weight": 100}, {"destination": {"host": "canary"}, "weight": 0}
    )
    made = world(rollout({"canary": canary}), *service("canary", "stable"), weighted)
    image(made, "v2", 4.0)
    http = made.store.get(VirtualService, "vs").spec["http"]
    assert [route.get("name") for route in http] == ["mir", "hdr", None]  # in the order of managedRoutes
    assert http[1]["match"] == [{"headers": {"X": {"exact": "y"}}}]
    assert http[1]["route"] == [{"destination": {"host": "canary", "port": {"number": 8}}, "weight": 100}]
    assert http[0]["mirror"]["host"] == "canary"
    assert http[0]["mirrorPercentage"] == {"value": 35.0}
    assert [d.get("weight") for d in http[0]["route"]] == [100, None]
    made.advance(made.now_s + 6.0)
    assert [route.get("name") for route in made.store.get(VirtualService, "vs").spec["http"]] == [None]


def test_a_missing_destination_rule_fails_the_pass() -> None:
    canary = {"canaryService": "canary", "stableService": "stable", "steps": [{"setWeight": 50}], "trafficRouting": SUBSETS}
    made = world(rollout({"canary": canary}), *service("canary", "stable", "app"), BY_SUBSET)
    passes = made.controller.passes
    image(made, "v2", 10.0)
    assert made.controller.passes - passes > 3  # retried with back-off
    assert made.rollout.status.weights is None


@pytest.mark.parametrize(
    ("routing", "extra", "words"),
    [
        ({"istio": {"virtualService": {"name": "none"}}}, [], 'virtualservices.networking.istio.io "none" not found'),
        ({"istio": {"virtualService": {"name": "vs", "routes": ["absent"]}}}, [BY_SUBSET], "HTTP Route 'absent' is not found"),
    ],
)
def test_a_virtual_service_that_does_not_fit_is_an_invalid_spec(routing: dict[str, Any], extra: list[Any], words: str) -> None:
    canary = {"canaryService": "canary", "stableService": "stable", "steps": [{"setWeight": 50}], "trafficRouting": routing}
    made = world(rollout({"canary": canary}), *service("canary", "stable", "app"), *extra)
    image(made, "v2", 10.0)
    assert made.rollout.status.phase == "Degraded"
    assert words in made.rollout.status.message


def test_ping_pong_services_take_turns() -> None:
    routing = {"istio": {"virtualService": {"name": "vs"}}}
    canary = {"pingPong": {"pingService": "ping", "pongService": "pong"}, "steps": [], "trafficRouting": routing}
    vs = virtual_service({"destination": {"host": "ping"}, "weight": 100}, {"destination": {"host": "pong"}, "weight": 0})
    made = world(rollout({"canary": canary}), *service("ping", "pong"), vs)
    assert made.rollout.status.stable_ping_pong == "ping"
    image(made, "v2", 6.0)
    assert made.rollout.status.stable_ping_pong == "pong"
    assert made.store.get(Service, "pong").pod_hash == made.rollout.status.stable_rs


# --- one write, as a function ----------------------------------------------------------------------------------------------------------


def router(*routes: dict[str, Any], managed: tuple[str, ...] = (), **istio: Any) -> tuple[Istio, Context]:
    """The router of one pass over a VirtualService with these HTTP routes."""
    service = VirtualService(Meta("vs"), {"http": list(routes)})
    rule = DestinationRule(Meta("dr"), RULE["spec"])
    strategy = Strategy(CanaryStrategy(canary_service="canary", stable_service="stable"))
    routes_ = {(VirtualService, "vs"): service, (DestinationRule, "dr"): rule}
    ctx = Context(Observed(Rollout(Meta("app"), RolloutSpec(strategy=strategy)), routes=routes_), Now(0.0))
    return Istio(ctx, IstioRouting(virtual_service=VirtualServiceReference("vs"), **istio), managed), ctx


def written(ctx: Context) -> list[dict[str, Any]]:
    """The HTTP routes as the pass leaves them."""
    return list(ctx.routes[VirtualService, "vs"].spec["http"])


STABLE, CANARY = {"destination": {"host": "stable"}, "weight": 100}, {"destination": {"host": "canary"}}


def test_istio_leaves_destinations_without_a_host_and_additional_subsets_alone() -> None:
    """`additionalSubsetNames` keep their share, which stable does not get."""
    kept = {"destination": {"host": "app", "subset": "third"}, "weight": 10}
    nameless = {"destination": {"subset": "x"}, "weight": 3}
    rule = DestinationRuleReference("dr", canary_subset_name="new", stable_subset_name="old", additional_subset_names=("third",))
    made, ctx = router({"route": [STABLE, CANARY, kept, nameless]}, destination_rule=rule)
    made.set_weight(20)
    (route,) = written(ctx)
    assert [d.get("weight") for d in route["route"]] == [70, 20, 10, 3]


def test_istio_removes_destinations_by_the_indices_of_the_old_list() -> None:
    """`removal of two experiment destinations uses the indices of the old list: ... the second one ... is appended once more with 0`."""
    two = [{"destination": {"host": name}, "weight": 10} for name in ("one", "two")]
    made, ctx = router({"route": [{**STABLE, "weight": 60}, {**CANARY, "weight": 20}, *two]})
    made.set_weight(20)
    (route,) = written(ctx)
    assert [(d["destination"]["host"], d["weight"]) for d in route["route"]] == [("stable", 80), ("canary", 20), ("two", 10), ("two", 0)]


def test_a_header_route_leads_to_the_canary_subset() -> None:
    rule = DestinationRuleReference("dr", canary_subset_name="new", stable_subset_name="old")
    made, ctx = router({"route": [STABLE, CANARY]}, managed=("hdr",), destination_rule=rule)
    made.set_header_route(SetHeaderRoute("hdr", (HeaderMatch("X", StringMatch(exact="y")),)))
    assert written(ctx)[0]["route"] == [{"destination": {"host": "app", "subset": "new"}, "weight": 100}]


def test_a_mirror_route_needs_a_route_to_copy() -> None:
    made, _ = router(managed=("mir",))
    with pytest.raises(PassFailed, match="no HTTP route of the VirtualService follows the weight"):
        made.set_mirror_route(SetMirrorRoute("mir", (RouteMatch(method=StringMatch(exact="GET")),)))
