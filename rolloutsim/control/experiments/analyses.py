"""The analyses of an Experiment: the run of each, and how it stands (experiments/experiment.go, reconcileAnalysisRun)."""

from __future__ import annotations

from rolloutsim.control.analysis.creation import named_run
from rolloutsim.control.experiments.arguments import resolved_arguments
from rolloutsim.control.experiments.look import Look
from rolloutsim.control.operations import CreateAnalysisRun, Emit, TerminateAnalysisRun
from rolloutsim.manifest.analysis import COMPLETED, ERROR, FAILED, INCONCLUSIVE, PENDING, AnalysisRun, TemplateReference
from rolloutsim.manifest.analysis_templates import TemplateError, TemplateMissing, run_spec
from rolloutsim.manifest.experiment import ExperimentAnalysis, ExperimentRunStatus
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import Meta


def reconcile(look: Look, analysis: ExperimentAnalysis) -> None:
    """Create, stop or follow the run of an analysis; a change of its phase is told on the Experiment and on the Rollout that owns it."""
    before = look.experiment.status.run(analysis.name) or ExperimentRunStatus(analysis.name)
    after = _followed(look, analysis, before)
    if after.phase not in ("", before.phase):
        said = f": {after.message}" if after.message else ""
        text = f"AnalysisRun '{analysis.name}' transitioned from {before.phase} -> {after.phase}{said}"
        reason = f"AnalysisRun{after.phase}"
        look.emit(reason, text, "Warning" if after.phase in (FAILED, ERROR, INCONCLUSIVE) else "Normal")
        look.do(Emit(reason, text, "Warning", about_owner=True))
    look.set_run(after)


def _followed(look: Look, analysis: ExperimentAnalysis, before: ExperimentRunStatus) -> ExperimentRunStatus:
    if look.experiment.status.available_at_s is None:
        return _verified(look, analysis, before)
    if not before.analysis_run:
        return before if look.is_terminating else _begun(look, analysis, before)
    if before.phase in COMPLETED:
        return before
    run = look.runs.get(before.analysis_run)
    if run is None:
        return replace(before, phase=ERROR, message=f'analysisrun.argoproj.io "{before.analysis_run}" not found')
    if look.is_terminating:
        if not run.is_completed and not run.spec.terminate:
            look.emit("AnalysisRunTerminating", f"Terminating {analysis.name} ({run.meta.name})")
            look.do(TerminateAnalysisRun(run.meta.name))
        return before
    return replace(before, phase=run.status.phase, message=run.status.message)  # "" as long as nobody has looked at the run


def _verified(look: Look, analysis: ExperimentAnalysis, before: ExperimentRunStatus) -> ExperimentRunStatus:
    """Before the pods are available it is only looked whether the template exists."""
    known = look.templates.of_cluster if analysis.cluster_scope else look.templates.namespaced
    if analysis.template_name in known:
        return before
    kind = "ClusterAnalysisTemplate" if analysis.cluster_scope else "AnalysisTemplate"
    text = _not_found(TemplateReference(analysis.template_name, analysis.cluster_scope))
    return replace(before, phase=ERROR, message=f"{kind} verification failed for analysis '{analysis.name}': {text}")


def _not_found(reference: TemplateReference) -> str:
    """As the API machinery says it, where the Rollout controller has words of its own."""
    kind = "clusteranalysistemplate" if reference.cluster_scope else "analysistemplate"
    return f'{kind}.argoproj.io "{reference.template_name}" not found'


def _begun(look: Look, analysis: ExperimentAnalysis, before: ExperimentRunStatus) -> ExperimentRunStatus:
    """The analysis with its run, a new one or the like one that is still under way; an Error if it cannot be made."""
    experiment = look.experiment
    try:
        args = resolved_arguments(analysis.args, experiment, look.replica_sets, look.now)
        found = look.templates.collected([TemplateReference(analysis.template_name, analysis.cluster_scope)])
        spec = run_spec(found, args, experiment.spec.dry_run, experiment.spec.measurement_retention)
    except TemplateError as error:
        text = _not_found(error.reference) if isinstance(error, TemplateMissing) else str(error)
        return replace(before, phase=ERROR, message=f"Failed to create AnalysisRun for analysis '{analysis.name}': {text}")
    metadata = experiment.spec.analysis_run_metadata or {}
    labels, annotations = dict(metadata.get("labels") or {}), dict(metadata.get("annotations") or {})
    name = f"{experiment.meta.name}-{analysis.name}"
    meta = Meta(name, experiment.meta.namespace, labels=labels, annotations=annotations, owner=experiment.meta.name)
    run, is_new = named_run(look.runs, AnalysisRun(meta, spec))
    if is_new:
        look.do(CreateAnalysisRun(run))
    return replace(before, phase=PENDING, analysis_run=run.meta.name)
