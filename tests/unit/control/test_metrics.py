"""One metric and one run by the rules: due, assessed, limited, expired, named, adopted (spec/analysis.md 7 to 9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rolloutsim.control.analysis import metric as of_metric
from rolloutsim.control.analysis.creation import named_run
from rolloutsim.control.analysis.run import conclude, is_expired, look
from rolloutsim.control.observed import Now
from rolloutsim.manifest.analysis import AnalysisRun, Argument, DryRun, Measurement, MetricResult, RunSpec, RunStatus
from rolloutsim.manifest.analysis_metrics import Metric, validated
from rolloutsim.manifest.meta import Meta

WEB = {"provider": {"web": {"url": "x"}}}


def metric(**fields: Any) -> Metric:
    (found,) = validated([{"name": "m", **WEB, **fields}])
    return found


def result(**counters: Any) -> MetricResult:
    return MetricResult("m", measurements=(Measurement("Successful", 0.0, 0.0),), **counters)


def test_a_metric_with_its_count_is_not_due_again() -> None:
    """`Count reached -> none.`"""
    counted = metric(interval="5s", count=2)
    assert of_metric.is_due(counted, result(count=1), 0.0, 6.0, terminating=False)
    assert not of_metric.is_due(counted, result(count=2), 0.0, 6.0, terminating=False)
    assert of_metric.due_s(counted, result(count=1), 0.0, 6.0) == 5.0
    assert of_metric.due_s(counted, result(count=2), 0.0, 6.0) is None


def test_an_error_comes_again_after_ten_seconds_whatever_the_interval() -> None:
    """`10 s if the last measurement was Error, whatever the interval`; without an interval only an Error comes again."""
    failed = MetricResult("m", measurements=(Measurement("Error", 0.0, 0.0),))
    assert of_metric.due_s(metric(interval="300s", count=2), failed, 0.0, 1.0) == 10.0
    assert of_metric.due_s(metric(), MetricResult("m", measurements=(Measurement("Error", 0.0, 0.0),), error=1), 0.0, 1.0) == 10.0
    assert of_metric.due_s(metric(interval="60s"), result(count=1), 0.0, 1.0) == 60.0


@pytest.mark.parametrize(
    ("fields", "counters", "phase", "text"),
    [
        ({"interval": "1s"}, {"consecutive_error": 5}, "Error", "consecutiveErrors (5) > consecutiveErrorLimit (4)"),
        ({"interval": "1s"}, {"inconclusive": 1}, "Inconclusive", "inconclusive (1) > inconclusiveLimit (0)"),
        ({"interval": "1s"}, {"failed": 1}, "Failed", "failed (1) > failureLimit (0)"),
        ({"interval": "1s"}, {"failed": 1, "inconclusive": 1}, "Inconclusive", "inconclusive (1) > inconclusiveLimit (0)"),
        ({"interval": "1s"}, {"failed": 1, "inconclusive": 1, "consecutive_error": 5}, "Error", "consecutiveErrors (5) > consecutiveErrorLimit (4)"),
        ({"interval": "1s", "failureLimit": -1, "consecutiveSuccessLimit": 2}, {"failed": 99}, "Running", ""),
        ({"interval": "1s", "consecutiveSuccessLimit": 2}, {"consecutive_success": 2}, "Successful", ""),
        ({"interval": "1s", "count": 4, "consecutiveSuccessLimit": 3, "failureLimit": 1}, {"count": 4}, "Inconclusive", ""),
        ({"interval": "1s", "count": 3, "consecutiveSuccessLimit": 3, "failureLimit": -1}, {"count": 3}, "Failed", ""),
        ({"interval": "1s", "count": 3}, {"count": 3}, "Successful", ""),
    ],
)
def test_the_rows_of_a_metrics_phase(fields: dict[str, Any], counters: dict[str, int], phase: str, text: str) -> None:
    """`Metric phase, first row that applies`; `if several hold at once Error beats Inconclusive beats Failed`."""
    assert of_metric.assess(metric(**fields), result(**counters), terminating=False) == phase
    assert of_metric.beyond_limit(metric(**fields), result(**counters))[1] == text


def test_a_terminated_metric_within_its_limits_succeeds() -> None:
    """`otherwise: Successful if terminating else Running`; `an unmet consecutiveSuccessLimit (count not reached)` ends Successful, too."""
    endless = metric(interval="1s", failureLimit=3, consecutiveSuccessLimit=9)
    assert of_metric.assess(endless, result(failed=3), terminating=True) == "Successful"
    assert of_metric.assess(endless, result(failed=3), terminating=False) == "Running"
    in_flight = MetricResult("m", measurements=(Measurement("Running", 0.0),))
    assert of_metric.assess(endless, in_flight, terminating=True) == "Running"
    assert of_metric.assess(endless, result(phase="Failed"), terminating=True) == "Failed"  # already completed: unchanged, for ever


def run(name: str = "run", **status: Any) -> AnalysisRun:
    return AnalysisRun(Meta(name, owner="app"), RunSpec(({"name": "m", **WEB},)), RunStatus(**status))


def test_runs_expire_by_whole_seconds_since_they_were_completed() -> None:
    """`Successful -> secondsAfterSuccess, Failed -> secondsAfterFailure, else secondsAfterCompletion`; runs without completedAt never."""
    ttl = {"secondsAfterSuccess": 10, "secondsAfterFailure": 20, "secondsAfterCompletion": 30}

    def expired(now_s: float, **status: Any) -> bool:
        given = run(**status)
        return is_expired(replace(given, spec=replace(given.spec, ttl_strategy=ttl)), Now(now_s))

    assert [expired(s, phase="Successful", completed_s=0.0) for s in (10.9, 11.0)] == [False, True]
    assert [expired(s, phase="Failed", completed_s=0.0) for s in (20.9, 21.0)] == [False, True]
    assert [expired(s, phase="Error", completed_s=0.0) for s in (30.9, 31.0)] == [False, True]
    assert not expired(99.0, phase="Error")
    assert not expired(99.0, phase="Running", completed_s=0.0)


def test_an_argument_that_was_not_supplied_ends_the_run_in_its_first_look() -> None:
    """`unresolved {{}}: run Error in the first reconcile, 0 s`."""
    spec = RunSpec(({"name": "m", **WEB, "successCondition": "result > {{args.least}}"},), (Argument("least"),))
    given = AnalysisRun(Meta("run"), spec)
    decided = conclude(given, look(given, Now(5.0)), {}, Now(5.0))
    assert (decided.status.phase, decided.status.message) == (
        "Error",
        'Unable to resolve metric arguments: argument "least" was not supplied',
    )
    assert [event.reason for event in decided.events] == ["AnalysisRunError"]


def test_a_taken_name_is_adopted_if_it_is_like_and_under_way() -> None:
    """`Name taken: a live, owned, equal run is adopted, else suffix .1, .2, ...`"""
    wanted = run()
    assert named_run({"run": run(phase="Running")}, wanted) == (run(phase="Running"), False)
    for other in (run(phase="Successful"), replace(run(), meta=Meta("run", owner="else")), replace(run(), spec=RunSpec())):
        taken = {"run": other, "run.1": other}
        found, is_new = named_run(taken, wanted)
        assert (found.meta.name, is_new) == ("run.2", True)


def test_a_measurement_in_flight_counts_when_it_is_finished() -> None:
    """`In flight: resume unless resumeAt is in the future`; it takes the place of its last state."""
    begun = of_metric.with_measurement(MetricResult("m"), Measurement("Running", 0.0, job="j", resume_at_s=30.0))
    assert (begun.count, len(begun.measurements)) == (0, 1)
    job = metric()
    assert not of_metric.is_due(job, begun, 0.0, 29.0, terminating=False)
    assert of_metric.is_due(job, begun, 0.0, 30.0, terminating=False)
    assert of_metric.due_s(job, begun, 0.0, 1.0) == 30.0
    broken = of_metric.with_measurement(begun, Measurement("Error", 0.0, 30.0))
    assert (broken.count, broken.error, broken.consecutive_error) == (0, 1, 1)
    ended = of_metric.with_measurement(begun, Measurement("Failed", 0.0, 30.0))
    assert (ended.count, ended.failed, len(ended.measurements)) == (1, 1, 1)
    assert of_metric.due_s(job, replace(ended, phase="Failed"), 0.0, 31.0) is None


def test_a_run_of_two_metrics_and_a_dry_one() -> None:
    """`Running while any metric (dry-run included, delayed ones included) is incomplete`; a dry one's outcome goes to its summary and message."""
    delayed = {"name": "late", **WEB, "initialDelay": "20s"}
    trees = ({"name": "m", **WEB}, {"name": "dry", **WEB}, {"name": "dry-2", **WEB}, delayed)
    given = AnalysisRun(Meta("run"), RunSpec(trees, dry_run=(DryRun("dry.*"),)))
    well = Measurement("Successful", 0.0, 0.0)
    measured = {"m": well, "dry": Measurement("Failed", 0.0, 0.0), "dry-2": well}
    first = conclude(given, look(given, Now(0.0)), measured, Now(0.0)).status
    assert (first.phase, first.run_summary.successful, first.dry_run_summary.failed) == ("Running", 1, 1)
    assert first.dry_run_summary.successful == 1
    (dry,) = (r for r in first.metric_results if r.name == "dry")
    assert dry.message == "Metric assessed Failed due to failed (1) > failureLimit (0)"
    after = replace(given, status=first)
    assert look(after, Now(19.0)).due == ()
    last = conclude(after, look(after, Now(20.0)), {"late": Measurement("Successful", 20.0, 20.0)}, Now(20.0)).status
    assert (last.phase, last.message) == ("Successful", "")


def test_a_rule_that_matches_no_metric_ends_the_run() -> None:
    """`invalid metric, unmatched dryRun rule: run Error in the first reconcile, 0 s`."""
    given = AnalysisRun(Meta("run"), RunSpec(({"name": "m", **WEB},), dry_run=(DryRun("none"),)))
    decided = conclude(given, look(given, Now(0.0)), {}, Now(0.0))
    assert decided.status.phase == "Error"
    assert decided.status.message.startswith("Analysis spec invalid: ")
