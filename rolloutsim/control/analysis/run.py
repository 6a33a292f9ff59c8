"""One look at an AnalysisRun, in two halves: what to measure now, and what the run comes to with what was measured (analysis/analysis.go).

Between the halves the world takes the measurements side by side and waits for all of them, as the real controller does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rolloutsim.control.analysis import metric as of_metric
from rolloutsim.control.observed import Now
from rolloutsim.control.operations import Emit
from rolloutsim.manifest.analysis import (
    COMPLETED,
    ERROR,
    FAILED,
    INCONCLUSIVE,
    PENDING,
    RUNNING,
    SUCCESSFUL,
    AnalysisRun,
    Measurement,
    MetricResult,
    RunStatus,
    RunSummary,
)
from rolloutsim.manifest.analysis_metrics import Metric, MetricError, matching, substituted, validated, without_secrets
from rolloutsim.manifest.immutable import replace

MEASUREMENTS_KEPT = 10
_WORSE = {SUCCESSFUL: 0, RUNNING: 1, PENDING: 2, INCONCLUSIVE: 3, ERROR: 4, FAILED: 5}


@dataclass(frozen=True, slots=True)
class Look:
    """The first half: metrics with their rules, those that are due, or why the run cannot be."""

    metrics: tuple[Metric, ...] = ()
    due: tuple[str, ...] = ()
    dry_run: frozenset[str] = frozenset()
    kept: Mapping[str, int] | None = None
    terminating: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunPass:
    """The outcome of a look: the status to write, events about the run, and when to look again (None: only when something changes)."""

    status: RunStatus
    events: tuple[Emit, ...] = ()
    wake_up_at_s: float | None = None


def is_terminating(run: AnalysisRun) -> bool:
    """Whether no further measurement is begun: asked to stop, or a metric that counts has not succeeded (IsTerminating)."""
    bad = (FAILED, ERROR, INCONCLUSIVE)
    return run.spec.terminate or any(result.phase in bad and not result.dry_run for result in run.status.metric_results)


def is_expired(run: AnalysisRun, now: Now) -> bool:
    """Whether a finished run has outlived its `ttlStrategy`, by whole seconds; one without completedAt never does (isAnalysisRunTtlExceeded)."""
    ttl, completed_s = run.spec.ttl_strategy or {}, run.status.completed_s
    if not run.is_completed or completed_s is None:
        return False
    own = {SUCCESSFUL: "secondsAfterSuccess", FAILED: "secondsAfterFailure"}.get(run.status.phase, "")
    seconds = ttl.get(own) if ttl.get(own) is not None else ttl.get("secondsAfterCompletion")
    return seconds is not None and int(now.s - completed_s) > int(seconds)


def look(run: AnalysisRun, now: Now) -> Look:
    """Put the arguments in, check the metrics, and pick those that are due."""
    try:
        trees = substituted(run.spec.metrics, without_secrets(run.spec.args))
    except MetricError as error:
        return Look(error=f"Unable to resolve metric arguments: {error}")
    try:
        metrics = validated(trees)
        dry_run = frozenset(matching(run.spec.dry_run, metrics, "dryRun"))
        rules = matching(run.spec.measurement_retention, metrics, "measurementRetention")
    except MetricError as error:
        return Look(error=f"Analysis spec invalid: {error}")
    limits = {name: run.spec.measurement_retention[i].limit for name, i in rules.items()}
    status, terminating = run.status, is_terminating(run)
    due = tuple(m.name for m in metrics if of_metric.is_due(m, status.result(m.name), status.started_s, now.s, terminating=terminating))
    kept = {name: limit if limit > 0 else MEASUREMENTS_KEPT for name, limit in limits.items()}
    return Look(tuple(metrics), due, dry_run, kept, terminating)


def conclude(run: AnalysisRun, seen: Look, measured: Mapping[str, Measurement], now: Now) -> RunPass:
    """What the run comes to; `measured` by metric, in the order in which the measurements ended."""
    if seen.error:
        return RunPass(replace(run.status, phase=ERROR, message=seen.error), (_completed(ERROR),))
    results = {result.name: result for result in run.status.metric_results}
    for name, measurement in measured.items():
        results[name] = of_metric.with_measurement(results.get(name) or MetricResult(name, dry_run=name in seen.dry_run), measurement)
    started_s = now.whole_s if run.status.started_s is None else run.status.started_s
    status = replace(run.status, started_s=started_s, metric_results=tuple(results.values()))
    draft = replace(run, status=status)
    status, events, phase, message = _assessed(draft, seen)
    if phase != status.phase:
        status = replace(status, phase=phase, message=message)
        if phase in COMPLETED:
            events.append(_completed(phase))
            status = replace(status, completed_s=now.whole_s if status.completed_s is None else status.completed_s)
    status = _trimmed(status, seen)
    due_s = [at_s for m in seen.metrics if (at_s := of_metric.due_s(m, status.result(m.name), started_s, now.whole_s)) is not None]
    return RunPass(status, tuple(events), min(due_s, default=None))


def _assessed(run: AnalysisRun, seen: Look) -> tuple[RunStatus, list[Emit], str, str]:
    """Phases of the metrics, summaries, and phase and message of the run (assessRunStatus)."""
    terminating, events, results = is_terminating(run), list[Emit](), {result.name: result for result in run.status.metric_results}
    worst, message, everything = "", "Run Terminated" if run.spec.terminate else "", True
    outcomes: dict[bool, list[str]] = {False: [], True: []}
    for metric in seen.metrics:
        dry, result = metric.name in seen.dry_run, results.get(metric.name)
        if result is None:
            everything = False
            continue
        phase = of_metric.assess(metric, result, terminating=terminating)
        if phase != result.phase:
            events.append(Emit(f"Metric{phase}", f"Metric '{metric.name}' Completed. Result: {phase}", _type(phase)))
            result = replace(result, phase=phase, message=result.measurements[-1].message)
        if phase not in COMPLETED:
            everything = False
        else:
            forced, text = of_metric.beyond_limit(metric, result)
            outcomes[dry].append(forced or SUCCESSFUL)
            if dry:
                worst = worst or SUCCESSFUL
                if text:
                    result = replace(result, message=f"Metric assessed {phase} due to {text}")
            elif not worst or _WORSE[phase] > _WORSE[worst]:
                worst = phase
                if text:
                    message = f'Metric "{metric.name}" assessed {phase} due to {text}'
                    message += f': "Error Message: {result.message}"' if result.message else ""
        results[metric.name] = result
    dry_count = sum(metric.name in seen.dry_run for metric in seen.metrics)
    status = replace(
        run.status,
        metric_results=tuple(results.values()),
        run_summary=_summary(len(seen.metrics) - dry_count, outcomes[False]),
        dry_run_summary=_summary(dry_count, outcomes[True]),
    )
    if terminating:
        return status, events, worst or SUCCESSFUL, message
    if not everything or not worst:
        return status, events, RUNNING, ""
    return status, events, worst, message


def _summary(count: int, outcomes: list[str]) -> RunSummary:
    return RunSummary(count, *(outcomes.count(phase) for phase in (SUCCESSFUL, FAILED, INCONCLUSIVE, ERROR)))


def _trimmed(status: RunStatus, seen: Look) -> RunStatus:
    """The newest measurements of each metric; the counters stay (garbageCollectMeasurements)."""
    kept = seen.kept or {}
    trimmed = tuple(replace(r, measurements=r.measurements[-kept.get(r.name, MEASUREMENTS_KEPT) :]) for r in status.metric_results)
    return replace(status, metric_results=trimmed)


def _type(phase: str) -> Literal["Normal", "Warning"]:
    return "Warning" if phase in (FAILED, ERROR) else "Normal"


def _completed(phase: str) -> Emit:
    return Emit(f"AnalysisRun{phase}", f"Analysis Completed. Result: {phase}", _type(phase))
