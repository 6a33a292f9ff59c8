"""One metric of a run: when it is due, what a measurement adds to it, and how it is assessed (analysis/analysis.go; spec/analysis.md 7, 8)."""

from __future__ import annotations

from rolloutsim.manifest.analysis import (
    COMPLETED,
    ERROR,
    FAILED,
    INCONCLUSIVE,
    RUNNING,
    SUCCESSFUL,
    Measurement,
    MetricResult,
)
from rolloutsim.manifest.analysis_metrics import Metric
from rolloutsim.manifest.immutable import replace

ERROR_RETRY_S = 10.0
"""After an Error the next attempt comes so soon, whatever the interval (DefaultErrorRetryInterval)."""


def is_due(metric: Metric, result: MetricResult | None, started_s: float | None, now_s: float, *, terminating: bool) -> bool:
    """Whether a measurement is to be begun, or one in flight to be looked at (generateMetricTasks)."""
    if result is not None and result.phase in COMPLETED:
        return False
    last = _last(result)
    if last is not None and last.finished_s is None:
        return last.resume_at_s is None or last.resume_at_s <= now_s
    if terminating:
        return False
    if last is None or result is None:
        return metric.initial_delay_s is None or (started_s is not None and started_s + metric.initial_delay_s <= now_s)
    if _is_counted_out(metric, result):
        return False
    gap_s = ERROR_RETRY_S if last.phase == ERROR or metric.interval_s is None else metric.interval_s
    return now_s > (last.finished_s or 0.0) + gap_s


def due_s(metric: Metric, result: MetricResult | None, started_s: float | None, now_s: float) -> float | None:
    """When to look again because of a metric; None if never (calculateNextReconcileTime)."""
    if result is not None and result.phase in COMPLETED:
        return None
    last = _last(result)
    if last is None or result is None:
        return None if metric.initial_delay_s is None else (now_s if started_s is None else started_s) + metric.initial_delay_s
    if last.finished_s is None:
        return last.resume_at_s
    if _is_counted_out(metric, result):
        return None
    if last.phase == ERROR:
        return last.finished_s + ERROR_RETRY_S
    return None if metric.interval_s is None else last.finished_s + metric.interval_s


def with_measurement(result: MetricResult, measurement: Measurement) -> MetricResult:
    """The result with one more measurement, or with the one in flight brought up to date (runMeasurements)."""
    last = _last(result)
    kept = result.measurements[:-1] if last is not None and last.finished_s is None else result.measurements
    result = replace(result, measurements=(*kept, measurement))
    match measurement.phase:
        case "Successful":
            success = result.consecutive_success + 1
            return replace(result, successful=result.successful + 1, count=result.count + 1, consecutive_error=0, consecutive_success=success)
        case "Failed":
            return replace(result, failed=result.failed + 1, count=result.count + 1, consecutive_error=0, consecutive_success=0)
        case "Inconclusive":
            return replace(result, inconclusive=result.inconclusive + 1, count=result.count + 1, consecutive_error=0, consecutive_success=0)
        case "Error":
            return replace(result, error=result.error + 1, consecutive_error=result.consecutive_error + 1, consecutive_success=0)
    return result


def assess(metric: Metric, result: MetricResult, *, terminating: bool) -> str:
    """The phase of a metric (assessMetricStatus)."""
    if result.phase in COMPLETED:
        return result.phase
    if result.measurements[-1].phase not in COMPLETED:  # a result exists from its first measurement on
        return RUNNING
    phase, _ = beyond_limit(metric, result)
    if phase:
        return phase
    wanted = metric.consecutive_success_limit
    if 0 < wanted <= result.consecutive_success:
        return SUCCESSFUL
    if _is_counted_out(metric, result):
        if wanted > 0:
            return INCONCLUSIVE if metric.failure_limit >= 0 else FAILED
        return SUCCESSFUL
    return SUCCESSFUL if terminating else RUNNING


def beyond_limit(metric: Metric, result: MetricResult) -> tuple[str, str]:
    """The phase that a limit forces, with its text; Error beats Inconclusive beats Failed (assessMetricFailureInconclusiveOrError)."""
    if result.consecutive_error > metric.consecutive_error_limit:
        return ERROR, f"consecutiveErrors ({result.consecutive_error}) > consecutiveErrorLimit ({metric.consecutive_error_limit})"
    if result.inconclusive > metric.inconclusive_limit:
        return INCONCLUSIVE, f"inconclusive ({result.inconclusive}) > inconclusiveLimit ({metric.inconclusive_limit})"
    if 0 <= metric.failure_limit < result.failed:
        return FAILED, f"failed ({result.failed}) > failureLimit ({metric.failure_limit})"
    return "", ""


def _is_counted_out(metric: Metric, result: MetricResult) -> bool:
    return metric.effective_count is not None and result.count >= metric.effective_count


def _last(result: MetricResult | None) -> Measurement | None:
    return result.measurements[-1] if result is not None and result.measurements else None
