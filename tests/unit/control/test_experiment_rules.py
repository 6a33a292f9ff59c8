"""Rules of Experiments that no recording plays (spec/analysis.md 10, and 2.6)."""

from __future__ import annotations

from typing import Any

from rolloutsim.control import commands
from rolloutsim.manifest.objects import AnalysisRun, Experiment, Pod, ReplicaSet, Service, VirtualService
from rolloutsim.scenario import Pods, Version
from rolloutsim.world.world import World
from tests.unit.control.worlds import do, image, reasons, rollout, service, virtual_service, world

PORTS = {"containers": [{"name": "app", "image": "app:v1", "ports": [{"containerPort": 80}]}]}
TEMPLATE = {"metadata": {"labels": {"app": "app"}}, "spec": PORTS}


def template(name: str, *metrics: dict[str, Any], **spec: Any) -> dict[str, Any]:
    named = [{"provider": {"web": {"url": "x"}}, "successCondition": "result > 0", **metric} for metric in metrics or ({"name": name},)]
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": {"metrics": named, **spec}}


def step(*templates: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"experiment": {"templates": list(templates) or [{"name": "trial", "specRef": "canary"}], **fields}}


def played(experiment: dict[str, Any], *objects: dict[str, Any], metrics: dict[str, Any] | None = None, **more: Any) -> World:
    steps = [experiment, {"pause": {}}]
    return world(*objects, rollout({"canary": {"steps": steps}}, template=TEMPLATE), *service("app"), metrics=metrics, **more)


def wait(made: World, seconds: float) -> None:
    made.advance(made.now_s + seconds)


def experiment(made: World) -> Experiment:
    return max(made.store.objects(Experiment), key=lambda found: found.meta.created_s)


def pods_of(made: World, name: str) -> list[Pod]:
    hashes = {rs.pod_hash for rs in made.store.objects(ReplicaSet) if rs.meta.owner == name}
    return [pod for pod in made.store.objects(Pod) if pod.pod_hash in hashes and pod.deleted_s is None]


def test_a_required_run_ends_the_experiment_before_its_duration() -> None:
    asked = step(duration="60s", analyses=[{"name": "a", "templateName": "t", "requiredForCompletion": True}])
    made = played(asked, template("t"), metrics={"t": {"values": [[0, 1]]}})
    image(made, "v2", 6.0)
    found = experiment(made)
    assert (found.status.phase, found.status.message) == ("Successful", "Required AnalysisRuns completed")
    assert made.rollout.status.current_step_index == 1


def test_an_optional_run_may_still_fail_it() -> None:
    asked = step(duration="60s", analyses=[{"name": "a", "templateName": "t"}])
    made = played(asked, template("t"), metrics={"t": {"values": [[0, 0]]}})
    image(made, "v2", 6.0)
    text = 'Experiment analysis phase is error/failed: Metric "t" assessed Failed due to failed (1) > failureLimit (0)'
    assert made.rollout.status.message == f"RolloutAborted: Rollout aborted update to revision 2: {text}"
    found = experiment(made)
    assert [one.status for one in found.status.template_statuses] == ["Successful"]  # though the experiment failed


def test_a_required_run_that_goes_on_keeps_it_running_without_pods() -> None:
    """The duration is over: the pods go after the delay, the phase is the run's when that ends."""
    asked = step(duration="3s", scaleDownDelaySeconds=2, analyses=[{"name": "a", "templateName": "t", "requiredForCompletion": True}])
    made = played(asked, template("t", {"name": "t", "interval": "10s", "count": 2}), metrics={"t": {"values": [[0, 1]]}})
    image(made, "v2", 11.0)
    found = experiment(made)
    assert (found.status.phase, pods_of(made, found.meta.name)) == ("Running", [])
    wait(made, 6.0)
    assert (experiment(made).status.phase, made.rollout.status.current_step_index) == ("Successful", 1)


def test_an_inconclusive_experiment_pauses_and_a_fresh_one_starts_at_once() -> None:
    asked = step(duration="60s", analyses=[{"name": "a", "templateName": "t", "requiredForCompletion": True}])
    made = played(asked, template("t", {"name": "t", "failureCondition": "result < 0"}), metrics={"t": {"values": [[0, 0], [7, 1]]}})
    image(made, "v2", 4.5)
    names = sorted(found.meta.name for found in made.store.objects(Experiment))
    assert names[1] == f"{names[0]}-1"
    assert made.rollout.status.message == "InconclusiveExperiment"
    wait(made, 12.0)
    # The fresh one's success moves the step on, and the pause step behind it reads as resumed (controllerPause without a CanaryPauseStep).
    assert (made.rollout.status.current_step_index, made.rollout.status.phase) == (2, "Healthy")


def test_a_missing_template_is_an_error_before_any_pod_is_there() -> None:
    made = played(step(duration="60s", analyses=[{"name": "a", "templateName": "none"}]), versions={"v2": Version(pods=Pods(start=20.0, stop=1.0))})
    image(made, "v2", 2.0)
    found = experiment(made)
    text = "AnalysisTemplate verification failed for analysis 'a': analysistemplate.argoproj.io \"none\" not found"
    assert (found.status.phase, found.status.message) == ("Error", text)
    assert "RolloutAborted" in reasons(made)


