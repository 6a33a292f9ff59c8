"""Analysis as immutable typed values: what a Rollout asks for, the templates, and the AnalysisRun (pkg/apis/rollouts/v1alpha1/analysis_types.go).

A metric stays the JSON tree that the user wrote, since arguments are put into every part of it at each look (`analysis_metrics.resolved`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rolloutsim.manifest.meta import Meta

SUCCESSFUL, FAILED, ERROR, INCONCLUSIVE = "Successful", "Failed", "Error", "Inconclusive"
PENDING, RUNNING = "Pending", "Running"
COMPLETED = frozenset([SUCCESSFUL, FAILED, ERROR, INCONCLUSIVE])
"""Phases of a run, a metric or a measurement that never change again."""

Tree = Mapping[str, Any]

# --- asked for -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TemplateReference:
    """A template by name, of the namespace or of the cluster."""

    template_name: str = ""
    cluster_scope: bool = False


@dataclass(frozen=True, slots=True)
class RunArgument:
    """An argument as a Rollout or an Experiment gives it: a value, or where it comes from."""

    name: str = ""
    value: str = ""
    value_from: Tree | None = None


@dataclass(frozen=True, slots=True)
class DryRun:
    """Metrics (a regular expression) whose outcome does not count."""

    metric_name: str = ""


@dataclass(frozen=True, slots=True)
class MeasurementRetention:
    """How many measurements are kept of metrics (a regular expression)."""

    metric_name: str = ""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class RolloutAnalysis:
    """An analysis that a Rollout asks for; `starting_step` is of a background analysis only."""

    templates: tuple[TemplateReference, ...] = ()
    args: tuple[RunArgument, ...] = ()
    dry_run: tuple[DryRun, ...] = ()
    measurement_retention: tuple[MeasurementRetention, ...] = ()
    analysis_run_metadata: Tree | None = None
    starting_step: int | None = None


# --- templates -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a template or a run; a value that is None was not given."""

    name: str
    value: str | None = None
    value_from: Tree | None = None


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """`spec` of a template."""

    metrics: tuple[Tree, ...] = ()
    args: tuple[Argument, ...] = ()
    dry_run: tuple[DryRun, ...] = ()
    measurement_retention: tuple[MeasurementRetention, ...] = ()
    templates: tuple[TemplateReference, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisTemplate:
    """argoproj.io/v1alpha1 AnalysisTemplate."""

    meta: Meta
    spec: TemplateSpec = field(default_factory=TemplateSpec)


@dataclass(frozen=True, slots=True)
class ClusterAnalysisTemplate:
    """argoproj.io/v1alpha1 ClusterAnalysisTemplate."""

    meta: Meta
    spec: TemplateSpec = field(default_factory=TemplateSpec)


# --- runs ----------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunReference:
    """What a Rollout's status says of a run: its name, and phase and message as last seen."""

    name: str
    status: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """`spec` of an AnalysisRun: what the templates came to when it was created."""

    metrics: tuple[Tree, ...] = ()
    args: tuple[Argument, ...] = ()
    dry_run: tuple[DryRun, ...] = ()
    measurement_retention: tuple[MeasurementRetention, ...] = ()
    terminate: bool = False
    ttl_strategy: Tree | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement; instants are whole wall-clock seconds in simulation time, `finished_s` None while in flight, `job` the name of its Job."""

    phase: str
    started_s: float
    finished_s: float | None = None
    value: str = ""
    message: str = ""
    resume_at_s: float | None = None
    job: str = ""


@dataclass(frozen=True, slots=True)
class MetricResult:
    """What a run knows of a metric; `count` leaves errors out."""

    name: str
    phase: str = RUNNING
    message: str = ""
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    dry_run: bool = False
    measurements: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Metrics (not measurements) by outcome."""

    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0


@dataclass(frozen=True, slots=True)
class RunStatus:
    """`status` of an AnalysisRun; `metric_results` stand in the order in which first measurements finished."""

    phase: str = ""
    message: str = ""
    started_s: float | None = None
    completed_s: float | None = None
    metric_results: tuple[MetricResult, ...] = ()
    run_summary: RunSummary = RunSummary()
    dry_run_summary: RunSummary = RunSummary()

    def result(self, name: str) -> MetricResult | None:
        """The result of a metric."""
        return next((result for result in self.metric_results if result.name == name), None)


@dataclass(frozen=True, slots=True)
class AnalysisRun:
    """argoproj.io/v1alpha1 AnalysisRun; `revision` is its annotation `rollout.argoproj.io/revision` (0: none)."""

    meta: Meta
    spec: RunSpec = field(default_factory=RunSpec)
    status: RunStatus = field(default_factory=RunStatus)
    revision: int = 0

    @property
    def is_completed(self) -> bool:
        """Whether its phase is final."""
        return self.status.phase in COMPLETED
