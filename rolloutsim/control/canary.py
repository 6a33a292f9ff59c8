"""One pass over a canary (rollout/canary.go): Services, router, sizes, steps and status, in the controller's order."""

from __future__ import annotations

from rolloutsim.control import ephemeral_metadata, plugins, restart, revisions, services, status, steps
from rolloutsim.control.analysis import of_rollout
from rolloutsim.control.canary_sizes import scale_replica_sets
from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.experiments import of_rollout as experiments
from rolloutsim.control.pauses import CANARY_PAUSE
from rolloutsim.control.replicas import available_replicas, threshold_met
from rolloutsim.control.routing import traffic
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import RolloutStatus


def reconcile(ctx: Context) -> None:
    """A full pass: a changed template or steps only reset the status; else history, Services, router, sizes, pause step and status."""
    revisions.sync(ctx)
    if ctx.template_changed or ctx.steps_changed:
        sync_status(ctx)
        return
    if restart.evict_due_pods(ctx):
        return  # availability is no longer known: the pass ends without writing status
    ephemeral_metadata.reconcile(ctx)
    revisions.delete_beyond_limit(ctx)
    services.ensure_canary_services(ctx)
    traffic.reconcile(ctx)
    experiments.reconcile(ctx)
    failure = _reconcile_analysis(ctx)
    if ctx.pauses.added:  # an inconclusive analysis holds the sizes from this very pass on
        sync_status(ctx)
        return
    if failure is not None:
        raise failure
    if not scale_replica_sets(ctx) and not steps.reconcile_pause(ctx):
        plugins.reconcile(ctx)
    sync_status(ctx)


def _reconcile_analysis(ctx: Context) -> PassFailed | None:
    try:
        of_rollout.reconcile(ctx)
    except PassFailed as failure:
        return failure
    return None


def reconcile_replicas_only(ctx: Context) -> None:
    """A pass for a changed spec.replicas: sizes and the counts that follow, nothing else (syncReplicasOnly)."""
    revisions.sync(ctx)
    before = ctx.status
    scale_replica_sets(ctx)
    counted = sum(rs.status.replicas for rs in ctx.all)
    status.persist(ctx, replace(before, available_replicas=available_replicas(ctx.all), hpa_replicas=counted))


def sync_status(ctx: Context) -> None:
    """Decide promotion, abort or the next step, and write the status (syncRolloutStatusCanary)."""
    draft = replace(
        status.base(ctx),
        available_replicas=available_replicas(ctx.all),
        hpa_replicas=sum(rs.status.replicas for rs in ctx.all),
        current_step_hash=ctx.step_hash,
        stable_ping_pong=ctx.status.stable_ping_pong,
        step_plugins=ctx.status.step_plugins if ctx.plugin_statuses is None else ctx.plugin_statuses,
    )
    draft = _decided(ctx, draft)
    status.persist(ctx, status.with_conditions(ctx, draft))


def _decided(ctx: Context, draft: RolloutStatus) -> RolloutStatus:
    last = len(ctx.steps)
    if ctx.template_changed or ctx.steps_changed:
        return _restarted(ctx, status.reset(ctx, draft), last)
    index: int | None = ctx.step_index if last else None
    if ctx.status.promote_full or ctx.is_within_rollback_window:
        ctx.pauses.clear()
        index = last or None
    if reason := _promotion(ctx):
        return status.promote(ctx, draft, reason)
    if ctx.is_aborted:
        at = last if draft.stable_rs == draft.current_pod_hash else 0
        return replace(draft, current_step_index=at if last else None)
    if steps.is_complete(ctx):
        assert index is not None and ctx.step is not None
        index += 1
        draft = replace(draft, step_run=None)
        ctx.emit("RolloutStepCompleted", f"Rollout step {index}/{last} completed ({steps.describe(ctx.step)})")
        ctx.pauses.remove(CANARY_PAUSE)
    return replace(draft, current_step_index=index)


def _restarted(ctx: Context, draft: RolloutStatus, last: int) -> RolloutStatus:
    """The reset status, past all steps when the template is stable's again or of a recent revision that still has pods."""
    if not last:
        return draft
    if ctx.status.stable_rs == ctx.new.pod_hash:
        ctx.emit("SkipSteps", "Rollback to stable ReplicaSets")
        return replace(draft, current_step_index=last)
    if ctx.is_within_rollback_window and ctx.new.replicas > 0:
        ctx.emit("SkipSteps", "Rollback to active ReplicaSets within RollbackWindow")
        return replace(draft, current_step_index=last)
    return draft


def _promotion(ctx: Context) -> str:
    """Why the current ReplicaSet becomes stable now; "" if it does not (shouldFullPromote)."""
    if ctx.stable is None:
        return "Initial deploy"
    new, n, last = ctx.new, ctx.replicas, len(ctx.steps)
    if ctx.is_aborted:
        return ""
    if new.status.available_replicas < n and not threshold_met(ctx.canary.replica_progress_threshold, new, n):
        return ""
    if ctx.status.promote_full:
        return "Full promotion requested"
    if ctx.is_within_rollback_window:
        return "Rollback within window"
    return f"Completed all {last} canary steps" if not last or ctx.step_index == last else ""
