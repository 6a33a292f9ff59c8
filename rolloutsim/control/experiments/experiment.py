"""One pass over an Experiment: `reconcile_experiment(observed, now) -> Pass`, a pure function (experiments/experiment.go; spec/analysis.md 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from rolloutsim.control import defaults
from rolloutsim.control.analysis.creation import named_run
from rolloutsim.control.experiments.arguments import resolved_arguments
from rolloutsim.control.hashes import pod_template_hash
from rolloutsim.control.observed import Now
from rolloutsim.control.operations import (
    CreateAnalysisRun,
    CreateReplicaSet,
    CreateService,
    DeleteService,
    Emit,
    Operation,
    Pass,
    PatchExperimentStatus,
    PatchReplicaSet,
    TerminateAnalysisRun,
    UpdateReplicaSet,
)
from rolloutsim.manifest.analysis import COMPLETED, ERROR, FAILED, INCONCLUSIVE, PENDING, RUNNING, SUCCESSFUL, AnalysisRun, TemplateReference
from rolloutsim.manifest.analysis_templates import TemplateError, TemplateMissing, Templates, run_spec
from rolloutsim.manifest.experiment import (
    DEFAULT_PROGRESS_DEADLINE_S,
    DEFAULT_SCALE_DOWN_DELAY_S,
    Experiment,
    ExperimentAnalysis,
    ExperimentRunStatus,
    ExperimentStatus,
    ExperimentTemplate,
    TemplateStatus,
)
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import HASH_LABEL, Meta, ReplicaSet, Service
from rolloutsim.quantities import parse_go_duration

PROGRESSING = "Progressing"
NAME_ANNOTATION, TEMPLATE_ANNOTATION = "experiment.argoproj.io/name", "experiment.argoproj.io/template-name"
_TEMPLATES_WORSE = {SUCCESSFUL: 0, RUNNING: 1, PROGRESSING: 2, ERROR: 3, FAILED: 4}
_RUNS_WORSE = {SUCCESSFUL: 0, RUNNING: 1, PENDING: 2, INCONCLUSIVE: 3, ERROR: 4, FAILED: 5}


@dataclass(frozen=True, slots=True)
class ObservedExperiment:
    """An Experiment with its ReplicaSets by name, its Services by template, all runs, templates, and all Services by name."""

    experiment: Experiment
    replica_sets: Mapping[str, ReplicaSet] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    runs: Mapping[str, AnalysisRun] = field(default_factory=dict)
    templates: Templates = field(default_factory=Templates)
    all_services: Mapping[str, Service] = field(default_factory=dict)


def reconcile_experiment(observed: ObservedExperiment, now: Now) -> Pass:
    """What the Experiment controller does on one look: templates, analyses, status."""
    look = _Look(observed, now)
    for template in observed.experiment.spec.templates:
        look.reconcile_template(template)
    for analysis in observed.experiment.spec.analyses:
        look.reconcile_analysis(analysis)
    look.conclude()
    return Pass(tuple(look.operations), look.wake_up_at_s)


def is_terminating(experiment: Experiment) -> bool:
    """Whether it winds up: asked to, finished, something failed, or all required analyses have succeeded (IsTerminating)."""
    status = experiment.status
    return (
        experiment.spec.terminate
        or experiment.is_completed
        or any(t.status in (FAILED, ERROR) for t in status.template_statuses)
        or any(run.phase in (FAILED, ERROR, INCONCLUSIVE) for run in status.analysis_runs)
        or _has_required_success(experiment, status)
    )


def _has_required_success(experiment: Experiment, status: ExperimentStatus) -> bool:
    required = [analysis.name for analysis in experiment.spec.analyses if analysis.required_for_completion]
    return bool(required) and all((run := status.run(name)) is not None and run.phase == SUCCESSFUL for name in required)


def _not_found(reference: TemplateReference) -> str:
    """As the API machinery says it, where the Rollout controller has words of its own."""
    kind = "clusteranalysistemplate" if reference.cluster_scope else "analysistemplate"
    return f'{kind}.argoproj.io "{reference.template_name}" not found'


class _Look:
    """The working state of one pass."""

    def __init__(self, observed: ObservedExperiment, now: Now) -> None:
        self.observed, self.now, self.experiment = observed, now, observed.experiment
        self.replica_sets, self.services = dict(observed.replica_sets), dict(observed.services)
        self.status = self.experiment.status
        self.is_terminating = is_terminating(self.experiment)
        self.operations: list[Operation] = []
        self.wake_up_at_s: float | None = None

    def wake_up(self, at_s: float) -> None:
        """Look again at an instant, or earlier."""
        self.wake_up_at_s = at_s if self.wake_up_at_s is None else min(at_s, self.wake_up_at_s)

    # --- templates -------------------------------------------------------------------------------------------------------------

    def reconcile_template(self, template: ExperimentTemplate) -> None:
        """ReplicaSet and Service of a template, and how it stands (reconcileTemplate)."""
        before = self.experiment.status.template(template.name) or TemplateStatus(template.name)
        after, wanted = before, self._wanted(template, before)
        name = f"{self.experiment.meta.name}-{template.name}"
        rs = self.replica_sets.get(name)
        if rs is None:
            rs = self._create(template, name)
            after = replace(after, last_transition_s=self.now.whole_s)
        else:
            after = self._with_service(template, after, rs, wanted)
            if wanted == 0:
                rs = self._with_deadline(rs)
            if rs.replicas != wanted:
                self._scale(template, rs, wanted)
                after = replace(after, last_transition_s=self.now.whole_s)
        counts = rs.status
        after = replace(after, replicas=counts.replicas, ready_replicas=counts.ready_replicas, available_replicas=counts.available_replicas)
        if (before.replicas, before.ready_replicas, before.available_replicas) != (after.replicas, after.ready_replicas, after.available_replicas):
            after = replace(after, last_transition_s=self.now.whole_s)
        if after.status not in COMPLETED:
            after = self._assessed(template, after, wanted)
        if before.status != after.status:
            text = f"Template '{template.name}' transitioned from {before.status} -> {after.status}" + (f": {after.message}" if after.message else "")
            self.operations.append(Emit(f"Template{after.status}", text, "Warning" if after.status in (FAILED, ERROR) else "Normal"))
        others = [status for status in self.status.template_statuses if status.name != template.name]
        place = next((i for i, status in enumerate(self.status.template_statuses) if status.name == template.name), len(others))
        self.status = replace(self.status, template_statuses=(*others[:place], after, *others[place:]))

    def _wanted(self, template: ExperimentTemplate, status: TemplateStatus) -> int:
        """How many pods it shall have: none when it is over (CalculateTemplateReplicasCount)."""
        if self.is_terminating or status.status in COMPLETED:
            return 0
        return 1 if template.replicas is None else template.replicas

    def _create(self, template: ExperimentTemplate, name: str) -> ReplicaSet:
        """Its ReplicaSet, at first without pods (createReplicaSetForTemplate); it is called after the Experiment, its hash is its own."""
        bare = replace(template.template, labels={k: v for k, v in template.template.labels.items() if k != HASH_LABEL})
        meta = Meta(name, self.experiment.meta.namespace, owner=self.experiment.meta.name, created_s=self.now.s, labels=bare.labels)
        rs = ReplicaSet(meta, bare, pod_template_hash(bare), min_ready_seconds=template.min_ready_seconds)
        self.operations.append(CreateReplicaSet(rs))
        return rs

    def _with_service(self, template: ExperimentTemplate, status: TemplateStatus, rs: ReplicaSet, wanted: int) -> TemplateStatus:
        """Its Service, if it has one: made with the first pods, deleted when the last is gone (createTemplateService)."""
        known = self.services.get(template.name)
        if template.service is not None and wanted != 0:
            ports = tuple(port for container in rs.template.spec.get("containers") or () for port in container.get("ports") or ())
            if ports and (known is None or known.meta.name != rs.meta.name):
                name = template.service.name or rs.meta.name
                if known is None and name in self.observed.all_services and not self._owns(self.observed.all_services[name], template):
                    text = f"service {name} already exists and is not owned by experiment template {template.name}"
                    return replace(status, status=ERROR, message=f"Failed to create Service {name} for template '{template.name}': {text}")
                if known is None:
                    annotations = {NAME_ANNOTATION: self.experiment.meta.name, TEMPLATE_ANNOTATION: template.name}
                    meta = Meta(name, rs.meta.namespace, annotations=annotations, owner=self.experiment.meta.name)
                    selector = {**rs.template.labels, HASH_LABEL: rs.pod_hash}
                    self.services[template.name] = Service(meta, selector, tuple({"port": port.get("containerPort")} for port in ports))
                    self.operations.append(CreateService(self.services[template.name]))
                return replace(status, service_name=name, pod_template_hash=rs.pod_hash)
        elif known is not None and (template.service is None or rs.status.available_replicas == 0):
            self.operations.append(DeleteService(known.meta.name))
            return replace(status, service_name="", pod_template_hash="")
        return status

    def _owns(self, service: Service, template: ExperimentTemplate) -> bool:
        return service.meta.owner == self.experiment.meta.name and service.meta.annotations.get(TEMPLATE_ANNOTATION) == template.name

    def _with_deadline(self, rs: ReplicaSet) -> ReplicaSet:
        """The ReplicaSet with a deadline for its pods, unless it has one or there is no delay (addScaleDownDelay)."""
        given = self.experiment.spec.scale_down_delay_seconds
        delay_s = DEFAULT_SCALE_DOWN_DELAY_S if given is None else given
        deadline_s = self.now.whole_s + delay_s if delay_s else None
        if (delay_s and rs.scale_down_deadline_s is not None) or deadline_s == rs.scale_down_deadline_s:
            return rs
        self.operations.append(PatchReplicaSet(rs.meta.name, {"scale_down_deadline_s": deadline_s}))
        return replace(rs, scale_down_deadline_s=deadline_s)

    def _scale(self, template: ExperimentTemplate, rs: ReplicaSet, wanted: int) -> None:
        """Bring it to its size; down only after the deadline (scaleTemplateRS)."""
        if wanted == 0 and rs.scale_down_deadline_s is not None and rs.scale_down_deadline_s > self.now.s:
            if rs.scale_down_deadline_s - self.now.s < defaults.RESYNC_S:
                self.wake_up(rs.scale_down_deadline_s)
            wanted = 1 if template.replicas is None else template.replicas
        if rs.replicas == wanted:
            return
        way = "up" if rs.replicas < wanted else "down"
        self.operations.append(UpdateReplicaSet(rs.meta.name, {"replicas": wanted}))
        self.operations.append(Emit("ScalingReplicaSet", f"Scaled {way} ReplicaSet {rs.meta.name} from {rs.replicas} to {wanted}"))

    def _assessed(self, template: ExperimentTemplate, status: TemplateStatus, wanted: int) -> TemplateStatus:
        if wanted == status.available_replicas:
            over = self._passed_duration() or self.is_terminating
            return replace(status, status=SUCCESSFUL if over else RUNNING)
        from_s = self.now.whole_s if status.last_transition_s is None else status.last_transition_s
        if self.now.s > from_s + self._progress_deadline_s:
            message = f"Template '{template.name}' exceeded its progressDeadlineSeconds ({self._progress_deadline_s})"
            return replace(status, status=FAILED, message=message)
        return replace(status, status=SUCCESSFUL if self.is_terminating else PROGRESSING)

    @property
    def _progress_deadline_s(self) -> int:
        given = self.experiment.spec.progress_deadline_seconds
        return DEFAULT_PROGRESS_DEADLINE_S if given is None else given

    def _duration_s(self) -> float | None:
        """The given duration; None without one, or when it cannot be read."""
        try:
            return parse_go_duration(self.experiment.spec.duration) if self.experiment.spec.duration else None
        except ValueError:
            return None

    def _passed_duration(self) -> bool:
        duration_s, at_s = self._duration_s(), self.experiment.status.available_at_s
        return duration_s is not None and at_s is not None and self.now.s > at_s + duration_s

    # --- analyses --------------------------------------------------------------------------------------------------------------

    def reconcile_analysis(self, analysis: ExperimentAnalysis) -> None:
        """Create, stop or follow the run of an analysis (reconcileAnalysisRun)."""
        before = self.experiment.status.run(analysis.name) or ExperimentRunStatus(analysis.name)
        after = self._followed(analysis, before)
        if before.phase != after.phase and after.phase:
            text = f"AnalysisRun '{analysis.name}' transitioned from {before.phase} -> {after.phase}" + (
                f": {after.message}" if after.message else ""
            )
            reason = f"AnalysisRun{after.phase}"
            self.operations.append(Emit(reason, text, "Warning" if after.phase in (FAILED, ERROR, INCONCLUSIVE) else "Normal"))
            self.operations.append(Emit(reason, text, "Warning", about_owner=True))
        others = [run for run in self.status.analysis_runs if run.name != analysis.name]
        place = next((i for i, run in enumerate(self.status.analysis_runs) if run.name == analysis.name), len(others))
        self.status = replace(self.status, analysis_runs=(*others[:place], after, *others[place:]))

    def _followed(self, analysis: ExperimentAnalysis, before: ExperimentRunStatus) -> ExperimentRunStatus:
        if self.experiment.status.available_at_s is None:
            return self._verified(analysis, before)
        if not before.analysis_run:
            return before if self.is_terminating else self._begun(analysis, before)
        if before.phase in COMPLETED:
            return before
        run = self.observed.runs.get(before.analysis_run)
        if run is None:
            return replace(before, phase=ERROR, message=f'analysisrun.argoproj.io "{before.analysis_run}" not found')
        if self.is_terminating:
            if not run.is_completed and not run.spec.terminate:
                self.operations.append(Emit("AnalysisRunTerminating", f"Terminating {analysis.name} ({run.meta.name})"))
                self.operations.append(TerminateAnalysisRun(run.meta.name))
            return before
        return replace(before, phase=run.status.phase, message=run.status.message)

    def _verified(self, analysis: ExperimentAnalysis, before: ExperimentRunStatus) -> ExperimentRunStatus:
        """Before the pods are available it is only looked whether the template exists."""
        templates = self.observed.templates
        known = templates.of_cluster if analysis.cluster_scope else templates.namespaced
        if analysis.template_name in known:
            return before
        kind = "ClusterAnalysisTemplate" if analysis.cluster_scope else "AnalysisTemplate"
        text = _not_found(TemplateReference(analysis.template_name, analysis.cluster_scope))
        return replace(before, phase=ERROR, message=f"{kind} verification failed for analysis '{analysis.name}': {text}")

    def _begun(self, analysis: ExperimentAnalysis, before: ExperimentRunStatus) -> ExperimentRunStatus:
        experiment = self.experiment
        try:
            args = resolved_arguments(analysis.args, experiment, self.replica_sets, self.now)
            found = self.observed.templates.collected([TemplateReference(analysis.template_name, analysis.cluster_scope)])
            spec = run_spec(found, args, experiment.spec.dry_run, experiment.spec.measurement_retention)
        except TemplateError as error:
            text = _not_found(error.reference) if isinstance(error, TemplateMissing) else str(error)
            return replace(before, phase=ERROR, message=f"Failed to create AnalysisRun for analysis '{analysis.name}': {text}")
        metadata = experiment.spec.analysis_run_metadata or {}
        labels, annotations = dict(metadata.get("labels") or {}), dict(metadata.get("annotations") or {})
        name = f"{experiment.meta.name}-{analysis.name}"
        meta = Meta(name, experiment.meta.namespace, labels=labels, annotations=annotations, owner=experiment.meta.name)
        run, is_new = named_run(self.observed.runs, AnalysisRun(meta, spec))
        if is_new:
            self.operations.append(CreateAnalysisRun(run))
        return replace(before, phase=PENDING, analysis_run=run.meta.name)

    # --- status ----------------------------------------------------------------------------------------------------------------

    def conclude(self) -> None:
        """Phase, message and the patch of the status, its event, and when to look again (calculateStatus, calculateEnqueueDuration)."""
        before = self.experiment.status
        if before.phase == "":
            self.status = replace(self.status, phase=PENDING)
        elif before.phase in (PENDING, RUNNING):
            self._assess()
        changes = {f.name: getattr(self.status, f.name) for f in fields(before) if getattr(self.status, f.name) != getattr(before, f.name)}
        if changes:
            self.operations.append(PatchExperimentStatus(changes))
        if before.phase != self.status.phase:
            bad = self.status.phase in (ERROR, FAILED, INCONCLUSIVE)
            text = f"Experiment transitioned from {before.phase} -> {self.status.phase}"
            self.operations.append(Emit(f"Experiment{self.status.phase}", text, "Warning" if bad else "Normal"))
        self._schedule()

    def _assess(self) -> None:
        templates, template_message = self._worst_template()
        runs, run_message = self._worst_run()
        if templates == RUNNING and self.status.available_at_s is None:
            self.status = replace(self.status, available_at_s=self.now.whole_s)
        has_required = any(analysis.required_for_completion for analysis in self.experiment.spec.analyses)
        if templates in COMPLETED:
            by_runs = templates == SUCCESSFUL and (runs in COMPLETED or has_required)
        else:
            by_runs = (runs in COMPLETED and runs != SUCCESSFUL) or _has_required_success(self.experiment, self.status)
        phase, message = (runs, run_message) if by_runs else (templates, template_message)
        self.status = replace(self.status, phase=phase, message=message)

    def _worst_template(self) -> tuple[str, str]:
        worst, message = SUCCESSFUL, ""
        for template in self.status.template_statuses:
            if _TEMPLATES_WORSE[template.status] > _TEMPLATES_WORSE[worst]:
                worst, message = template.status, template.message
        return (PENDING if worst == PROGRESSING else worst), message

    def _worst_run(self) -> tuple[str, str]:
        worst, message = SUCCESSFUL, ""
        for run in self.status.analysis_runs:
            if _RUNS_WORSE.get(run.phase, 0) > _RUNS_WORSE[worst]:
                worst, message = run.phase, run.message
        if _has_required_success(self.experiment, self.status) and _RUNS_WORSE[worst] < _RUNS_WORSE[RUNNING]:
            return SUCCESSFUL, "Required AnalysisRuns completed"
        return (RUNNING if worst == PENDING else worst), message

    def _schedule(self) -> None:
        settled = replace(self.experiment, status=self.status)
        if is_terminating(settled):
            return
        duration_s, at_s = self._duration_s(), self.status.available_at_s
        if duration_s is not None and at_s is not None and self.now.s <= at_s + duration_s:
            self.wake_up(at_s + duration_s)
        for template in self.experiment.spec.templates:
            status = self.status.template(template.name)
            if status is None or status.status not in (PROGRESSING, RUNNING) or status.last_transition_s is None:
                continue
            if status.available_replicas != (1 if template.replicas is None else template.replicas):
                self.wake_up(status.last_transition_s + self._progress_deadline_s)
