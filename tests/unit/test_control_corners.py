"""Rules of the controller that no recording in tests/parity plays: Istio subsets, ping-pong, thresholds, rollback window, odd specs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from rolloutsim.control import commands
from rolloutsim.errors import Refused
from rolloutsim.manifest.bundle import bundle
from rolloutsim.manifest.documents import parse
from rolloutsim.manifest.merge_patch import patched_spec
from rolloutsim.manifest.objects import (
    AnalysisRun,
    DestinationRule,
    EndpointSlice,
    Experiment,
    Ingress,
    Pod,
    ReplicaSet,
    Rollout,
    Service,
    VirtualService,
)
from rolloutsim.record import Header
from rolloutsim.scenario import Cluster, Pods, Version
from rolloutsim.scenario.metrics import MetricSource
from rolloutsim.world.world import Setup, World


def service(*names: str) -> list[dict[str, Any]]:
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": n}, "spec": {"selector": {"app": "app"}, "ports": [{"port": 80}]}} for n in names
    ]


def rollout(strategy: dict[str, Any], **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [{"name": "app", "image": "app:v1"}]}}
    whole = {"replicas": 4, "selector": {"matchLabels": {"app": "app"}}, "strategy": strategy, "template": template, **spec}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "app"}, "spec": whole}


INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web", "annotations": {"kubernetes.io/ingress.class": "nginx"}},
    "spec": {"rules": [{"host": "a", "http": {"paths": [{"path": "/", "backend": {"service": {"name": "stable", "port": {"number": 80}}}}]}}]},
}


def virtual_service(*destinations: dict[str, Any]) -> dict[str, Any]:
    spec = {"hosts": ["a"], "http": [{"route": list(destinations)}]}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "vs"}, "spec": spec}


def world(*objects: dict[str, Any], versions: dict[str, Version] | None = None, healthy: bool = True, metrics: dict[str, Any] | None = None) -> World:
    problems: list[Any] = []
    documents = [document for obj in objects for document in parse("test", yaml.safe_dump(obj), problems)]
    found = bundle(documents, problems, check_rules=False)
    assert not problems, problems
    assert found is not None
    setup = Setup(
        Header("s", "app", 1),
        found.rollout,
        found.services,
        routes=found.routes,
        ingresses=found.ingresses,
        templates=(*found.analysis_templates, *found.cluster_analysis_templates),
        standalone=(*found.experiments, *found.analysis_runs),
        cluster=Cluster(pods=Pods(start=1.0, stop=1.0)),
        metrics=tuple((name, MetricSource.model_validate(given)) for name, given in (metrics or {}).items()),
        versions=tuple((versions or {}).items()),
        healthy_at_start=healthy,
    )
    made = World(setup)
    made.advance(1.0)
    return made


def image(made: World, tag: str, wait_s: float = 0.0) -> None:
    do(made, commands.set_image(made.rollout, {"*": f"app:{tag}"}))
    made.advance(made.now_s + wait_s)


def do(made: World, answer: commands.Answer) -> None:
    for patch in answer.patches:
        current = made.rollout
        if patch.spec is not None:
            made.store.update(Rollout, "app", {"spec": patch.spec})
        if patch.status is not None:
            made.store.update(Rollout, "app", {"status": replace(current.status, **patch.status)})


def edit(made: World, spec: dict[str, Any], wait_s: float = 2.0) -> None:
    made.store.update(Rollout, "app", {"spec": patched_spec(made.rollout, {"spec": spec})})
    made.advance(made.now_s + wait_s)


def reasons(made: World) -> list[str]:
    return [happening.event.reason for happening in made.record.events]


def sizes(made: World) -> dict[str, int]:
    return {rs.template.images[0].rpartition(":")[2]: rs.replicas for rs in made.store.objects(ReplicaSet)}


# --- Istio ---------------------------------------------------------------------------------------------------------------------------

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
        {"destination": {"host": "stable.ns.svc"}, "weight": 100}, {"destination": {"host": "canary", "port": {"number": 8}}, "weight": 0}
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


@pytest.mark.parametrize(
    ("routing", "extra", "words"),
    [
        ({"istio": {"virtualService": {"name": "none"}}}, [], "not found"),
        ({"istio": {"virtualService": {"name": "vs", "routes": ["absent"]}}}, [BY_SUBSET], "is not found"),
        (SUBSETS, [BY_SUBSET], "not found"),
    ],
)
def test_a_missing_routing_object_fails_the_pass(routing: dict[str, Any], extra: list[Any], words: str) -> None:
    canary = {"canaryService": "canary", "stableService": "stable", "steps": [{"setWeight": 50}], "trafficRouting": routing}
    made = world(rollout({"canary": canary}), *service("canary", "stable", "app"), *extra)
    passes = made.controller.passes
    image(made, "v2", 10.0)
    assert made.controller.passes - passes > 3  # retried with back-off
    assert made.rollout.status.weights is None


def test_ping_pong_services_take_turns() -> None:
    routing = {"istio": {"virtualService": {"name": "vs"}}}
    canary = {"pingPong": {"pingService": "ping", "pongService": "pong"}, "steps": [], "trafficRouting": routing}
    vs = virtual_service({"destination": {"host": "ping"}, "weight": 100}, {"destination": {"host": "pong"}, "weight": 0})
    made = world(rollout({"canary": canary}), *service("ping", "pong"), vs)
    assert made.rollout.status.stable_ping_pong == "ping"
    image(made, "v2", 6.0)
    assert made.rollout.status.stable_ping_pong == "pong"
    assert made.store.get(Service, "pong").pod_hash == made.rollout.status.stable_rs


# --- nginx ---------------------------------------------------------------------------------------------------------------------------


def test_the_canary_ingress_is_the_stable_ones_twin() -> None:
    nginx = {
        "stableIngresses": ["web"],
        "annotationPrefix": "my.prefix",
        "additionalIngressAnnotations": {"canary-by-header": "X"},
        "canaryIngressAnnotations": {"a/b": "c"},
    }
    routing = {"nginx": nginx, "maxTrafficWeight": 1000}
    canary = {"canaryService": "canary", "stableService": "stable", "steps": [{"setWeight": 250}, {"pause": {}}], "trafficRouting": routing}
    made = world(rollout({"canary": canary}), *service("canary", "stable"), INGRESS)
    image(made, "v2", 4.0)
    found = made.store.get(Ingress, "app-web-canary")
    assert found is not None
    assert found.rules[0].service == "canary"
    assert found.meta.annotations == {
        "kubernetes.io/ingress.class": "nginx",
        "my.prefix/canary-by-header": "X",
        "a/b": "c",
        "my.prefix/canary": "true",
        "my.prefix/canary-weight": "250",
        "my.prefix/canary-weight-total": "1000",
    }


def test_a_foreign_canary_ingress_is_not_touched() -> None:
    canary = {"canaryService": "canary", "stableService": "stable", "steps": [], "trafficRouting": {"nginx": {"stableIngress": "web"}}}
    foreign = {**INGRESS, "metadata": {"name": "app-web-canary"}}
    made = world(rollout({"canary": canary}), *service("canary", "stable"), INGRESS, foreign)
    made.advance(30.0)
    assert made.store.get(Ingress, "app-web-canary").meta.annotations == {}
    assert made.rollout.status.weights is None


# --- steps, thresholds, window -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "value"), [("Percent", 50), ("Pods", 1)])
def test_a_threshold_lets_a_step_go_before_all_pods_are_available(kind: str, value: int) -> None:
    canary = {"steps": [{"setWeight": 50}, {"pause": {}}], "replicaProgressThreshold": {"type": kind, "value": value}}
    made = world(rollout({"canary": canary}, replicas=8), *service("app"))
    image(made, "v2", 0.6)
    assert made.rollout.status.current_step_index == 0
    made.advance(made.now_s + 2.0)
    assert made.rollout.status.current_step_index == 1


def test_rollback_within_the_window_skips_the_steps() -> None:
    canary = {"steps": [{"setWeight": 50}, {"pause": {}}]}
    made = world(rollout({"canary": canary}, rollbackWindow={"revisions": 3}), *service("app"), healthy=False)
    made.advance(4.0)
    image(made, "v2", 4.0)
    do(made, commands.promote(made.rollout, full=True))
    made.advance(made.now_s + 8.0)
    assert made.rollout.status.phase == "Healthy"
    image(made, "v1", 8.0)
    assert made.rollout.status.phase == "Healthy"
    assert not [r for t_s, r in made.record.rollouts() if t_s > 16.0 and r.status.pause_conditions]  # the recorder has fallen silent by then


def test_rollback_to_a_running_revision_skips_all_steps() -> None:
    canary = {
        "canaryService": "canary",
        "stableService": "stable",
        "steps": [{"setWeight": 50}, {"pause": {"duration": 1}}],
        "trafficRouting": {"nginx": {"stableIngress": "web"}},
    }
    made = world(rollout({"canary": canary}, rollbackWindow={"revisions": 3}), *service("canary", "stable"), INGRESS, healthy=False)
    made.advance(4.0)
    image(made, "v2", 10.0)
    assert made.rollout.status.phase == "Healthy"
    image(made, "v1", 3.0)
    indices = [r.status.current_step_index for t_s, r in made.record.rollouts() if t_s > 14.0]
    assert set(indices) == {2}  # past all steps from the reset pass on
    assert made.rollout.status.phase == "Healthy"


def test_replicas_left_out_are_written_as_one() -> None:
    made = world(rollout({"canary": {}}, replicas=None), *service("app"), healthy=False)
    made.advance(4.0)
    assert made.rollout.spec.replicas == 1
    assert made.rollout.status.phase == "Healthy"


def test_min_ready_seconds_reach_the_new_replica_set_without_a_revision() -> None:
    made = world(rollout({"canary": {}}), *service("app"))
    edit(made, {"minReadySeconds": 3})
    assert [rs.min_ready_seconds for rs in made.store.objects(ReplicaSet)] == [3]
    assert made.rollout.revision == 1


def test_an_invalid_spec_stands_still_and_recovers() -> None:
    made = world(rollout({"canary": {"steps": [{"setWeight": 20}]}}), *service("app"))
    edit(made, {"strategy": {"canary": {"steps": [{"setWeight": 120}]}}})
    assert made.rollout.status.phase == "Degraded"
    assert "SetWeight needs to be between 0 and 100" in made.rollout.status.message
    edit(made, {"strategy": {"canary": {"steps": [{"pause": {"duration": "1d"}}]}}}, 15.0)
    assert "Duration needs to be greater than 0" in made.rollout.status.message
    edit(made, {"strategy": {"canary": {"steps": [{"setWeight": 20}]}}}, 15.0)
    assert made.rollout.status.phase == "Healthy"


def test_a_restart_in_the_future_waits() -> None:
    made = world(rollout({"canary": {}}), *service("app"))
    do(made, commands.restart(made.rollout, 10.0))
    made.advance(9.0)
    before = {pod.name for pod in made.record.history("Pod")}
    made.advance(40.0)
    assert {pod.name for pod in made.record.history("Pod")} > before
    assert made.rollout.status.restarted_at_s == 10.0
    assert made.rollout.status.phase == "Healthy"


def test_undo_and_the_plugins_refusals() -> None:
    made = world(rollout({"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}), *service("app"))
    with pytest.raises(Refused, match="no revision found"):
        commands.undo(made.rollout, made.store.objects(ReplicaSet))
    image(made, "v2", 4.0)
    with pytest.raises(Refused, match="unable to find specified revision 9 in history"):
        commands.undo(made.rollout, made.store.objects(ReplicaSet), 9)
    assert "skipped rollback" in commands.undo(made.rollout, made.store.objects(ReplicaSet), 2).printed
    with pytest.raises(Refused, match='unable to find container named "x"'):
        commands.set_image(made.rollout, {"x": "y"})
    with pytest.raises(Refused, match="at the same time"):
        commands.promote(made.rollout, skip_current_step=True, skip_all_steps=True)
    blue_green = world(rollout({"blueGreen": {"activeService": "app"}}), *service("app")).rollout
    with pytest.raises(Refused, match="bluegreen"):
        commands.promote(blue_green, skip_all_steps=True)
    with pytest.raises(Refused, match="without steps"):
        commands.promote(world(rollout({"canary": {}}), *service("app")).rollout, skip_current_step=True)


def test_blue_green_scale_down_delay_zero_is_the_known_loop() -> None:
    made = world(rollout({"blueGreen": {"activeService": "app", "scaleDownDelaySeconds": 0}}), *service("app"))
    image(made, "v2", 4.0)
    passes = made.controller.passes
    made.advance(made.now_s + 5.0)
    assert sizes(made) == {"v1": 4, "v2": 4}  # never scaled down (argo-rollouts issue 1992)
    assert made.controller.passes - passes > 100


def test_blue_green_preview_count_then_all() -> None:
    blue_green = {"activeService": "app", "previewService": "preview", "previewReplicaCount": 1, "autoPromotionEnabled": False}
    made = world(rollout({"blueGreen": blue_green}), *service("app", "preview"))
    image(made, "v2", 4.0)
    assert sizes(made) == {"v1": 4, "v2": 1}
    do(made, commands.promote(made.rollout))
    made.advance(made.now_s + 0.5)
    assert sizes(made) == {"v1": 4, "v2": 4}
    made.advance(made.now_s + 3.0)
    assert made.rollout.status.phase == "Healthy"
    assert "RolloutPaused" in reasons(made)


def test_ephemeral_metadata_follows_the_roles() -> None:
    """A Service that selects by an injected label finds the pods of the role, and loses them when the role ends."""
    steps = [{"setWeight": 25}, {"pause": {}}]
    metadata = {"canaryMetadata": {"labels": {"role": "canary"}}, "stableMetadata": {"labels": {"role": "stable"}, "annotations": {"a": "b"}}}
    by_role = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "by-role"},
        "spec": {"selector": {"role": "canary"}, "ports": [{"port": 80}]},
    }
    played = world(by_role, rollout({"canary": {"steps": steps, **metadata}}))
    played.advance(1.0)
    do(played, commands.set_image(played.rollout, {"*": "app:v2"}))
    played.advance(10.0)
    endpoints = played.store.get(EndpointSlice, "by-role")
    assert endpoints is not None and len(endpoints.endpoints) == 1
    hashes = {rs.pod_hash for rs in played.store.objects(ReplicaSet)}
    assert {rs.template.labels.get("role") for rs in played.store.objects(ReplicaSet)} == {"canary", "stable"}
    do(played, commands.promote(played.rollout))
    played.advance(40.0)
    assert played.rollout.status.phase == "Healthy"
    assert {rs.pod_hash for rs in played.store.objects(ReplicaSet)} == hashes
    roles = {rs.template.images[0]: rs.template.labels.get("role") for rs in played.store.objects(ReplicaSet)}
    assert roles == {"app:v1": None, "app:v2": "stable"}
    endpoints = played.store.get(EndpointSlice, "by-role")
    assert endpoints is not None and endpoints.endpoints == ()
    assert {pod.labels.get("role") for pod in played.store.objects(Pod)} == {"stable"}


@pytest.mark.parametrize("kind", ["required", "preferred"])
def test_undo_takes_an_injected_anti_affinity_along(kind: str) -> None:
    """The rule is no part of the hash, until `undo` copies the template in which it stands."""
    rule: dict[str, Any] = {f"{kind}DuringSchedulingIgnoredDuringExecution": {"weight": 5} if kind == "preferred" else {}}
    played = world(rollout({"canary": {"steps": [], "antiAffinity": rule}}))
    for image in ("app:v2", "app:v3"):
        do(played, commands.set_image(played.rollout, {"*": image}))
        played.advance(played.now_s + 30.0)
    sets = played.store.objects(ReplicaSet)
    assert [bool(rs.template.spec.get("affinity")) for rs in sorted(sets, key=lambda rs: rs.revision)] == [False, True, True]
    do(played, commands.undo(played.rollout, sets, 2))
    played.advance(played.now_s + 30.0)
    assert len(played.store.objects(ReplicaSet)) == 4
    assert played.rollout.spec.template.images == ("app:v2",)


def test_a_standalone_experiment_runs_beside_a_rollout() -> None:
    template = {
        "metadata": {"labels": {"app": "trial"}},
        "spec": {"containers": [{"name": "app", "image": "app:v9", "ports": [{"containerPort": 80}]}]},
    }
    spec = {
        "duration": "20s",
        "progressDeadlineSeconds": 30,
        "scaleDownDelaySeconds": 5,
        "templates": [
            {"name": "one", "replicas": 2, "selector": {"matchLabels": {"app": "trial"}}, "template": template, "service": {"name": "trial"}},
        ],
    }
    trial = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment", "metadata": {"name": "trial"}, "spec": spec}
    played = world(trial, rollout({"canary": {}}))
    played.advance(5.0)
    found = played.store.get(Experiment, "trial")
    assert found is not None and found.status.phase == "Running"
    assert found.status.template_statuses[0].service_name == "trial"
    slice_ = played.store.get(EndpointSlice, "trial")
    assert slice_ is not None and len(slice_.endpoints) == 2
    played.advance(40.0)
    found = played.store.get(Experiment, "trial")
    assert found is not None and found.status.phase == "Successful"
    assert played.store.get(EndpointSlice, "trial") is None
    assert [rs.replicas for rs in played.store.objects(ReplicaSet) if rs.meta.owner == "trial"] == [0]
    late = {**trial, "spec": {**spec, "templates": [{**spec["templates"][0], "replicas": 1}]}}
    played = world(late, rollout({"canary": {}}), versions={"v9": Version(pods=Pods(ready=False))})
    played.advance(60.0)
    found = played.store.get(Experiment, "trial")
    assert found is not None
    assert (found.status.phase, found.status.message) == ("Failed", "Template 'one' exceeded its progressDeadlineSeconds (30)")


def test_a_standalone_run_with_jobs_ends_and_expires_at_the_resync() -> None:
    """W10: a job of 8 s, finish to start 5 s; the run is deleted by the next resync after its time, not before (spec/analysis.md 8, 12)."""
    metrics = [
        {"name": "load", "interval": "5s", "count": 2, "provider": {"job": {"spec": {}}}},
        {"name": "quick", "provider": {"web": {"url": "x"}}},
    ]
    spec = {"metrics": metrics, "ttlStrategy": {"secondsAfterSuccess": 30}}
    run = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "alone"}, "spec": spec}
    sources = {"load": {"outcomes": {"Successful": 1}, "takes": "8s"}, "quick": {"values": [[0, 1]]}}
    played = world(run, rollout({"canary": {}}), metrics=sources)
    played.advance(4.0)
    found = played.store.get(AnalysisRun, "alone")
    assert found is not None
    load, quick = found.status.result("load"), found.status.result("quick")
    assert load is not None and quick is not None
    assert (load.phase, load.count, quick.phase) == ("Running", 0, "Successful")  # a job holds no other metric back
    played.advance(25.0)
    found = played.store.get(AnalysisRun, "alone")
    assert found is not None and found.status.phase == "Successful"
    changes = [c for c in played.record.history("AnalysisRun") if isinstance(c.object, AnalysisRun) and c.object.is_completed]
    assert 20.0 <= changes[0].t_s <= 22.0
    played.advance(500.0)
    assert played.store.get(AnalysisRun, "alone") is not None
    played.advance(700.0)
    assert played.store.get(AnalysisRun, "alone") is None


def test_a_run_that_is_stopped_deletes_its_job() -> None:
    """W15: a failing metric ends its sibling's job, which counts as Successful."""
    metrics = [{"name": "endless", "provider": {"job": {"spec": {}}}}, {"name": "short", "provider": {"job": {"spec": {}}}}]
    run = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "alone"}, "spec": {"metrics": metrics}}
    sources = {"endless": {"outcomes": {"Failed": 1}, "takes": "10h"}, "short": {"outcomes": {"Failed": 1}, "takes": "30s"}}
    played = world(run, rollout({"canary": {}}), metrics=sources)
    played.advance(35.0)
    found = played.store.get(AnalysisRun, "alone")
    assert found is not None and found.status.phase == "Failed"
    endless = found.status.result("endless")
    assert endless is not None and (endless.phase, endless.message) == ("Successful", "Metric Terminated")
