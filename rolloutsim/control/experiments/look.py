"""One look at an Experiment: what was observed, and how it will stand (experiments/experiment.go, experimentContext)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rolloutsim.control.draft import Draft
from rolloutsim.control.observed import Now
from rolloutsim.manifest.analysis import ERROR, FAILED, INCONCLUSIVE, SUCCESSFUL, AnalysisRun
from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.experiment import DEFAULT_PROGRESS_DEADLINE_S, Experiment, ExperimentRunStatus, ExperimentStatus, TemplateStatus
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import ReplicaSet, Service
from rolloutsim.quantities import parse_go_duration


@dataclass(frozen=True, slots=True)
class ObservedExperiment:
    """An Experiment with its ReplicaSets by name, its Services by template, all runs, templates, and all Services by name."""

    experiment: Experiment
    replica_sets: Mapping[str, ReplicaSet] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    runs: Mapping[str, AnalysisRun] = field(default_factory=dict)
    templates: Templates = field(default_factory=Templates)
    all_services: Mapping[str, Service] = field(default_factory=dict)


class Look(Draft):
    """The working state of one pass over an Experiment."""

    def __init__(self, observed: ObservedExperiment, now: Now) -> None:
        super().__init__()
        self.now, self.experiment = now, observed.experiment
        self.replica_sets, self.services, self.all_services = dict(observed.replica_sets), dict(observed.services), observed.all_services
        self.runs, self.templates = observed.runs, observed.templates
        self.status = self.experiment.status
        self.is_terminating = is_terminating(self.experiment)

    # --- how it will stand -----------------------------------------------------------------------------------------------------

    def set_template(self, after: TemplateStatus) -> None:
        """Put the status of a template in its place, a new one last."""
        known = {status.name: status for status in self.status.template_statuses} | {after.name: after}
        self.status = replace(self.status, template_statuses=tuple(known.values()))

    def set_run(self, after: ExperimentRunStatus) -> None:
        """Put the status of an analysis in its place, a new one last."""
        known = {status.name: status for status in self.status.analysis_runs} | {after.name: after}
        self.status = replace(self.status, analysis_runs=tuple(known.values()))

    # --- what it may ask itself ------------------------------------------------------------------------------------------------

    @property
    def progress_deadline_s(self) -> int:
        """`progressDeadlineSeconds`, 600 when absent."""
        given = self.experiment.spec.progress_deadline_seconds
        return DEFAULT_PROGRESS_DEADLINE_S if given is None else given

    @property
    def ends_s(self) -> float | None:
        """When its duration is over; None without one, when it cannot be read, or before its pods were available."""
        at_s = self.experiment.status.available_at_s
        return None if at_s is None else _end_s(self.experiment, at_s)

    @property
    def will_end_s(self) -> float | None:
        """The same with what this look has found: it may have seen the pods available."""
        at_s = self.status.available_at_s
        return None if at_s is None else _end_s(self.experiment, at_s)


def _end_s(experiment: Experiment, available_at_s: float) -> float | None:
    try:
        return available_at_s + parse_go_duration(experiment.spec.duration) if experiment.spec.duration else None
    except ValueError:
        return None


def is_terminating(experiment: Experiment) -> bool:
    """Whether it winds up: asked to, finished, something failed, or all required analyses have succeeded (IsTerminating)."""
    status = experiment.status
    return (
        experiment.spec.terminate
        or experiment.is_completed
        or any(t.status in (FAILED, ERROR) for t in status.template_statuses)
        or any(run.phase in (FAILED, ERROR, INCONCLUSIVE) for run in status.analysis_runs)
        or has_required_success(experiment, status)
    )


def has_required_success(experiment: Experiment, status: ExperimentStatus) -> bool:
    """Whether there are required analyses, and all have succeeded (RequiredAnalysisRunsSuccessful)."""
    required = [analysis.name for analysis in experiment.spec.analyses if analysis.required_for_completion]
    return bool(required) and all((run := status.run(name)) is not None and run.phase == SUCCESSFUL for name in required)
