"""The Experiments of a Rollout: which to create, adopt, stop and delete, and what their outcome does (rollout/experiment.go; spec/analysis.md 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.history import beyond_history
from rolloutsim.control.operations import CreateExperiment, DeleteExperiment, TerminateExperiment
from rolloutsim.control.pauses import INCONCLUSIVE_ANALYSIS, INCONCLUSIVE_EXPERIMENT
from rolloutsim.control.stored_template import as_stored
from rolloutsim.manifest.analysis import ERROR, FAILED, INCONCLUSIVE, SUCCESSFUL
from rolloutsim.manifest.analysis_arguments import ArgumentError, arguments
from rolloutsim.manifest.experiment import (
    Experiment,
    ExperimentAnalysis,
    ExperimentSpec,
    ExperimentStep,
    ExperimentTemplate,
    StepTemplate,
    TemplateService,
)
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import HASH_LABEL, Meta, ReplicaSet


def reconcile(ctx: Context) -> None:
    """Bring the Experiments of a canary in line with its step (reconcileExperiments)."""
    current = ctx.current_experiment
    if ctx.is_aborted or ctx.status.promote_full:
        _terminate(ctx, [*ctx.other_experiments, current])
        return
    if ctx.pauses.has(INCONCLUSIVE_ANALYSIS):
        return
    step = ctx.step.experiment if ctx.step is not None else None
    if step is not None:
        if current is None:
            if ctx.stable is None:
                return
            current = _create(ctx, step)
            ctx.emit("ExperimentCreated", f"Created Experiment '{current.meta.name}'")
        _heed(ctx, current)
    others = [experiment for experiment in ctx.other_experiments if current is None or experiment.meta.name != current.meta.name]
    if current is not None and step is None:
        others.append(current)
    _terminate(ctx, others)
    _delete_beyond_limit(ctx, others)


def _heed(ctx: Context, experiment: Experiment) -> None:
    """An inconclusive Experiment pauses, a failed one aborts, one under way is the current one."""
    if experiment.status.phase == INCONCLUSIVE:
        ctx.pauses.add(INCONCLUSIVE_EXPERIMENT)
    elif experiment.status.phase in (ERROR, FAILED):
        message = experiment.status.message
        ctx.pauses.abort("Experiment analysis phase is error/failed" + (f": {message}" if message else ""))
    elif experiment.status.phase != SUCCESSFUL:
        ctx.current_experiment, ctx.experiment_reference = experiment, experiment.meta.name


def _create(ctx: Context, step: ExperimentStep) -> Experiment:
    """The step's Experiment, or the like one that is still under way (GetExperimentFromTemplate, createExperimentWithCollisionHandling)."""
    rollout, stable, new = ctx.rollout, ctx.stable, ctx.new
    assert stable is not None
    try:
        analyses = tuple(
            ExperimentAnalysis(
                analysis.name,
                analysis.template_name,
                analysis.cluster_scope,
                tuple(arguments(analysis.args, rollout, new_hash=new.pod_hash, stable_hash=stable.pod_hash)),
                analysis.required_for_completion,
            )
            for analysis in step.analyses
        )
    except ArgumentError as error:
        raise PassFailed(str(error)) from error
    templates = tuple(_template(ctx, template, {"canary": new, "stable": stable}) for template in step.templates)
    spec = ExperimentSpec(
        templates,
        step.duration,
        rollout.spec.progress_deadline_seconds,
        analyses=analyses,
        scale_down_delay_seconds=step.scale_down_delay_seconds,
        dry_run=step.dry_run,
        analysis_run_metadata=step.analysis_run_metadata,
    )
    base = f"{rollout.meta.name}-{ctx.template_hash}-{rollout.revision}-{ctx.step_index}"
    labels = {**rollout.meta.labels, HASH_LABEL: ctx.template_hash}
    name, collisions = base, 0
    while (existing := ctx.experiments.get(name)) is not None:
        same = replace(existing.spec, terminate=False) == spec
        if not existing.is_completed and same and existing.meta.owner == rollout.meta.name:
            return existing
        collisions += 1
        name = f"{base}-{collisions}"
    experiment = Experiment(Meta(name, rollout.meta.namespace, labels=labels, owner=rollout.meta.name), spec, revision=rollout.revision)
    ctx.do(CreateExperiment(experiment))
    return experiment


def _template(ctx: Context, wanted: StepTemplate, replica_sets: Mapping[str, ReplicaSet]) -> ExperimentTemplate:
    """The pods of stable or canary under the step's changes; their Service comes with a weight or when it is asked for."""
    if wanted.spec_ref not in replica_sets:
        raise PassFailed("Invalid template step SpecRef: must be canary or stable")
    rs = replica_sets[wanted.spec_ref]
    metadata: Mapping[str, Any] = wanted.metadata or {}
    labels = dict(metadata.get("labels") or {})
    selector = wanted.selector if wanted.selector is not None else ctx.rollout.spec.selector
    template = as_stored(rs.template)
    template = replace(
        template,
        labels={**rs.template.labels, HASH_LABEL: rs.pod_hash, **labels},
        annotations={**rs.template.annotations, **(metadata.get("annotations") or {})},
    )
    service = TemplateService(str((wanted.service or {}).get("name") or "")) if wanted.weight is not None or wanted.service is not None else None
    selector = replace(selector, match_labels={**selector.match_labels, **labels})
    return ExperimentTemplate(wanted.name, wanted.replicas, rs.min_ready_seconds, selector, template, service)


def _terminate(ctx: Context, experiments: Iterable[Experiment | None]) -> None:
    """Ask unfinished Experiments to stop (cancelExperiments)."""
    for experiment in experiments:
        if experiment is not None and not experiment.spec.terminate and not experiment.is_completed:
            ctx.do(TerminateExperiment(experiment.meta.name))


def _delete_beyond_limit(ctx: Context, others: Sequence[Experiment]) -> None:
    """Old Experiments go by the rules of old runs (FilterExperimentsToDelete)."""
    for experiment in beyond_history(others, ctx.rollout.spec.analysis, ctx.all):
        ctx.do(DeleteExperiment(experiment.meta.name))