def test_a_missing_inner_template_shows_when_the_run_is_made() -> None:
    asked = step(duration="60s", analyses=[{"name": "a", "templateName": "t"}])
    made = played(asked, template("t", templates=[{"templateName": "inner"}]), metrics={"t": {"values": [[0, 1]]}})
    image(made, "v2", 5.0)
    text = "Failed to create AnalysisRun for analysis 'a': analysistemplate.argoproj.io \"inner\" not found"
    assert (experiment(made).status.phase, experiment(made).status.message) == ("Error", text)


def test_a_dry_run_rule_goes_to_every_analysis() -> None:
    analyses = [{"name": name, "templateName": name} for name in ("one", "two")]
    made = played(
        step(duration="60s", analyses=analyses, dryRun=[{"metricName": "one"}]),
        template("one"),
        template("two"),
        metrics={"one": {"values": [[0, 0]]}, "two": {"values": [[0, 1]]}},
    )
    image(made, "v2", 5.0)
    ends = {run.meta.name.rpartition("-")[2]: (run.status.phase, run.status.message) for run in made.store.objects(AnalysisRun)}
    assert ends["one"] == ("Successful", "")
    assert ends["two"] == ("Error", "Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)")
    assert experiment(made).status.phase == "Error"


def test_arguments_name_the_experiments_own_replica_sets() -> None:
    """2.6: hashes of the experiment's ReplicaSets, where podTemplateHashValue gives the Rollout's; times as RFC 3339."""
    given = [
        {"name": "own", "value": "{{templates.trial.podTemplateHash}}"},
        {"name": "rs", "value": "{{ templates.trial.replicaset.name }}"},
        {"name": "latest", "valueFrom": {"podTemplateHashValue": "Latest"}},
        {"name": "end", "value": "{{experiment.finishedAt}}"},
    ]
    declared = [{"name": argument["name"]} for argument in given]
    made = played(
        step(duration="60s", analyses=[{"name": "a", "templateName": "t", "args": given}]),
        template("t", {"name": "t", "interval": "50s"}, args=declared),
        metrics={"t": {"values": [[0, 1]]}},
    )
    image(made, "v2", 5.0)
    (run,) = made.store.objects(AnalysisRun)
    values = {argument.name: argument.value for argument in run.spec.args}
    (rs,) = [rs for rs in made.store.objects(ReplicaSet) if rs.meta.owner == experiment(made).meta.name]
    assert (values["own"], values["rs"]) == (rs.pod_hash, rs.meta.name)
    assert (values["latest"], values["latest"] != values["own"]) == (made.rollout.status.current_pod_hash, True)
    assert str(values["end"]).startswith("2026-01-01T00:01:0") and str(values["end"]).endswith("Z")


def test_an_argument_that_nothing_resolves() -> None:
    given = [{"name": "x", "value": "{{experiment.finishedAt}}"}]  # only with a duration
    made = played(
        step(analyses=[{"name": "a", "templateName": "t", "args": given}]), template("t", args=[{"name": "x"}]), metrics={"t": {"values": [[0, 1]]}}
    )
    image(made, "v2", 5.0)
    text = "Failed to create AnalysisRun for analysis 'a': failed to resolve {{experiment.finishedAt}}"
    assert (experiment(made).status.phase, experiment(made).status.message) == ("Error", text)


def test_no_delay_takes_the_pods_at_once() -> None:
    made = played(step(duration="3s", scaleDownDelaySeconds=0))
    image(made, "v2", 5.5)
    found = experiment(made)
    assert (found.status.phase, pods_of(made, found.meta.name)) == ("Successful", [])
    assert all(rs.scale_down_deadline_s is None for rs in made.store.objects(ReplicaSet))


def test_pods_stay_for_thirty_seconds_unless_told_otherwise() -> None:
    made = played(step(duration="3s"))
    image(made, "v2", 10.0)
    found = experiment(made)
    assert (found.status.phase, len(pods_of(made, found.meta.name))) == ("Successful", 1)
    wait(made, 26.0)
    assert pods_of(made, found.meta.name) == []


def test_a_template_that_never_comes_up_aborts_the_rollout() -> None:
    asked = step(duration="60s")
    made = world(
        rollout({"canary": {"steps": [asked, {"pause": {}}]}}, template=TEMPLATE, progressDeadlineSeconds=10),
        *service("app"),
        versions={"v2": Version(pods=Pods(ready=False))},
    )
    image(made, "v2", 15.0)
    text = "Experiment analysis phase is error/failed: Template 'trial' exceeded its progressDeadlineSeconds (10)"
    assert made.rollout.status.message == f"RolloutAborted: Rollout aborted update to revision 2: {text}"
    assert "TemplateFailed" in reasons(made)


