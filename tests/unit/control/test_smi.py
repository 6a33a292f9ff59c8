"""Service Mesh Interface: the TrafficSplit that the Rollout owns (rollout/trafficrouting/smi/smi.go of argo-rollouts 1.9.1)."""

from __future__ import annotations

from rolloutsim.manifest.objects import Service
from rolloutsim.manifest.router_objects import TrafficSplit
from rolloutsim.scenario import Stream
from tests.unit.control.worlds import SERVICES, image, measured, messages, routed, service, specs, with_port, world


def test_smi_splits_the_root_service_and_users_in_the_mesh_follow() -> None:
    streams = (Stream(to="service/root", rate=100.0),)
    made = world(routed({"smi": {"rootService": "root", "trafficSplitName": "split"}}), *SERVICES, *service("root"), streams=streams)
    image(made, "v2", 60.0)
    assert [spec["service"] for spec in specs(made, TrafficSplit, "split")] == ["root", "root"]
    assert specs(made, TrafficSplit, "split")[-1]["backends"] == [{"service": "canary", "weight": 20}, {"service": "stable", "weight": 80}]
    assert messages(made, "TrafficSplitCreated") == []  # before t = 0
    assert 15.0 < measured(made) < 25.0


def test_smi_takes_the_name_of_the_rollout_and_the_stable_service_where_none_is_given() -> None:
    made = world(routed({"smi": {}}), *SERVICES, healthy=False)
    made.advance(5.0)
    assert [(spec["service"], [backend["weight"] for backend in spec["backends"]]) for spec in specs(made, TrafficSplit, "app")] == [
        ("stable", [0, 100])
    ]
    assert messages(made, "TrafficSplitCreated") == ["TrafficSplit `app` created"]


def test_a_foreign_traffic_split_fails_the_pass() -> None:
    split = {"apiVersion": "split.smi-spec.io/v1alpha1", "kind": "TrafficSplit", "metadata": {"name": "app"}, "spec": {"service": "stable"}}
    made = world(routed({"smi": {}}), *SERVICES, split, healthy=False)
    made.advance(5.0)
    assert set(messages(made, "TrafficRoutingError")) == {"Rollout does not own TrafficSplit `app`"}


def test_a_backend_without_pods_is_left_out_of_the_draw() -> None:
    made = world(routed({"smi": {}}), *SERVICES, streams=(Stream(to="service/stable", rate=10.0),))
    image(made, "v2", 10.0)
    hashes = {made.rollout.status.current_pod_hash, made.rollout.status.stable_rs}
    assert {endpoint.pod_hash for endpoint in made.record.routings[-1].route.endpoints} == hashes
    made.store.update(Service, "canary", {"selector": {"app": "nobody"}})
    made.advance(made.now_s + 0.5)
    gone = next(r for r in made.record.routings if r.t_s > made.now_s - 0.5)
    assert {endpoint.pod_hash for endpoint in gone.route.endpoints} == {made.rollout.status.stable_rs}
    assert sum(gone.route.weights) == 1.0


def test_an_experiments_services_are_backends_while_it_runs() -> None:
    steps = [
        {"setWeight": 20},
        {"experiment": {"duration": "10s", "templates": [{"name": "trial", "specRef": "canary", "weight": 10}]}},
        {"pause": {}},
    ]
    made = world(with_port(routed({"smi": {}}, steps)), *SERVICES)
    image(made, "v2", 40.0)
    assert specs(made, TrafficSplit, "app")[2]["backends"][1]["service"].startswith("app-")
    assert [[backend["weight"] for backend in spec["backends"]] for spec in specs(made, TrafficSplit, "app")] == [
        [0, 100],
        [20, 80],
        [20, 10, 70],
        [20, 80],
    ]
