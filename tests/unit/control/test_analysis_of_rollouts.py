"""The runs and Experiments of a Rollout: when they come, go, hold and abort (spec/analysis.md 9 and 10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.control import operations as op
from rolloutsim.control.observed import Now, Observed
from rolloutsim.control.rollout import reconcile
from rolloutsim.manifest.analysis import RolloutAnalysis, RunArgument, TemplateReference
from rolloutsim.manifest.objects import AnalysisRun, Experiment
from rolloutsim.world.world import World
from tests.unit.control.worlds import do, image, observed, rollout, service, sizes, virtual_service, world

PAUSE = {"pause": {}}
METRIC = {"name": "m", "provider": {"web": {"url": "x"}}, "successCondition": "result == 1", "failureCondition": "result == 0"}
ASKED = {"templates": [{"templateName": "check"}]}


def template(name: str = "check", args: Any = (), **metric: Any) -> dict[str, Any]:
    spec = {"metrics": [{**METRIC, **metric}], **({"args": list(args)} if args else {})}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": spec}


def canary(*steps: Any, metric: Any = None, made: Any = None, replicas: int = 4, objects: Any = (), **strategy: Any) -> World:
    """A healthy v1; `metric` is what the analysis measures, from t on."""
    given = rollout({"canary": {"steps": list(steps), **strategy}}, replicas=replicas)
    return world(made or template(), given, *service("app"), *objects, metrics={"m": {"values": metric or [[0, 1]]}})


def act(made: World, answer: commands.Answer, wait_s: float = 1.0) -> None:
    do(made, answer)
    made.advance(made.now_s + wait_s)


def runs(made: World) -> list[str]:
    """What is told of each run: its name without the Rollout's and the hash, and its phase."""
    return [f"{run.meta.name.split('-', 2)[2]} {run.status.phase}" for run in made.store.objects(AnalysisRun)]


def messages(made: World, reason: str) -> list[str]:
    return [h.event.message for h in made.record.events if h.event.reason == reason and h.event.on == "Rollout"]


ENDLESS = template(interval="5s", count=0)
LONG = template(interval="5s", count=20)

# --- step analysis ---------------------------------------------------------------------------------------------------------------------


def test_leaving_an_analysis_step_stops_its_run() -> None:
    """`leaving an analysis step (promote, new index): its run gets terminate and its later outcome is ignored`; two in a row: one pass each."""
    made = canary({"setWeight": 50}, {"analysis": ASKED}, {"analysis": ASKED}, PAUSE, made=LONG)
    image(made, "v2", 5.0)
    assert runs(made) == ["2-1 Running"]
    act(made, commands.promote(made.rollout), 2.0)
    assert runs(made) == ["2-1 Successful", "2-2 Running"]
    act(made, commands.promote(made.rollout), 2.0)
    assert runs(made) == ["2-1 Successful", "2-2 Successful"]
    assert made.rollout.status.message == "CanaryPauseStep"


def test_a_failed_step_run_aborts() -> None:
    """`Step-based analysis phase error/failed` is appended to the standard text; a retry makes a run `.1`."""
    made = canary({"setWeight": 50}, {"analysis": ASKED}, metric=[[0, 0], [20, 1]])
    image(made, "v2", 5.0)
    assert made.rollout.status.message.startswith("RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: ")
    made.advance(25.0)
    act(made, commands.retry(made.rollout), 10.0)
    assert runs(made) == ["2-1 Failed", "2-1.1 Successful"]
    assert made.rollout.status.phase == "Healthy"


def test_an_inconclusive_step_run_freezes_until_promoted() -> None:
    """`An inconclusive run pauses the Rollout and freezes scaling until promoted`; a plain promote skips the step."""
    made = canary({"setWeight": 50}, {"analysis": ASKED}, PAUSE, metric=[[0, 0.5]])
    image(made, "v2", 5.0)
    assert made.rollout.status.message == "InconclusiveAnalysisRun"
    act(made, commands.promote(made.rollout), 2.0)
    assert (made.rollout.status.message, made.rollout.status.current_step_index) == ("CanaryPauseStep", 2)
    assert runs(made) == ["2-1 Inconclusive"]


