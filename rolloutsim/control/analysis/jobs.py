"""Jobs that measure: their names (metricproviders/job/job.go)."""

from __future__ import annotations

from rolloutsim.manifest.analysis import AnalysisRun

LONGEST_NAME = 63


def job_name(run: AnalysisRun, metric: str) -> str:
    """`UID.METRIC.N` of the next measurement, the metric's name cut so that 63 characters suffice (newJobName)."""
    result = run.status.result(metric)
    number = 1 + (result.count + result.error if result is not None else 0)
    surplus = max(0, len(f"{run.meta.uid}.{metric}.{number}") - LONGEST_NAME)
    return f"{run.meta.uid}.{metric[: len(metric) - surplus]}.{number}"
