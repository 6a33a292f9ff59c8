"""Revisions: the new ReplicaSet of a template, its number, and what is kept of the old ones (rollout/sync.go, utils/annotations)."""

from __future__ import annotations

from rolloutsim.control import conditions, defaults
from rolloutsim.control.anti_affinity import with_anti_affinity
from rolloutsim.control.context import Context
from rolloutsim.control.operations import CreateReplicaSet, DeleteAnalysisRun, DeleteExperiment, DeleteReplicaSet, UpdateRollout, UpdateRolloutStatus
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import HASH_LABEL, Meta, ReplicaSet


def create_new(ctx: Context) -> None:
    """Create the ReplicaSet of the template with no pods, number it, and say so (createDesiredReplicaSet)."""
    rollout = ctx.rollout
    name = f"{rollout.meta.name}-{ctx.template_hash}"
    revision = _next_revision(ctx)
    created = ReplicaSet(
        meta=Meta(name=name, namespace=rollout.meta.namespace, owner=rollout.meta.name, created_s=ctx.now.s, labels=rollout.spec.template.labels),
        template=with_anti_affinity(rollout, rollout.spec.template, ctx.template_hash),
        pod_hash=ctx.template_hash,
        min_ready_seconds=rollout.spec.min_ready_seconds,
        revision=revision,
        desired_replicas=ctx.replicas,
    )
    ctx.do(CreateReplicaSet(created))
    _number_rollout(ctx, revision)
    ctx.emit("NewReplicaSetCreated", f"Created ReplicaSet {name} (revision {revision})")
    progressing = conditions.new("Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{name}"', ctx.now)
    _update_conditions(ctx, conditions.with_(ctx.status.conditions, progressing)[0])
    ctx.new = created
    ctx.all.append(created)
    ctx.assign_roles()


def sync(ctx: Context) -> None:
    """Give the new ReplicaSet the highest revision and the Rollout's minReadySeconds; the Rollout's own number follows (syncReplicaSetRevision)."""
    new, revision = ctx.new, _next_revision(ctx)
    changes: dict[str, object] = {}
    if new.revision < revision:
        changes["revision"] = revision
        changes["revision_history"] = (*new.revision_history, new.revision)
    if new.min_ready_seconds != ctx.rollout.spec.min_ready_seconds:
        changes["min_ready_seconds"] = ctx.rollout.spec.min_ready_seconds
    if changes:
        ctx.replace_new(**changes)
        return
    _number_rollout(ctx, new.revision)
    if conditions.get(ctx.status.conditions, "Progressing") is None:
        found = conditions.new("Progressing", "True", "FoundNewReplicaSet", f'Found new replica set "{new.meta.name}"', ctx.now)
        _update_conditions(ctx, conditions.with_(ctx.status.conditions, found)[0])


def delete_beyond_limit(ctx: Context) -> None:
    """Delete the oldest empty ReplicaSets beyond revisionHistoryLimit; a non-empty one is skipped, not replaced (reconcileRevisionHistoryLimit)."""
    surplus = len(ctx.others) - defaults.revision_history_limit(ctx.rollout.spec)
    oldest_first = sorted(ctx.others, key=lambda rs: (rs.meta.created_s, rs.meta.name))
    for rs in oldest_first[: max(0, surplus)]:
        if rs.replicas == 0 and rs.status.replicas == 0 and rs.meta.generation <= rs.status.observed_generation:
            ctx.do(DeleteReplicaSet(rs.meta.name))
            for run in ctx.runs.others:
                if run.meta.labels.get(HASH_LABEL) == rs.pod_hash:
                    ctx.do(DeleteAnalysisRun(run.meta.name))
            for experiment in ctx.other_experiments:
                if experiment.meta.labels.get(HASH_LABEL) == rs.pod_hash:
                    ctx.do(DeleteExperiment(experiment.meta.name))


def _next_revision(ctx: Context) -> int:
    return 1 + max((rs.revision for rs in ctx.older), default=0)


def _number_rollout(ctx: Context, revision: int) -> None:
    if ctx.rollout.revision == revision:
        return
    ctx.do(UpdateRollout({"revision": revision, "normalised": True, **ctx.annotated}))
    generation = ctx.rollout.meta.generation + (0 if ctx.rollout.normalised else 1)
    ctx.rollout = replace(ctx.rollout, revision=revision, normalised=True, meta=replace(ctx.rollout.meta, generation=generation))
    ctx.emit("RolloutUpdated", f"Rollout updated to revision {revision}")


def _update_conditions(ctx: Context, updated: conditions.Conditions) -> None:
    ctx.do(UpdateRolloutStatus({"conditions": updated}))
    ctx.rollout = replace(ctx.rollout, status=replace(ctx.status, conditions=updated))