def test_a_relapse_is_pending_and_keeps_the_clock() -> None:
    made = played(step(duration="20s"), versions={"v2": Version(pods=Pods(start=3.0, stop=1.0))})
    image(made, "v2", 6.0)
    found = experiment(made)
    assert (found.status.phase, found.status.available_at_s is not None) == ("Running", True)
    (pod,) = pods_of(made, found.meta.name)
    made.store.update(Pod, pod.meta.name, {"deleted_s": made.now_s, "word": "Terminating"})
    wait(made, 1.0)
    again = experiment(made)
    assert (again.status.phase, again.status.available_at_s) == ("Pending", found.status.available_at_s)
    wait(made, 4.0)
    assert experiment(made).status.phase == "Running"


def test_a_service_of_that_name_that_is_somebody_elses() -> None:
    asked = step({"name": "trial", "specRef": "canary", "service": {"name": "app"}}, duration="60s")
    made = played(asked)
    image(made, "v2", 3.0)
    found = experiment(made)
    text = "Failed to create Service app for template 'trial': service app already exists and is not owned by experiment template trial"
    assert (found.status.phase, found.status.message) == ("Error", text)
    assert made.store.get(Service, "app") is not None  # it is not deleted


def test_services_by_name_weight_and_neither() -> None:
    """A Service comes with `service`, under its name, and only with container ports."""
    made = played(
        step(
            {"name": "named", "specRef": "canary", "service": {"name": "trial"}},
            {"name": "unnamed", "specRef": "stable", "service": {}},
            {"name": "none", "specRef": "stable"},
            duration="60s",
        )
    )
    image(made, "v2", 3.0)
    name = experiment(made).meta.name
    owned = {found.meta.name: found for found in made.store.objects(Service) if found.meta.owner == name}
    assert sorted(owned) == sorted(["trial", f"{name}-unnamed"])
    assert {pod.pod_hash for pod in pods_of(made, name)} >= {owned["trial"].pod_hash}


def test_an_abort_terminates_the_experiment() -> None:
    made = played(
        step(duration="60s", analyses=[{"name": "a", "templateName": "t"}]),
        template("t", {"name": "t", "interval": "5s"}),
        metrics={"t": {"values": [[0, 1]]}},
    )
    image(made, "v2", 4.0)
    do(made, commands.abort(made.rollout))
    wait(made, 2.0)
    found = experiment(made)
    assert (found.spec.terminate, found.status.phase) == (True, "Successful")
    (run,) = made.store.objects(AnalysisRun)
    assert (run.spec.terminate, run.status.phase, run.status.message) == (True, "Successful", "Run Terminated")
    assert made.rollout.status.phase == "Degraded"


def test_weights_of_an_experiment_with_istio_last_while_it_runs() -> None:
    """W18: from availability to the end of the duration; stable has the rest."""
    routing = {"istio": {"virtualService": {"name": "vs"}}}
    asked = step({"name": "trial", "specRef": "canary", "weight": 5}, duration="6s")
    steps = [{"setWeight": 20}, asked, {"pause": {}}]
    canary = {"steps": steps, "canaryService": "canary", "stableService": "stable", "trafficRouting": routing}
    made = world(
        rollout({"canary": canary}, template=TEMPLATE),
        virtual_service({"destination": {"host": "stable"}}, {"destination": {"host": "canary"}}),
        *service("canary", "stable"),
    )
    image(made, "v2", 6.0)

    def weights() -> dict[str, int]:
        routes = made.store.objects(VirtualService)[0].spec["http"][0]["route"]
        return {route["destination"]["host"].rpartition("-")[2]: route.get("weight", 0) for route in routes}

    assert experiment(made).status.phase == "Running"
    assert weights() == {"stable": 75, "canary": 20, "trial": 5}
    wait(made, 6.0)
    assert experiment(made).status.phase == "Successful"
    assert {host: weight for host, weight in weights().items() if weight} == {"stable": 80, "canary": 20}


def test_an_optional_run_that_goes_on_keeps_a_finished_experiment_running_for_good() -> None:
    """10, a quirk: all required runs have succeeded, so it winds up, and the status of the optional one is never read again."""
    analyses = [{"name": "a", "templateName": "a", "requiredForCompletion": True}, {"name": "b", "templateName": "b"}]
    made = played(
        step(duration="60s", scaleDownDelaySeconds=2, analyses=analyses),
        template("a"),
        template("b", {"name": "b", "interval": "5s"}),
        metrics={"a": {"values": [[0, 1]]}, "b": {"values": [[0, 1]]}},
    )
    image(made, "v2", 30.0)
    found = experiment(made)
    assert (found.status.phase, pods_of(made, found.meta.name)) == ("Running", [])
    optional = next(run for run in made.store.objects(AnalysisRun) if run.meta.name.endswith("-b"))
    assert (optional.spec.terminate, optional.status.phase) == (True, "Successful")
    wait(made, 120.0)
    assert (experiment(made).status.phase, made.rollout.status.current_step_index) == ("Running", 0)
