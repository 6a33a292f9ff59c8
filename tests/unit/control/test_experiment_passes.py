"""One look at an Experiment, as a function: its pods, its analyses, its phase, and when it looks again (spec/analysis.md 10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rolloutsim.control import operations as op
from rolloutsim.control.experiments.arguments import resolved_arguments
from rolloutsim.control.experiments.experiment import reconcile_experiment
from rolloutsim.control.experiments.look import ObservedExperiment
from rolloutsim.control.observed import Now
from rolloutsim.control.operations import Pass
from rolloutsim.manifest.analysis import AnalysisRun, Argument, RunSpec, RunStatus, TemplateSpec
from rolloutsim.manifest.analysis_templates import TemplateError, Templates
from rolloutsim.manifest.experiment import (
    Experiment,
    ExperimentAnalysis,
    ExperimentRunStatus,
    ExperimentSpec,
    ExperimentStatus,
    ExperimentTemplate,
    TemplateService,
    TemplateStatus,
)
from rolloutsim.manifest.objects import AnalysisTemplate, Meta, PodTemplate, ReplicaSet, ReplicaSetStatus, Service

PODS = PodTemplate({"app": "app"}, {}, {"containers": [{"name": "app", "image": "app:v1", "ports": [{"containerPort": 80}]}]})
ONE = ExperimentTemplate("t", template=PODS)
METRIC = {"name": "m", "provider": {"web": {"url": "x"}}, "successCondition": "result == 1"}
TEMPLATES = Templates({"ok": AnalysisTemplate(Meta("ok"), TemplateSpec((METRIC,)))})


def pods(available: int, size: int = 1, **fields: Any) -> ReplicaSet:
    status = ReplicaSetStatus(size, available, available)
    return ReplicaSet(Meta("ex-t", owner="ex"), PODS, "h", replicas=size, status=status, **fields)


def under_way(*runs: ExperimentRunStatus, since_s: float | None = 10.0, phase: str = "Running", **template: Any) -> ExperimentStatus:
    counts = {"replicas": 1, "ready_replicas": 1, "available_replicas": 1, **template}
    standing = TemplateStatus("t", template.pop("status", "Running"), **{k: v for k, v in counts.items() if k != "status"}, last_transition_s=10.0)
    return ExperimentStatus(phase, available_at_s=since_s, template_statuses=(standing,), analysis_runs=runs)


def looked(status: ExperimentStatus, at_s: float, rs: ReplicaSet, runs: tuple[AnalysisRun, ...] = (), services: Any = None, **spec: Any) -> Pass:
    experiment = Experiment(Meta("ex", owner="app"), ExperimentSpec(**{"templates": (ONE,), **spec}), status)
    observed = ObservedExperiment(experiment, {"ex-t": rs}, services or {}, {run.meta.name: run for run in runs}, TEMPLATES)
    return reconcile_experiment(observed, Now(at_s))


def patched(decided: Pass) -> dict[str, Any]:
    return {key: value for o in decided.operations if isinstance(o, op.PatchExperimentStatus) for key, value in o.changes.items()}


def events(decided: Pass) -> list[str]:
    return [o.message for o in decided.operations if isinstance(o, op.Emit) and not o.about_owner]


def judged(phase: str, message: str = "") -> AnalysisRun:
    return AnalysisRun(Meta("ex-a", owner="ex"), RunSpec((METRIC,)), RunStatus(phase, message))


FOLLOWED = ExperimentRunStatus("a", "ex-a", "Running")
OPTIONAL, REQUIRED = ExperimentAnalysis("a", "ok"), ExperimentAnalysis("a", "ok", required_for_completion=True)

# --- phases: the table of templates and analyses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("analysis", "run", "at_s", "phase", "message"),
    [
        (OPTIONAL, "Running", 12.0, "Running", ""),
        (OPTIONAL, "Successful", 12.0, "Running", ""),
        (OPTIONAL, "Failed", 12.0, "Failed", "why"),
        (OPTIONAL, "Error", 12.0, "Error", "why"),
        (OPTIONAL, "Inconclusive", 12.0, "Inconclusive", "why"),
        (REQUIRED, "Successful", 12.0, "Successful", "Required AnalysisRuns completed"),  # at once, before the duration's end
        (OPTIONAL, "Running", 21.0, "Successful", ""),  # the duration is over: the run is terminated afterwards
        (OPTIONAL, "Successful", 21.0, "Successful", ""),
        (REQUIRED, "Running", 21.0, "Running", ""),  # pods already leaving; later the analyses' phase
    ],
)
def test_the_worse_of_templates_and_analyses(analysis: ExperimentAnalysis, run: str, at_s: float, phase: str, message: str) -> None:
    """`Running | Failed/Error/Inconclusive, required or not | that phase, at once` and the rows around it."""
    decided = looked(
        under_way(FOLLOWED),
        at_s,
        pods(1),
        (judged(run, "why" if run in ("Failed", "Error", "Inconclusive") else ""),),
        analyses=(analysis,),
        duration="10s",
    )
    found = patched(decided)
    assert (found.get("phase", "Running"), found.get("message", "")) == (phase, message)


def test_a_running_pod_that_drops_out_makes_it_pending_again() -> None:
    """`Running -> Pending, availableAt kept`; it looks again when progressDeadlineSeconds are over."""
    decided = looked(under_way(), 15.0, pods(0))
    assert patched(decided)["phase"] == "Pending"
    assert "available_at_s" not in patched(decided)
    assert decided.wake_up_at_s == 15.0 + 600.0


def test_a_template_that_is_never_available_fails() -> None:
    """`not at desired count for progressDeadlineSeconds since its last replica change`."""
    waiting = under_way(since_s=None, phase="Pending", status="Progressing", ready_replicas=0, available_replicas=0)
    assert patched(looked(waiting, 40.0, pods(0), progress_deadline_seconds=30)) == {}
    found = patched(looked(waiting, 40.1, pods(0), progress_deadline_seconds=30))
    assert (found["phase"], found["message"]) == ("Failed", "Template 't' exceeded its progressDeadlineSeconds (30)")


def test_a_duration_that_cannot_be_read_never_ends() -> None:
    decided = looked(under_way(), 1000.0, pods(1), duration="soon")
    assert patched(decided) == {}
    assert decided.wake_up_at_s is None


# --- pods ------------------------------------------------------------------------------------------------------------------------------


def test_pods_stay_for_the_delay_when_it_is_over() -> None:
    """`deadline = now + scaleDownDelaySeconds (30; 0 = at once), pods stay until then`; a wait as long as the resync is left to it."""

    def ended(**spec: Any) -> Pass:
        return looked(under_way(phase="Successful", status="Successful"), 20.5, pods(1), **spec)

    (deadline,) = (o for o in ended().operations if isinstance(o, op.PatchReplicaSet))
    assert deadline.changes == {"scale_down_deadline_s": 50.0}
    assert not any(isinstance(o, op.UpdateReplicaSet) for o in ended().operations)
    at_once = [o.changes for o in ended(scale_down_delay_seconds=0).operations if isinstance(o, op.UpdateReplicaSet)]
    assert at_once == [{"replicas": 0}]
    waiting = under_way(phase="Successful", status="Successful")
    assert looked(waiting, 20.5, pods(1, scale_down_deadline_s=50.0)).wake_up_at_s == 50.0
    assert looked(waiting, 20.5, pods(1, scale_down_deadline_s=20.5 + 900.0)).wake_up_at_s is None
    gone = looked(waiting, 50.1, pods(1, scale_down_deadline_s=50.0))
    assert [o.changes for o in gone.operations if isinstance(o, op.UpdateReplicaSet)] == [{"replicas": 0}]
    assert "Scaled down ReplicaSet ex-t from 1 to 0" in events(gone)


def test_a_service_comes_with_the_pods_and_goes_with_the_last() -> None:
    """`Service created (if service or weight set and the pod has container ports)`, called like its ReplicaSet unless it has a name."""
    known = {"t": Service(Meta("web", owner="ex"), {})}

    def services(template: ExperimentTemplate, status: ExperimentStatus, rs: ReplicaSet, present: Any = None) -> list[Any]:
        decided = looked(status, 15.0, rs, services=present, templates=(template,), scale_down_delay_seconds=0)
        return [o for o in decided.operations if isinstance(o, op.CreateService | op.DeleteService)]

    named = replace(ONE, service=TemplateService("web"))
    (made,) = services(named, under_way(), pods(1))
    assert (made.service.meta.name, made.service.ports) == ("web", ({"port": 80},))
    (unnamed,) = services(replace(ONE, service=TemplateService()), under_way(), pods(1))
    assert unnamed.service.meta.name == "ex-t"
    portless = replace(named, template=replace(PODS, spec={"containers": [{"name": "app", "image": "app:v1"}]}))
    assert services(portless, under_way(), replace(pods(1), template=portless.template)) == []
    over = under_way(phase="Successful", status="Successful")
    assert services(named, over, pods(1), known) == []
    assert services(named, over, pods(0), known) == [op.DeleteService("web")]


# --- analyses --------------------------------------------------------------------------------------------------------------------------


def test_runs_begin_once_the_pods_are_available() -> None:
    """`Next pass: one AR per analysis, all at once`, named EX-ANALYSIS; before that it is only looked whether the template exists."""
    begun = looked(under_way(), 15.0, pods(1), analyses=(OPTIONAL,), analysis_run_metadata={"labels": {"a": "b"}, "annotations": {"c": "d"}})
    (created,) = (o.run for o in begun.operations if isinstance(o, op.CreateAnalysisRun))
    assert (created.meta.name, created.meta.labels, created.meta.annotations) == ("ex-a", {"a": "b"}, {"c": "d"})
    assert patched(begun)["analysis_runs"] == (ExperimentRunStatus("a", "ex-a", "Pending"),)
    assert "AnalysisRun 'a' transitioned from  -> Pending" in events(begun)
    early = looked(under_way(since_s=None, phase="Pending"), 15.0, pods(0), analyses=(OPTIONAL,))
    assert not any(isinstance(o, op.CreateAnalysisRun) for o in early.operations)


def test_a_like_run_under_way_is_adopted() -> None:
    """A pass on a stale copy finds the run that the pass before it has made."""
    known = replace(judged("Running"), spec=RunSpec((METRIC,)))
    adopted = looked(under_way(), 15.0, pods(1), (known,), analyses=(OPTIONAL,))
    assert not any(isinstance(o, op.CreateAnalysisRun) for o in adopted.operations)
    assert patched(adopted)["analysis_runs"][0].analysis_run == "ex-a"


@pytest.mark.parametrize(
    ("analysis", "since_s", "words"),
    [
        (
            ExperimentAnalysis("a", "none"),
            None,
            "AnalysisTemplate verification failed for analysis 'a': analysistemplate.argoproj.io \"none\" not found",
        ),
        (
            ExperimentAnalysis("a", "ok", cluster_scope=True),
            None,
            "ClusterAnalysisTemplate verification failed for analysis 'a': clusteranalysistemplate.argoproj.io \"ok\" not found",
        ),
        (ExperimentAnalysis("a", "none"), 10.0, "Failed to create AnalysisRun for analysis 'a': analysistemplate.argoproj.io \"none\" not found"),
        (
            ExperimentAnalysis("a", "ok", args=(Argument("x", "{{templates.none.podTemplateHash}}"),)),
            10.0,
            "Failed to create AnalysisRun for analysis 'a': failed to resolve {{templates.none.podTemplateHash}}",
        ),
    ],
)
def test_an_analysis_that_cannot_be_made_is_an_error(analysis: ExperimentAnalysis, since_s: float | None, words: str) -> None:
    """`EX: template missing, arg unresolvable: analysis Error -> EX Error`."""
    decided = looked(under_way(since_s=since_s, phase="Pending" if since_s is None else "Running"), 15.0, pods(1), analyses=(analysis,))
    assert (patched(decided)["phase"], patched(decided)["message"]) == ("Error", words)


def test_a_run_that_is_gone_is_an_error() -> None:
    decided = looked(under_way(FOLLOWED), 15.0, pods(1), analyses=(OPTIONAL,))
    assert patched(decided)["analysis_runs"] == (ExperimentRunStatus("a", "ex-a", "Error", 'analysisrun.argoproj.io "ex-a" not found'),)


def test_unfinished_runs_are_asked_to_stop_once() -> None:
    """`unfinished ARs get terminate`; statuses are no longer read once terminating."""
    stopping = looked(under_way(FOLLOWED), 15.0, pods(1), (judged("Running"),), analyses=(OPTIONAL,), terminate=True)
    assert op.TerminateAnalysisRun("ex-a") in stopping.operations
    assert "Terminating a (ex-a)" in events(stopping)
    asked = replace(judged("Running"), spec=RunSpec((METRIC,), terminate=True))
    for run in (asked, judged("Failed")):
        again = looked(under_way(FOLLOWED), 15.0, pods(1), (run,), analyses=(OPTIONAL,), terminate=True)
        assert op.TerminateAnalysisRun("ex-a") not in again.operations
        assert "analysis_runs" not in patched(again)
    nothing = looked(under_way(), 15.0, pods(1), analyses=(OPTIONAL,), terminate=True)
    assert not any(isinstance(o, op.CreateAnalysisRun) for o in nothing.operations)


def test_a_finished_run_is_not_looked_at_again() -> None:
    over = replace(FOLLOWED, phase="Successful")
    assert patched(looked(under_way(over), 15.0, pods(1), (judged("Failed"),), analyses=(OPTIONAL,))) == {}


# --- arguments -------------------------------------------------------------------------------------------------------------------------


def test_what_an_argument_may_ask_of_an_experiment() -> None:
    """`{{templates.T.podTemplateHash}}`, `{{templates.T.replicaset.name}}`, `{{experiment.availableAt}}`, `{{experiment.finishedAt}}`."""
    tags = ("templates.t.podTemplateHash", "templates.t.replicaset.name", "experiment.availableAt", "experiment.finishedAt")
    given = [Argument(tag, f"<{{{{ {tag} }}}}>") for tag in tags] + [Argument("plain", "x"), Argument("none")]
    experiment = Experiment(Meta("ex"), ExperimentSpec((ONE,), duration="1h"), ExperimentStatus(available_at_s=59 * 86400.0 - 1800.0))
    found = resolved_arguments(given, experiment, {"ex-t": pods(1)}, Now(0.0))
    assert [arg.value for arg in found] == ["<h>", "<ex-t>", "<2026-02-28T23:30:00Z>", "<2026-03-01T00:30:00Z>", "x", None]


def test_instants_cross_the_year() -> None:
    experiment = Experiment(Meta("ex"), ExperimentSpec((ONE,)), ExperimentStatus(available_at_s=(365 + 365 + 59) * 86400.0))
    (found,) = resolved_arguments([Argument("at", "{{experiment.availableAt}}")], experiment, {}, Now(0.0))
    assert found.value == "2028-02-29T00:00:00Z"


def test_arguments_that_cannot_be_resolved_are_errors() -> None:
    early = Experiment(Meta("ex"), ExperimentSpec((ONE,)))
    with pytest.raises(TemplateError, match=r"failed to resolve \{\{experiment.availableAt\}\}"):
        resolved_arguments([Argument("at", "{{experiment.availableAt}}")], early, {}, Now(0.0))
    bad = Experiment(Meta("ex"), ExperimentSpec((ONE,), duration="soon"), ExperimentStatus(available_at_s=0.0))
    with pytest.raises(TemplateError, match="soon"):
        resolved_arguments([], bad, {}, Now(0.0))
