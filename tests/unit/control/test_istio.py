"""The Istio router where no recording plays it: subsets, header and mirror routes, missing objects, ping-pong."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.manifest.objects import DestinationRule, ReplicaSet, Service, VirtualService
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
