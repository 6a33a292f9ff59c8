"""APISIX: what is written to ApisixRoutes, and how requests follow (rollout/trafficrouting/apisix/apisix.go of argo-rollouts 1.9.1)."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.manifest.objects import ApisixRoute
from rolloutsim.scenario import Stream
from tests.unit.control.worlds import SERVICES, do, image, measured, messages, routed, specs, world

RULE: dict[str, Any] = {
    "name": "web",
    "priority": 3,
    "match": {"hosts": ["a"], "paths": ["/*"]},
    "backends": [{"serviceName": "stable", "servicePort": 80}, {"serviceName": "canary", "servicePort": 80}],
}
OTHER: dict[str, Any] = {"name": "docs", "match": {"hosts": ["a"], "paths": ["/docs"]}, "backends": [{"serviceName": "stable", "servicePort": 80}]}
APISIX = {"apisix": {"route": {"name": "web"}}, "managedRoutes": [{"name": "testers"}]}
MATCH = [{"headerName": "X-A", "headerValue": {"exact": "1"}}, {"headerName": "X-B", "headerValue": {"prefix": "b"}}]


def route(*rules: dict[str, Any], name: str = "web") -> dict[str, Any]:
    spec = {"http": list(rules)} if rules else {}
    return {"apiVersion": "apisix.apache.org/v2", "kind": "ApisixRoute", "metadata": {"name": name}, "spec": spec}


def test_apisix_weighs_the_rules_that_are_listed_and_users_follow() -> None:
    stream = Stream(to="ingress/a", rate=100.0)
    made = world(routed(APISIX), *SERVICES, route(OTHER, RULE), streams=(stream,))
    image(made, "v2", 60.0)
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 5.0)
    weights = [[backend.get("weight") for rule in spec["http"] for backend in rule["backends"]] for spec in specs(made, ApisixRoute)]
    assert weights == [[None, 100, 0], [None, 80, 20], [None, 100, 0]]
    assert measured(made) == pytest.approx(20.0, abs=0.5)  # a cycle


STEPS = [{"setCanaryScale": {"replicas": 1}}, {"setHeaderRoute": {"name": "testers", "match": MATCH}}, {"pause": {}}]


@pytest.mark.parametrize(("headers", "canary"), [({"x-a": "1", "x-b": "bee"}, True), ({"x-a": "1"}, False), ({"x-a": "1", "x-b": "a b"}, False)])
def test_an_apisix_header_route_is_a_second_route_of_higher_priority_that_asks_for_all_headers(headers: dict[str, str], canary: bool) -> None:
    made = world(routed(APISIX, STEPS), *SERVICES, route(RULE), streams=(Stream(to="ingress/a", rate=10.0, headers=headers),))
    image(made, "v2", 10.0)
    own = made.store.get(ApisixRoute, "testers")
    assert own is not None
    assert own.meta.owner == "app"
    (rule,) = own.spec["http"]
    assert (rule["priority"], rule["backends"]) == (4, [{"serviceName": "canary", "servicePort": 80, "weight": 100}])
    assert [(e["op"], e["value"]) for e in rule["match"]["exprs"]] == [("Equal", "1"), ("RegexMatch", "^b.*")]
    status = made.rollout.status
    assert {e.pod_hash for e in made.record.routings[-1].route.endpoints} == {status.current_pod_hash if canary else status.stable_rs}
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 2.0)
    assert made.store.get(ApisixRoute, "testers") is None


def test_an_apisix_header_route_is_changed_and_removed_by_steps() -> None:
    again = {"name": "testers", "match": [{"headerName": "X-C", "headerValue": {"regex": "c+"}}]}
    steps = [*STEPS[:2], {"setHeaderRoute": again}, {"pause": {"duration": 5}}, {"setHeaderRoute": {"name": "testers"}}, {"pause": {}}]
    made = world(routed(APISIX, steps), *SERVICES, route(RULE))
    image(made, "v2", 5.0)
    found = made.store.get(ApisixRoute, "testers")
    assert found is not None
    (rule,) = found.spec["http"]
    assert rule["priority"] == 4
    assert rule["match"]["exprs"] == [{"subject": {"scope": "Header", "name": "X-C"}, "op": "RegexMatch", "value": "c+"}]
    made.advance(made.now_s + 10.0)
    assert made.store.get(ApisixRoute, "testers") is None
    assert made.rollout.status.current_step_index == 5


def test_removing_an_apisix_header_route_that_is_not_there_is_no_error() -> None:
    made = world(
        routed(APISIX, [{"setCanaryScale": {"replicas": 1}}, {"setHeaderRoute": {"name": "testers"}}, {"pause": {}}]), *SERVICES, route(RULE)
    )
    image(made, "v2", 5.0)
    assert made.rollout.status.phase == "Paused"


def test_a_foreign_apisix_route_of_the_name_stops_the_rollout() -> None:
    made = world(routed(APISIX, STEPS), *SERVICES, route(RULE), route(RULE, name="testers"))
    image(made, "v2", 10.0)
    assert made.rollout.status.current_step_index == 1
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 2.0)
    assert made.store.get(ApisixRoute, "testers") is not None


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ([], 'apisixroutes.apisix.apache.org "web" not found'),
        ([route()], "spec.http was not found in Apisix Route manifest"),
        ([route(OTHER)], "Apisix http route rule web not found"),
        ([route({"name": "web"})], "Apisix http route backends not found"),
        ([route({**RULE, "backends": RULE["backends"][:1]})], "apisix route canary backend was not found"),
        ([route({**RULE, "backends": RULE["backends"][1:]})], "apisix route stable backend was not found"),
    ],
)
def test_apisix_fails_the_pass_without_what_it_writes_to(objects: list[dict[str, Any]], words: str) -> None:
    made = world(routed(APISIX), *SERVICES, *objects, healthy=False)
    made.advance(5.0)
    assert set(messages(made, "TrafficRoutingError")) == {words}