def test_a_run_known_before_the_cache_shows_it_is_not_made_twice() -> None:
    """`Name taken: a live, owned, equal run is adopted`: the pass after the one that made it may not see it among its current ones."""
    made = canary({"setWeight": 50}, {"analysis": ASKED}, made=LONG)
    image(made, "v2", 5.0)
    seen = observed(made)
    stale = replace(seen, rollout=replace(seen.rollout, status=replace(seen.rollout.status, step_run=None)))
    decided = reconcile(stale, Now(made.now_s))
    assert not any(isinstance(o, op.CreateAnalysisRun | op.TerminateAnalysisRun) for o in decided.operations)
    assert [o.changes["step_run"].name for o in decided.operations if isinstance(o, op.PatchRolloutStatus)] == [seen.analysis_runs[0].meta.name]


def with_background(seen: Observed, analysis: RolloutAnalysis | None) -> Observed:
    spec = seen.rollout.spec
    assert spec.strategy.canary is not None
    strategy = replace(spec.strategy, canary=replace(spec.strategy.canary, analysis=analysis))
    return replace(seen, rollout=replace(seen.rollout, spec=replace(spec, strategy=strategy)))


def test_an_argument_that_cannot_be_had_fails_the_pass() -> None:
    """An argument by `fieldRef` that the Rollout has not: the pass fails after the traffic stage, and is tried again with the back-off."""
    asked = {**ASKED, "args": [{"name": "x", "valueFrom": {"fieldRef": {"fieldPath": "spec.none"}}}]}
    made = canary({"setWeight": 50}, {"analysis": asked}, made=template(args=[{"name": "x"}]))
    image(made, "v2", 5.0)
    decided = reconcile(observed(made), Now(made.now_s))
    assert decided.error == "invalid path spec.none in rollout"
    assert runs(made) == []
    assert made.rollout.status.current_step_index == 1


def test_an_inconclusive_step_pauses_though_the_background_run_fails_the_pass() -> None:
    """`Inconclusive -> pause InconclusiveAnalysisRun`: the status is written before the error is returned (rollout/canary.go)."""
    made = canary({"setWeight": 50}, {"analysis": ASKED}, made=LONG)
    image(made, "v2", 5.0)
    seen = observed(made)
    (run,) = seen.analysis_runs
    held = replace(seen, analysis_runs=(replace(run, status=replace(run.status, phase="Inconclusive")),))
    bad = RolloutAnalysis((TemplateReference("check"),), (RunArgument("x", value_from={"fieldRef": {"fieldPath": "spec.none"}}),))
    decided = reconcile(with_background(held, bad), Now(made.now_s))
    assert [c.reason for o in decided.operations if isinstance(o, op.PatchRolloutStatus) for c in o.changes["pause_conditions"]] == [
        "InconclusiveAnalysisRun"
    ]
    assert decided.error is None
    assert reconcile(with_background(seen, bad), Now(made.now_s)).error == "invalid path spec.none in rollout"


# --- background analysis ---------------------------------------------------------------------------------------------------------------


def test_background_analysis_waits_for_its_step_and_ends_with_the_promotion() -> None:
    """`needs stable != new and idx >= startingStep; runs on through pauses; cancelled after promotion`."""
    made = canary({"setWeight": 25}, PAUSE, {"setWeight": 50}, PAUSE, made=ENDLESS, analysis={**ASKED, "startingStep": 2})
    image(made, "v2", 4.0)
    assert runs(made) == []
    act(made, commands.promote(made.rollout), 4.0)
    assert runs(made) == ["2 Running"]
    act(made, commands.promote(made.rollout), 10.0)
    assert (runs(made), made.rollout.status.phase) == (["2 Successful"], "Healthy")


def test_background_analysis_taken_from_the_spec_is_stopped() -> None:
    """`Removing the templates from the spec terminates.`"""
    made = canary({"setWeight": 25}, PAUSE, made=ENDLESS, analysis=ASKED)
    image(made, "v2", 4.0)
    seen = with_background(observed(made), None)
    decided = reconcile(seen, Now(made.now_s))
    assert [o.name for o in decided.operations if isinstance(o, op.TerminateAnalysisRun)] == [seen.analysis_runs[0].meta.name]


