"""ALB: actions in annotations, header routes, ping-pong, and what AWS is asked (rollout/trafficrouting/alb/alb.go of argo-rollouts 1.9.1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.manifest.objects import Ingress, IngressRule, LoadBalancer, ReplicaSet, Service
from rolloutsim.scenario import Stream
from rolloutsim.world.load_balancers import listener_rules
from rolloutsim.world.world import World
from tests.unit.control.worlds import SERVICES, do, image, measured, messages, rollout, routed, service, sizes, world

ALB = "alb.ingress.kubernetes.io"
MANAGED = "rollouts.argoproj.io/managed-alb-annotations"
ROUTING = {"alb": {"ingress": "web", "servicePort": 80}}
MATCH = [{"headerName": "X-A", "headerValue": {"exact": v}} for v in ("1", "2*")] + [{"headerName": "X-B", "headerValue": {"exact": "b&c"}}]
STEPS = [{"setCanaryScale": {"replicas": 1}}, {"setHeaderRoute": {"name": "testers", "match": MATCH}}, {"pause": {}}]


def ingress(*hosts: str, action: str = "stable", name: str = "web", **annotations: str) -> dict[str, Any]:
    backend = {"service": {"name": action, "port": {"name": "use-annotation"}}}
    paths = [{"path": "/*", "pathType": "ImplementationSpecific", "backend": backend}]
    rules = [{"host": host, "http": {"paths": paths}} for host in hosts or ("a",)]
    metadata = {"name": name, "annotations": {f"{ALB}/target-type": "ip", **annotations}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": {"ingressClassName": "alb", "rules": rules}}


def annotation(made: World, key: str, name: str = "web") -> Any:
    found = made.store.get(Ingress, name)
    assert found is not None
    return json.loads(found.meta.annotations[key]) if key in found.meta.annotations else None


def weights(made: World, action: str = "stable", name: str = "web") -> dict[str, int]:
    groups = annotation(made, f"{ALB}/actions.{action}", name)["ForwardConfig"]["TargetGroups"]
    return {group["ServiceName"]: group["Weight"] for group in groups}


def paths(made: World) -> list[tuple[str, str]]:
    found = made.store.get(Ingress, "web")
    assert found is not None
    return [(rule.host, rule.service) for rule in found.rules]


# --- weights and header routes ---------------------------------------------------------------------------------------------------------


def test_the_action_of_the_stable_service_carries_the_weights_and_users_follow_when_aws_has_them() -> None:
    made = world(routed(ROUTING), *SERVICES, ingress(), streams=(Stream(to="ingress/a", rate=100.0),))
    image(made, "v2", 60.0)
    action = annotation(made, f"{ALB}/actions.stable")
    groups = [{"ServiceName": "canary", "ServicePort": "80", "Weight": 20}, {"ServiceName": "stable", "ServicePort": "80", "Weight": 80}]
    assert action == {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    assert annotation(made, MANAGED) == {"app": [f"{ALB}/actions.stable"]}
    assert messages(made, "PatchingALBIngress") == ["Updating Ingress `web` to desiredWeight '20'"]
    assert made.rollout.status.weights is not None
    assert made.rollout.status.weights.verified is None
    assert 15.0 < measured(made) < 25.0
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 5.0)
    assert weights(made) == {"canary": 0, "stable": 100}


def test_root_service_prefix_and_stickiness() -> None:
    sticky = {"enabled": True, "durationSeconds": 60}
    routing = {"alb": {"ingress": "web", "servicePort": 8080, "rootService": "root", "annotationPrefix": "x.io", "stickinessConfig": sticky}}
    made = world(routed(routing), *SERVICES, *service("root"), ingress(action="root"))
    action = annotation(made, "x.io/actions.root")
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 60}
    assert action["ForwardConfig"]["TargetGroups"][0] == {"ServiceName": "canary", "ServicePort": "8080", "Weight": 0}


def test_stickiness_longer_than_a_week_fails_the_pass() -> None:
    sticky = {"enabled": True, "durationSeconds": 700_000}
    made = world(routed({"alb": {**ROUTING["alb"], "stickinessConfig": sticky}}), *SERVICES, ingress(), healthy=False)
    made.advance(5.0)
    assert set(messages(made, "TrafficRoutingError")) == {"TargetGroupStickinessConfig's duration must be between 1 and 604800 seconds (7 days)!"}


def test_the_first_ingress_that_needs_no_change_ends_the_call() -> None:
    routing = {"alb": {"ingresses": ["web", "other"], "servicePort": 80}}
    made = world(routed(routing), *SERVICES, ingress(), ingress("b", name="other"))
    image(made, "v2", 5.0)
    assert weights(made) == weights(made, name="other") == {"canary": 20, "stable": 80}
    found = made.store.get(Ingress, "other")
    assert found is not None
    made.store.update(Ingress, "other", {"meta": found.meta.__class__("other", annotations={})})
    made.advance(made.now_s + 60.0)
    assert annotation(made, f"{ALB}/actions.stable", "other") is None  # web needs no change, so that other is never looked at


def test_a_header_route_is_a_path_before_the_others_of_each_host() -> None:
    made = world(routed({**ROUTING, "managedRoutes": [{"name": "testers"}]}, STEPS), *SERVICES, ingress("a", "b"))
    assert annotation(made, MANAGED) == {"app": [f"{ALB}/actions.stable"]}
    image(made, "v2", 10.0)
    assert paths(made) == [("a", "testers"), ("a", "stable"), ("b", "testers"), ("b", "stable")]
    assert weights(made, "testers") == {"canary": 100}
    assert annotation(made, f"{ALB}/conditions.testers") == [
        {"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "X-A", "values": ["1", "2*"]}},
        {"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "X-B", "values": ["b&c"]}},
    ]
    found = made.store.get(Ingress, "web")
    assert found is not None
    assert "b\\u0026c" in found.meta.annotations[f"{ALB}/conditions.testers"]  # as Go writes it
    assert annotation(made, MANAGED) == {"app": [f"{ALB}/{kind}" for kind in ("actions.stable", "actions.testers", "conditions.testers")]}
    (told,) = messages(made, "PatchingALBIngress")
    assert told.startswith("Updating Ingress `web` to headerRoute '&{%!d(string=testers) [{%!d(string=X-A)")
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 2.0)
    assert paths(made) == [("a", "stable"), ("b", "stable")]
    assert annotation(made, f"{ALB}/conditions.testers") is None
    assert annotation(made, MANAGED) == {"app": [f"{ALB}/actions.stable"]}
    assert messages(made, "PatchingALBIngress")[-1] == "Updating Ingress `web` removing managed routes"


@pytest.mark.parametrize(
    ("headers", "canary"),
    [({"x-a": "1", "x-b": "B&C"}, True), ({"x-a": "22", "x-b": "b&c"}, True), ({"x-a": "1"}, False), ({"x-a": "3", "x-b": "b&c"}, False)],
)
def test_different_headers_must_all_fit_and_one_value_of_each(headers: dict[str, str], canary: bool) -> None:
    streams = (Stream(to="ingress/a", rate=10.0, headers=headers),)
    made = world(routed({**ROUTING, "managedRoutes": [{"name": "testers"}]}, STEPS), *SERVICES, ingress(), streams=streams)
    image(made, "v2", 60.0)
    status, route = made.rollout.status, made.record.routings[-1].route
    assert {endpoint.pod_hash for endpoint in route.endpoints} == {status.current_pod_hash if canary else status.stable_rs}
    assert route.rule == ("testers" if canary else "stable")


def test_managed_routes_stand_in_their_order_and_steps_take_them_away() -> None:
    def header(name: str, **more: Any) -> dict[str, Any]:
        return {"setHeaderRoute": {"name": name, **more}}

    match = {"match": [{"headerName": "X", "headerValue": {"exact": "1"}}]}
    again = {"match": [{"headerName": "Y", "headerValue": {"exact": "2"}}]}
    steps = [
        STEPS[0],
        header("second", **match),
        header("first", **match),
        header("second", **again),
        {"pause": {"duration": 5}},
        header("first"),
        header("none"),
        {"pause": {}},
    ]
    managed = [{"name": "first"}, {"name": "second"}, {"name": "none"}]
    made = world(routed({**ROUTING, "managedRoutes": managed}, steps), *SERVICES, ingress())
    image(made, "v2", 4.0)
    assert [action for _, action in paths(made)] == ["first", "second", "stable"]
    assert annotation(made, f"{ALB}/conditions.second")[0]["httpHeaderConfig"] == {"httpHeaderName": "Y", "values": ["2"]}
    made.advance(made.now_s + 8.0)
    assert [action for _, action in paths(made)] == ["second", "stable"]
    assert made.rollout.status.current_step_index == 7


def test_an_unreadable_list_of_managed_annotations_fails_the_pass() -> None:
    made = world(routed(ROUTING), *SERVICES, ingress(**{MANAGED: "[1]"}), healthy=False)
    made.advance(5.0)
    assert f"annotation {MANAGED} cannot be read" in messages(made, "TrafficRoutingError")[0]


def test_an_ingress_without_the_action_is_an_invalid_spec() -> None:
    made = world(routed(ROUTING), *SERVICES, ingress(action="elsewhere"), healthy=False)
    made.advance(5.0)
    assert "ingress `web` has no rules using service stable backend" in made.rollout.status.message


# --- ping-pong -------------------------------------------------------------------------------------------------------------------------


def test_ping_and_pong_take_turns_behind_the_root_service() -> None:
    routing = {"alb": {"ingress": "web", "servicePort": 80, "rootService": "root"}}
    canary = {"pingPong": {"pingService": "ping", "pongService": "pong"}, "steps": [{"setWeight": 20}, {"pause": {}}], "trafficRouting": routing}
    made = world(rollout({"canary": canary}), *service("root", "ping", "pong"), ingress(action="root"))
    assert weights(made, "root") == {"pong": 0, "ping": 100}
    image(made, "v2", 0.1)
    assert made.store.get(Service, "pong").pod_hash == made.rollout.status.current_pod_hash  # at once, with no pod behind it
    made.advance(10.0)
    assert weights(made, "root") == {"pong": 20, "ping": 80}
    do(made, commands.promote(made.rollout))
    made.advance(30.0)
    assert made.rollout.status.stable_ping_pong == "pong"
    assert weights(made, "root") == {"ping": 0, "pong": 100}  # no selector moved, so that no target has to be registered anew
    assert made.store.get(Service, "ping").pod_hash != made.rollout.status.stable_rs
    assert "Switched selector for service 'ping'" not in " ".join(messages(made, "SwitchService")[-1:])


# --- verification (flag --aws-verify-target-group) -------------------------------------------------------------------------------------

VERIFIES = {"aws_verify_target_group": True, "ingress": 4.0}


def test_a_step_waits_for_the_weight_at_aws_and_looks_again_after_ten_seconds() -> None:
    made = world(routed(ROUTING), *SERVICES, ingress(), **VERIFIES)
    image(made, "v2", 8.0)
    status = made.rollout.status
    assert status.weights is not None
    assert (status.current_step_index, status.weights.canary.weight, status.weights.verified) == (0, 20, False)
    made.advance(made.now_s + 10.0)
    assert made.rollout.status.current_step_index == 1
    assert made.rollout.status.weights.verified is not False
    arn = made.store.get(LoadBalancer, "web").target_group_arn("canary")
    assert messages(made, "TargetGroupVerified")[-1] == f"Service canary (TargetGroup {arn}) verified: canary weight 20 set"
    unverified = f"Service canary (TargetGroup {arn}) not verified: canary weight 20 not yet set (current: 0)"
    assert set(messages(made, "TargetGroupUnverified")) == {unverified}
    assert [alb.ingress for alb in made.rollout.status.albs or ()] == ["web"]
    completed = [h.t_s for h in made.record.events if "step 1/2 completed" in h.event.message]
    weighed = [h.t_s for h in made.record.events if h.event.message == "Traffic weight updated from 0 to 20"]
    assert 10.0 < completed[0] - weighed[0] < 10.1


def test_at_the_end_nothing_is_promoted_before_the_weight_is_in_force_and_old_pods_wait_for_the_targets() -> None:
    made = world(routed(ROUTING, [{"setWeight": 50}]), *SERVICES, ingress(), **VERIFIES)
    image(made, "v2", 60.0)
    stable = [(c.t_s, c.object.status.stable_rs) for c in made.record.history("Rollout", "app")]
    promoted = [t_s for t_s, pod_hash in stable if pod_hash == stable[-1][1]]
    full = [c.t_s for c in made.record.history("LoadBalancer", "web") if c.object.weight("canary") == 100]
    assert full[0] < promoted[0]
    assert made.rollout.status.phase == "Healthy"
    assert any(m.endswith("not verified: 0/4 endpoints registered") for m in messages(made, "TargetGroupUnverified"))
    deadlines = [c.t_s for c in made.record.history("ReplicaSet") if isinstance(c.object, ReplicaSet) and c.object.scale_down_deadline_s]
    targets = [c.t_s for c in made.record.history("LoadBalancer", "web") if len({e.pod_hash for e in c.object.targets["stable"]}) == 1]
    assert deadlines[0] > targets[-1]
    made.advance(made.now_s + 40.0)
    assert sizes(made) == {"v1": 0, "v2": 4}


def test_groups_of_nodes_need_no_registration() -> None:
    made = world(routed(ROUTING, [{"setWeight": 50}]), *SERVICES, ingress(**{f"{ALB}/target-type": "instance"}), **VERIFIES)
    image(made, "v2", 60.0)
    assert not any("endpoints registered" in m for m in messages(made, "TargetGroupVerified") + messages(made, "TargetGroupUnverified"))
    assert made.rollout.status.phase == "Healthy"


def test_an_experiments_groups_are_verified_too() -> None:
    trial = {"name": "trial", "specRef": "canary", "weight": 10}
    manifest = routed(ROUTING, [{"setWeight": 20}, {"experiment": {"duration": "10s", "templates": [trial]}}, {"pause": {}}])
    manifest["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 8081}]
    made = world(manifest, *SERVICES, ingress(), **VERIFIES)
    image(made, "v2", 18.0)
    assert sorted(weights(made).values()) == [10, 20, 70]
    assert made.rollout.status.weights is not None
    assert made.rollout.status.weights.verified is None  # an experiment step does not look


def test_without_a_load_balancer_nothing_is_verified() -> None:
    made = world(routed(ROUTING), *SERVICES, ingress(), healthy=False, aws_verify_target_group=True, ingress=300.0)
    made.advance(20.0)
    verified = [c.object.status.weights.verified for c in made.record.history("Rollout", "app") if c.object.status.weights is not None]
    assert verified[:1] == [False]  # looked once, to learn of the load balancers
    assert verified[-1] is None
    assert [alb.load_balancer for alb in made.rollout.status.albs or ()] == [""]


def test_a_group_that_no_rule_of_the_load_balancer_names_is_not_verified() -> None:
    only_stable = json.dumps({"type": "forward", "forwardConfig": {"targetGroups": [{"serviceName": "stable", "servicePort": "80"}]}})
    made = world(routed(ROUTING), *SERVICES, ingress(**{f"{ALB}/actions.stable": only_stable}), healthy=False, **VERIFIES)
    made.advance(4.5)
    assert made.store.get(LoadBalancer, "web").weight("canary") is None
    image(made, "v2", 0.3)
    assert made.rollout.status.weights is not None
    assert made.rollout.status.weights.verified is False
    assert [alb.canary_target_group for alb in made.rollout.status.albs or ()] == [""]


def test_the_flag_is_off_unless_the_scenario_sets_it() -> None:
    made = world(routed(ROUTING), *SERVICES, ingress(), ingress=60.0)
    image(made, "v2", 5.0)
    assert made.rollout.status.current_step_index == 1
    assert made.rollout.status.albs is None


# --- the listener at AWS ---------------------------------------------------------------------------------------------------------------


def made_ingress(*rules: IngressRule, **annotations: str) -> Ingress:
    from rolloutsim.manifest.objects import Meta

    return Ingress(Meta("web", annotations={f"{ALB}/{key}": value for key, value in annotations.items()}), "alb", rules)


def test_exact_paths_come_before_prefixes_and_those_before_header_routes() -> None:
    """sortIngressPaths: so a header route, whose path is ImplementationSpecific, is never met behind a prefix /."""
    rules = (
        IngressRule("a", "/*", "testers", 80, "ImplementationSpecific"),
        IngressRule("a", "/", "web", 80, "Prefix"),
        IngressRule("a", "/docs", "docs", 80, "Prefix"),
        IngressRule("a", "/ping", "ping", 80, "Exact"),
        IngressRule("b", "/*", "other", 80, ""),
    )
    found = listener_rules(made_ingress(*rules))
    assert [(rule.host, rule.action) for rule in found] == [("a", "ping"), ("a", "docs"), ("a", "web"), ("a", "testers"), ("b", "other")]
    assert found[1].paths == ("/docs", "/docs/*")
    assert found[2].paths == ("/*",)
    assert found[0].weights == (("ping", 1),)


def test_an_action_that_cannot_be_read_leaves_the_listener_as_it_is() -> None:
    rule = IngressRule("a", "/*", "web", "use-annotation", "")
    action = {"type": "forward", "forwardConfig": {"targetGroups": [{"serviceName": "x", "servicePort": "80"}]}}
    before = listener_rules(made_ingress(rule, **{"actions.web": json.dumps(action)}))
    assert before[0].weights == (("x", 1),)
    for text in ("{", '{"Type": "redirect"}', "[]"):
        assert listener_rules(made_ingress(rule, **{"actions.web": text}), before) == before
    assert listener_rules(made_ingress(rule), before) == before
