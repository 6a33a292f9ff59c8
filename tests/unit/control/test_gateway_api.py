"""The Gateway API plugin: what is written to HTTPRoutes, and how requests follow (rollouts-plugin-trafficrouter-gatewayapi 0.15)."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.manifest.objects import HTTPRoute
from rolloutsim.scenario import Stream
from rolloutsim.world.world import World
from tests.unit.control.worlds import SERVICES, do, image, measured, messages, routed, specs, with_port, world

LABEL = "rollouts.argoproj.io/gatewayapi-canary"
BOTH = [{"name": "stable", "port": 80}, {"name": "canary", "port": 80}]
PREVIEW = {"matches": [{"path": {"type": "Exact", "value": "/preview"}}], "backendRefs": [{"name": "canary", "port": 80}]}
HEADER = {"name": "testers", "match": [{"headerName": "X-A", "headerValue": {"exact": "1"}}, {"headerName": "X-B", "headerValue": {"prefix": "b"}}]}
STEPS = [{"setCanaryScale": {"replicas": 1}}, {"setHeaderRoute": HEADER}, {"pause": {}}]


def plugin(**config: Any) -> dict[str, Any]:
    return {"plugins": {"argoproj-labs/gatewayAPI": config or {"httpRoute": "web"}}, "managedRoutes": [{"name": "testers"}]}


def route(*rules: dict[str, Any]) -> dict[str, Any]:
    spec = {"hostnames": ["a"], "rules": list(rules or ({"backendRefs": BOTH},))}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "web", "labels": {"x": "y"}}, "spec": spec}


def test_the_plugin_weighs_both_backends_of_every_rule_and_labels_the_route_meanwhile() -> None:
    docs = {"matches": [{"path": {"value": "/docs"}}], "backendRefs": [*BOTH, {"name": "other", "port": 80, "weight": 7}]}
    made = world(routed(plugin()), *SERVICES, route({"backendRefs": BOTH}, docs), streams=(Stream(to="ingress/a", rate=100.0),))
    image(made, "v2", 60.0)
    assert made.rollout.status.weights is not None
    assert made.rollout.status.weights.verified is True
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 5.0)
    weights = [[ref.get("weight") for rule in spec["rules"] for ref in rule["backendRefs"]] for spec in specs(made, HTTPRoute)]
    assert weights == [[100, 0, 100, 0, 7], [80, 20, 80, 20, 7], [100, 0, 100, 0, 7]]
    labels = [change.object.meta.labels for change in made.record.history("HTTPRoute", "web")]
    assert labels == [{"x": "y"}, {"x": "y", LABEL: "in-progress"}, {"x": "y"}]
    assert 15.0 < measured(made) < 25.0


def test_the_label_can_be_renamed_and_left_out() -> None:
    for config, wanted in (
        ({"httpRoute": "web", "inProgressLabelKey": "busy", "inProgressLabelValue": "yes"}, {"x": "y", "busy": "yes"}),
        ({"httpRoutes": [{"name": "web"}], "disableInProgressLabel": True}, {"x": "y"}),
    ):
        made = world(routed(plugin(**config)), *SERVICES, route())
        image(made, "v2", 5.0)
        found = made.store.get(HTTPRoute, "web")
        assert found is not None
        assert found.meta.labels == wanted
        assert [ref["weight"] for ref in found.spec["rules"][0]["backendRefs"]] == [80, 20]


def test_stable_gets_100_less_the_weight_whatever_the_maximum_is_and_never_less_than_0() -> None:
    steps = [{"setWeight": 50}, {"pause": {"duration": 5}}, {"setWeight": 200}, {"pause": {}}]
    made = world(routed({**plugin(), "maxTrafficWeight": 1000}, steps), *SERVICES, route())
    image(made, "v2", 15.0)
    assert [ref["weight"] for ref in specs(made, HTTPRoute)[-1]["rules"][0]["backendRefs"]] == [50, 50]
    field = "spec.rules[0].backendRefs[0].weight"
    refused = (
        f'HTTPRoute.gateway.networking.k8s.io "web" is invalid: {field}: Invalid value: -100: {field} in body should be greater than or equal to 0'
    )
    assert messages(made, "TrafficRoutingError")[-1] == f"failed to set weight via plugin: {refused}"
    assert made.rollout.status.current_step_index == 2


@pytest.mark.parametrize(("headers", "canary"), [({"x-a": "1", "x-b": "bee"}, True), ({"x-a": "1"}, False), ({"x-a": "1", "x-b": "a b"}, False)])
def test_a_header_rule_is_added_for_each_rule_with_both_services_and_asks_for_all_headers(headers: dict[str, str], canary: bool) -> None:
    own = {"matches": [{"path": {"value": "/x"}, "headers": [{"name": "Y", "value": "z"}]}], "filters": [{"type": "URLRewrite"}], "backendRefs": BOTH}
    streams = (Stream(to="ingress/a", rate=10.0, headers=headers),)
    made = world(routed(plugin(), STEPS), *SERVICES, route({"backendRefs": BOTH}, own), streams=streams)
    image(made, "v2", 10.0)
    *_, first, second = specs(made, HTTPRoute)[-1]["rules"]
    assert (first["name"], second["name"]) == ("testers", "testers-1")
    asked = [{"name": "X-A", "type": "Exact", "value": "1"}, {"name": "X-B", "type": "RegularExpression", "value": "b.*"}]
    assert first["matches"] == [{"headers": asked}]
    assert second["matches"] == [{"path": {"value": "/x"}, "headers": [{"name": "Y", "value": "z"}, *asked]}]
    assert second["filters"] == [{"type": "URLRewrite"}]
    assert first["backendRefs"] == [{"group": "", "kind": "Service", "name": "canary", "port": 80}]
    status, route_now = made.rollout.status, made.record.routings[-1].route
    assert {e.pod_hash for e in route_now.endpoints} == {status.current_pod_hash if canary else status.stable_rs}
    assert route_now.rule == ("testers" if canary else "")
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 2.0)
    assert len(specs(made, HTTPRoute)[-1]["rules"]) == 2


def test_header_rules_are_replaced_and_removed_by_steps() -> None:
    again = {"name": "testers", "match": [{"headerName": "X-A", "headerValue": {"regex": "c+"}}]}
    steps = [*STEPS[:2], {"setHeaderRoute": again}, {"pause": {"duration": 5}}, {"setHeaderRoute": {"name": "testers"}}, {"pause": {}}]
    made = world(routed(plugin(), steps), *SERVICES, route())
    image(made, "v2", 5.0)
    _, rule = specs(made, HTTPRoute)[-1]["rules"]
    assert rule["matches"] == [{"headers": [{"name": "X-A", "type": "RegularExpression", "value": "c+"}]}]
    made.advance(made.now_s + 10.0)
    assert len(specs(made, HTTPRoute)[-1]["rules"]) == 1


def test_a_rule_to_the_canary_alone_is_taken_for_the_plugins_own() -> None:
    """isHTTPManagedRule: so a preview rule is not weighted, and is gone with the first removal of managed routes."""
    made = world(routed(plugin()), *SERVICES, route({"backendRefs": BOTH}, PREVIEW), healthy=False)
    assert len(specs(made, HTTPRoute)[0]["rules"]) == 2
    made.advance(10.0)
    assert len(specs(made, HTTPRoute)[-1]["rules"]) == 1


def test_routes_without_use_of_header_routes_get_no_header_rules() -> None:
    made = world(routed(plugin(httpRoutes=[{"name": "web"}]), STEPS), *SERVICES, route())
    image(made, "v2", 5.0)
    assert len(specs(made, HTTPRoute)[-1]["rules"]) == 1
    assert made.rollout.status.phase == "Paused"


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ([], 'failed to remove managed routes via plugin: httproutes.gateway.networking.k8s.io "web" not found'),
        ([route({"backendRefs": BOTH[:1]})], "failed to set weight via plugin: backendRef was not found in httpRoute"),
    ],
)
def test_the_plugin_fails_the_pass_without_what_it_writes_to(objects: list[dict[str, Any]], words: str) -> None:
    made = world(routed(plugin()), *SERVICES, *objects, healthy=False)
    made.advance(5.0)
    told = messages(made, "TrafficRoutingError")
    assert set(told) == ({words} if "set weight" in words else set())
    assert made.rollout.status.weights is None
    assert made.controller.passes > 5  # retried with back-off


def test_a_header_rule_needs_a_rule_with_both_services() -> None:
    apart = [{"matches": [{"path": {"value": "/x"}}], "backendRefs": [*BOTH[:1], {"name": "z"}]}, {"backendRefs": [*BOTH[1:], {"name": "z"}]}]
    made = world(routed(plugin(), STEPS), *SERVICES, route(*apart))
    image(made, "v2", 10.0)
    assert made.rollout.status.current_step_index == 1


TRIAL = [{"setWeight": 20}, {"experiment": {"duration": "10s", "templates": [{"name": "trial", "specRef": "canary", "weight": 10}]}}, {"pause": {}}]


def backend_weights(made: World) -> list[list[int | None]]:
    return [[ref.get("weight") for ref in spec["rules"][0]["backendRefs"]] for spec in specs(made, HTTPRoute)]


def test_an_experiments_service_takes_its_weight_from_stable_alone_and_stays_in_the_route_when_it_ends_well() -> None:
    """HandleExperiment: stable gets 100 less the experiment's weights, whatever the canary has.

    The pass that sees the Experiment Successful has no destination for it any more, but still counts it as current: nothing is removed, and the
    next pass no longer knows from the status that the Service was the plugin's.
    """
    made = world(with_port(routed(plugin(), TRIAL)), *SERVICES, route())
    image(made, "v2", 40.0)
    assert backend_weights(made) == [[100, 0], [80, 20], [90, 20, 10], [80, 20, 10]]
    added = specs(made, HTTPRoute)[-1]["rules"][0]["backendRefs"][2]
    assert (added["namespace"], added["port"]) == ("default", 8081)


def test_without_a_container_port_there_is_no_service_to_add() -> None:
    made = world(routed(plugin(), TRIAL), *SERVICES, route())
    image(made, "v2", 40.0)
    assert backend_weights(made) == [[100, 0], [80, 20], [90, 20], [80, 20]]


def test_an_experiment_that_a_new_image_ends_leaves_the_route() -> None:
    made = world(with_port(routed(plugin(), TRIAL)), *SERVICES, route())
    image(made, "v2", 6.0)
    image(made, "v3", 3.0)
    assert backend_weights(made)[2:5] == [[90, 20, 10], [100, 0], [80, 20]]