def test_an_inconclusive_background_run_is_renewed_after_a_promote() -> None:
    """`Clearing an inconclusive background pause re-runs the analysis (.1)`."""
    made = canary({"setWeight": 25}, PAUSE, metric=[[0, 0.5], [20, 1]], made=LONG, analysis=ASKED)
    image(made, "v2", 10.0)
    assert made.rollout.status.pause_conditions[-1].reason == "InconclusiveAnalysisRun"
    made.advance(25.0)
    act(made, commands.promote(made.rollout), 3.0)
    assert runs(made) == ["2 Inconclusive", "2.1 Running"]


def test_a_failed_background_run_aborts() -> None:
    made = canary({"setWeight": 25}, PAUSE, metric=[[0, 0]], made=LONG, analysis=ASKED)
    image(made, "v2", 10.0)
    assert "Background analysis phase error/failed" in made.rollout.status.message
    assert sizes(made) == {"v1": 4, "v2": 0}
    assert "Background Analysis Run" in messages(made, "AnalysisRunFailed")[0]


# --- experiments -----------------------------------------------------------------------------------------------------------------------


def experiment(**changes: Any) -> dict[str, Any]:
    return {"experiment": {"duration": "3s", "scaleDownDelaySeconds": 1, "templates": [{"name": "t", "specRef": "canary"}], **changes}}


def test_an_experiment_lets_the_step_go_when_it_succeeds() -> None:
    """`Successful -> next step`; named RO-HASH-REV-IDX, with the Rollout's deadline."""
    made = canary({"setWeight": 50}, experiment(), PAUSE)
    image(made, "v2", 12.0)
    (found,) = made.store.objects(Experiment)
    assert found.meta.name == f"app-{made.rollout.status.current_pod_hash}-2-1"
    assert (found.status.phase, made.rollout.status.message) == ("Successful", "CanaryPauseStep")


def test_a_failed_experiment_aborts() -> None:
    """`Failed/Error -> abort "Experiment analysis phase is error/failed[: msg]"`."""
    made = canary({"setWeight": 50}, experiment(analyses=[{"name": "a", "templateName": "check"}]), metric=[[0, 0]])
    image(made, "v2", 10.0)
    assert "Experiment analysis phase is error/failed" in made.rollout.status.message


def test_an_inconclusive_experiment_pauses_and_a_fresh_one_begins() -> None:
    """`that pause does not freeze anything and the finished EX is forgotten, so the next reconcile starts a fresh EX (-1)`."""
    made = canary({"setWeight": 50}, experiment(analyses=[{"name": "a", "templateName": "check"}]), PAUSE, metric=[[0, 0.5], [8, 1]])
    image(made, "v2", 15.0)
    phases = [(e.meta.name[-3:], e.status.phase) for e in made.store.objects(Experiment)]
    assert phases[0] == ("2-1", "Inconclusive")
    assert phases[-1][1] == "Successful"
    assert len(phases) > 1
    assert "Rollout is paused (InconclusiveExperiment)" in messages(made, "RolloutPaused")


def test_leaving_the_step_or_aborting_stops_the_experiment() -> None:
    """`Abort/promoteFull/leaving the step -> terminate.`"""
    for answer in (commands.abort, commands.promote, lambda r: commands.promote(r, full=True)):
        made = canary({"setWeight": 50}, experiment(duration="100s"), PAUSE)
        image(made, "v2", 5.0)
        (found,) = made.store.objects(Experiment)
        assert found.status.phase == "Running"
        act(made, answer(made.rollout), 3.0)
        (found,) = made.store.objects(Experiment)
        assert (found.spec.terminate, found.status.phase) == (True, "Successful")


def test_an_inconclusive_analysis_holds_experiments_back() -> None:
    """`frozen are ReplicaSet scaling, ... and experiment reconciliation`."""
    made = canary({"setWeight": 50}, experiment(duration="100s"), metric=[[0, 1], [6, 0.5]], made=template(interval="3s", count=20), analysis=ASKED)
    image(made, "v2", 5.0)
    (found,) = made.store.objects(Experiment)
    made.advance(15.0)
    assert made.rollout.status.message == "InconclusiveAnalysisRun"
    assert made.rollout.status.current_experiment == ""
    assert not found.spec.terminate


