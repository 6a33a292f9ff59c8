"""The Experiment as immutable typed values, and the step of a Rollout that asks for one (pkg/apis/rollouts/v1alpha1/experiment_types.go)."""

from __future__ import annotations

from dataclasses import dataclass, field

from rolloutsim.manifest.analysis import COMPLETED, Argument, DryRun, MeasurementRetention, RunArgument, Tree
from rolloutsim.manifest.meta import Meta
from rolloutsim.manifest.pod_template import LabelSelector, PodTemplate

DEFAULT_SCALE_DOWN_DELAY_S = 30
DEFAULT_PROGRESS_DEADLINE_S = 600

# --- asked for by a Rollout ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """A template of an experiment step: the pods of stable or canary, with what is changed."""

    name: str
    spec_ref: str = ""
    replicas: int | None = None
    metadata: Tree | None = None
    selector: LabelSelector | None = None
    weight: int | None = None
    service: Tree | None = None


@dataclass(frozen=True, slots=True)
class StepAnalysis:
    """An analysis of an experiment step."""

    name: str
    template_name: str = ""
    cluster_scope: bool = False
    args: tuple[RunArgument, ...] = ()
    required_for_completion: bool = False


@dataclass(frozen=True, slots=True)
class ExperimentStep:
    """A canary step that runs an experiment."""

    templates: tuple[StepTemplate, ...] = ()
    duration: str = ""
    analyses: tuple[StepAnalysis, ...] = ()
    dry_run: tuple[DryRun, ...] = ()
    analysis_run_metadata: Tree | None = None
    scale_down_delay_seconds: int | None = None


# --- Experiment ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TemplateService:
    """The Service of a template; without a name it is called like its ReplicaSet."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentTemplate:
    """Pods that an Experiment runs."""

    name: str
    replicas: int | None = None
    min_ready_seconds: int = 0
    selector: LabelSelector = field(default_factory=LabelSelector)
    template: PodTemplate = field(default_factory=PodTemplate)
    service: TemplateService | None = None


@dataclass(frozen=True, slots=True)
class ExperimentAnalysis:
    """An analysis that an Experiment runs."""

    name: str
    template_name: str = ""
    cluster_scope: bool = False
    args: tuple[Argument, ...] = ()
    required_for_completion: bool = False


@dataclass(frozen=True, slots=True)
class ExperimentSpec:
    """`spec` of an Experiment."""

    templates: tuple[ExperimentTemplate, ...] = ()
    duration: str = ""
    progress_deadline_seconds: int | None = None
    terminate: bool = False
    analyses: tuple[ExperimentAnalysis, ...] = ()
    scale_down_delay_seconds: int | None = None
    dry_run: tuple[DryRun, ...] = ()
    measurement_retention: tuple[MeasurementRetention, ...] = ()
    analysis_run_metadata: Tree | None = None


@dataclass(frozen=True, slots=True)
class TemplateStatus:
    """How a template stands."""

    name: str
    status: str = ""
    message: str = ""
    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    last_transition_s: float | None = None
    service_name: str = ""
    pod_template_hash: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentRunStatus:
    """How an analysis of an Experiment stands."""

    name: str
    analysis_run: str = ""
    phase: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentStatus:
    """`status` of an Experiment; `available_at_s` is a whole wall-clock second in simulation time."""

    phase: str = ""
    message: str = ""
    available_at_s: float | None = None
    template_statuses: tuple[TemplateStatus, ...] = ()
    analysis_runs: tuple[ExperimentRunStatus, ...] = ()

    def template(self, name: str) -> TemplateStatus | None:
        """The status of a template."""
        return next((status for status in self.template_statuses if status.name == name), None)

    def run(self, name: str) -> ExperimentRunStatus | None:
        """The status of an analysis."""
        return next((run for run in self.analysis_runs if run.name == name), None)


@dataclass(frozen=True, slots=True)
class Experiment:
    """argoproj.io/v1alpha1 Experiment; `revision` is its annotation `rollout.argoproj.io/revision` (0: none)."""

    meta: Meta
    spec: ExperimentSpec = field(default_factory=ExperimentSpec)
    status: ExperimentStatus = field(default_factory=ExperimentStatus)
    revision: int = 0

    @property
    def is_completed(self) -> bool:
        """Whether its phase is final."""
        return self.status.phase in COMPLETED