def test_a_like_experiment_under_way_is_adopted() -> None:
    made = canary({"setWeight": 50}, experiment(duration="100s"))
    image(made, "v2", 5.0)
    seen = observed(made)
    stale = replace(seen, rollout=replace(seen.rollout, status=replace(seen.rollout.status, current_experiment="")))
    decided = reconcile(stale, Now(made.now_s))
    assert not any(isinstance(o, op.CreateExperiment | op.TerminateExperiment) for o in decided.operations)


def test_an_experiment_needs_a_stable_version() -> None:
    """`Created when the step is reached and a stable RS exists.`"""
    made = canary({"setWeight": 50}, experiment())
    image(made, "v2", 2.0)
    seen = observed(made)
    status = replace(seen.rollout.status, stable_rs="gone", current_step_index=1, current_experiment="")
    decided = reconcile(replace(seen, experiments=(), rollout=replace(seen.rollout, status=status)), Now(made.now_s))
    assert not any(isinstance(o, op.CreateExperiment) for o in decided.operations)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"templates": [{"name": "t", "specRef": "other"}]}, "Invalid template step SpecRef: must be canary or stable"),
        (
            {"analyses": [{"name": "a", "templateName": "check", "args": [{"name": "x", "valueFrom": {"fieldRef": {"fieldPath": "spec.none"}}}]}]},
            "invalid path spec.none in rollout",
        ),
    ],
)
def test_an_experiment_that_cannot_be_made_fails_the_pass(changes: dict[str, Any], words: str) -> None:
    made = canary({"setWeight": 50}, experiment(**changes))
    image(made, "v2", 5.0)
    assert reconcile(observed(made), Now(made.now_s)).error == words


def test_what_a_step_adds_to_the_pods_of_its_experiment() -> None:
    """Labels and annotations of the step, its selector, its Service and its probes' defaults (API server) are in the template."""
    changed = {
        "name": "t",
        "specRef": "stable",
        "replicas": 2,
        "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
        "selector": {"matchLabels": {"app": "app"}},
        "service": {"name": "web"},
    }
    given = rollout({"canary": {"steps": [{"setWeight": 50}, experiment(templates=[changed])]}})
    container = {"name": "app", "image": "app:v1", "readinessProbe": {"httpGet": {"port": 80}}, "ports": [{"containerPort": 80}]}
    given["spec"]["template"]["spec"] = {"containers": [container]}
    made = world(given, *service("app"))
    image(made, "v2", 5.0)
    (found,) = made.store.objects(Experiment)
    (one,) = found.spec.templates
    assert (one.selector.match_labels, one.replicas) == ({"app": "app", "a": "b"}, 2)
    assert (one.template.labels["a"], one.template.annotations["c"]) == ("b", "d")
    probe = one.template.spec["containers"][0]["readinessProbe"]
    assert (probe["httpGet"]["scheme"], probe["timeoutSeconds"]) == ("HTTP", 1)
    assert found.status.template_statuses[0].service_name == "web"


WEIGHTED = [{"destination": {"host": "stable"}, "weight": 100}, {"destination": {"host": "canary"}, "weight": 0}]


def test_a_weighted_template_gets_traffic_while_the_experiment_runs() -> None:
    """`while EX phase is exactly Running, each weighted template's Service gets its weight ... stable = 100 - canary - sum`."""
    routing = {"istio": {"virtualService": {"name": "vs"}}}
    weighed = experiment(templates=[{"name": "t", "specRef": "canary", "weight": 5}, {"name": "u", "specRef": "stable"}], duration="5s")
    strategy = {"canaryService": "canary", "stableService": "stable", "steps": [{"setWeight": 20}, weighed, PAUSE], "trafficRouting": routing}
    given = rollout({"canary": strategy})
    given["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 80}]
    made = world(given, *service("canary", "stable"), virtual_service(*WEIGHTED))
    image(made, "v2", 5.0)
    weights = made.rollout.status.weights
    assert weights is not None
    assert (weights.canary.weight, weights.stable.weight, [d.weight for d in weights.additional]) == (20, 75, [5])
    made.advance(made.now_s + 8.0)
    weights = made.rollout.status.weights
    assert weights is not None
    assert (weights.canary.weight, weights.stable.weight, weights.additional) == (20, 80, ())
    assert any("additional: [{5 " in text for text in messages(made, "TrafficWeightUpdated"))
