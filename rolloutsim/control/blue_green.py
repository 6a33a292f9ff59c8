"""One pass over a blue-green Rollout (rollout/bluegreen.go): preview, sizes, pause, switch and status, in the controller's order."""

from __future__ import annotations

from rolloutsim.control import ephemeral_metadata, restart, revisions, services, status
from rolloutsim.control.analysis import of_rollout
from rolloutsim.control.context import Context, by_revision_descending
from rolloutsim.control.pauses import BLUE_GREEN_PAUSE, INCONCLUSIVE_ANALYSIS
from rolloutsim.control.replicas import available_replicas, is_saturated
from rolloutsim.control.scaling import delayed_size, is_referenced, remove_deadlines, scale, scale_new
from rolloutsim.control.steps import wake_up_during_wait
from rolloutsim.manifest.analysis import SUCCESSFUL
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import ReplicaSet, RolloutStatus


def reconcile(ctx: Context) -> None:
    """A full pass; a changed template moves the preview Service and resets the status, nothing more."""
    blue_green = ctx.blue_green
    revisions.sync(ctx)
    if blue_green.preview_service and not ctx.is_halted:
        services.switch(ctx, blue_green.preview_service, ctx.new.pod_hash)
    if not ctx.template_changed:
        restart.evict_due_pods(ctx)
        _scale_replica_sets(ctx)
        _reconcile_pause(ctx)
        _reconcile_active_service(ctx)
        of_rollout.reconcile(ctx)
        ephemeral_metadata.reconcile(ctx)
    _sync_status(ctx)


def reconcile_replicas_only(ctx: Context) -> None:
    """A pass for a changed spec.replicas: sizes and the counts that follow, nothing else (syncReplicasOnly)."""
    revisions.sync(ctx)
    before = ctx.status
    _scale_replica_sets(ctx)
    active = _by_hash(ctx, before.active_selector)
    counted = [active] if active is not None else ctx.all
    hpa_replicas = sum(rs.status.replicas for rs in counted)
    status.persist(ctx, replace(before, available_replicas=available_replicas(counted), hpa_replicas=hpa_replicas))


def _by_hash(ctx: Context, pod_hash: str) -> ReplicaSet | None:
    return next((rs for rs in ctx.all if pod_hash and rs.pod_hash == pod_hash), None)


# --- sizes ---------------------------------------------------------------------------------------------------------------------------


def _scale_replica_sets(ctx: Context) -> None:
    """Stable to N, new to its target, others after their delay, then the history; unlike in a canary no resize ends the pass."""
    remove_deadlines(ctx)
    if ctx.stable is not None:
        scale(ctx, ctx.stable, ctx.replicas)
    if ctx.stable is None or ctx.stable_is_another:
        scale_new(ctx, _target_of_new(ctx))
    _scale_others(ctx)
    revisions.delete_beyond_limit(ctx)


def _target_of_new(ctx: Context) -> int:
    """N, or previewReplicaCount until the preview was let through (NewRSNewReplicas)."""
    preview_count, new = ctx.blue_green.preview_replica_count, ctx.new
    active = _by_hash(ctx, ctx.status.active_selector)
    if preview_count is None or active is None or active.meta.name == new.meta.name or ctx.status.promote_full:
        return ctx.replicas
    if new.pod_hash != ctx.status.current_pod_hash:
        return preview_count
    return ctx.replicas if not ctx.is_paused and ctx.status.scale_up_preview_check_point else preview_count


def _scale_others(ctx: Context) -> None:
    """Old ReplicaSets keep their pods for scaleDownDelaySeconds, newest first up to the limit (scaleDownOldReplicaSetsForBlueGreen)."""
    if ctx.pauses.has(INCONCLUSIVE_ANALYSIS) or _waits_for_post_promotion(ctx):
        return
    delayed = 0
    for rs in by_revision_descending([rs for rs in ctx.others if rs.replicas > 0]):
        if is_referenced(ctx, rs):
            continue
        delayed, size = delayed_size(ctx, rs, delayed, ctx.replicas)
        if rs.replicas != size:
            scale(ctx, rs, size)


def _waits_for_post_promotion(ctx: Context) -> bool:
    """Whether old pods stay for a post-promotion analysis under way, as scaleDownDelaySeconds is not given."""
    blue_green, run = ctx.blue_green, ctx.runs.current.get("PostPromotion")
    if blue_green.post_promotion_analysis is None or blue_green.scale_down_delay_seconds is not None:
        return False
    return not of_rollout.skips_post_promotion(ctx, run) and (run is None or run.status.phase != SUCCESSFUL)


# --- pause and switch ----------------------------------------------------------------------------------------------------------------


def _is_ready_for_pause(ctx: Context) -> bool:
    new = ctx.new
    return new.replicas == _target_of_new(ctx) == new.status.available_replicas


def _is_fast_tracked(ctx: Context) -> bool:
    """Whether the pause is skipped: a deadline on new when the pass began, a full promotion, an active Service not yet or already pinned."""
    active_hash = ctx.service(ctx.blue_green.active_service).pod_hash
    return ctx.new.scale_down_deadline_s is not None or ctx.status.promote_full or active_hash in ("", ctx.new.pod_hash)


def _reconcile_pause(ctx: Context) -> None:
    """Hold the new ReplicaSet before the switch for a human or for autoPromotionSeconds (reconcileBlueGreenPause)."""
    blue_green = ctx.blue_green
    if ctx.status.abort or not _is_ready_for_pause(ctx) or ctx.is_halted:
        return
    needed = blue_green.auto_promotion_enabled is False or blue_green.auto_promotion_seconds > 0
    if _is_fast_tracked(ctx) or ctx.status.scale_up_preview_check_point or not needed:
        ctx.pauses.remove(BLUE_GREEN_PAUSE)
        return
    if not _has_passed_pre_promotion(ctx):
        return
    condition = ctx.pauses.condition(BLUE_GREEN_PAUSE)
    if condition is None:
        if not ctx.status.controller_pause:  # else a human has just resumed
            ctx.pauses.add(BLUE_GREEN_PAUSE)
    elif _pause_is_over(ctx):
        ctx.pauses.remove(BLUE_GREEN_PAUSE)
    elif blue_green.auto_promotion_seconds > 0:
        wake_up_during_wait(ctx, condition.start_s + blue_green.auto_promotion_seconds)


def _has_passed_pre_promotion(ctx: Context) -> bool:
    """Whether the analysis before the switch has succeeded, or there is none (completedPrePromotionAnalysis)."""
    run = ctx.runs.current.get("PrePromotion")
    return ctx.blue_green.pre_promotion_analysis is None or (run is not None and run.status.phase == SUCCESSFUL)


def _pause_is_over(ctx: Context) -> bool:
    """Whether a human or the clock has let the preview through (CompletedBlueGreenPause)."""
    blue_green, condition = ctx.blue_green, ctx.pauses.condition(BLUE_GREEN_PAUSE)
    if ctx.pauses.added:
        return False
    if ctx.status.scale_up_preview_check_point:
        return True
    if blue_green.auto_promotion_enabled is False:
        return ctx.status.controller_pause and condition is None
    if blue_green.auto_promotion_seconds == 0:
        return True
    return condition is not None and ctx.now.s > condition.start_s + blue_green.auto_promotion_seconds


def _reconcile_active_service(ctx: Context) -> None:
    """Switch the active Service to a fully available new ReplicaSet, or back to stable after an abort (reconcileActiveService)."""
    if ctx.is_halted or not _is_ready_for_pause(ctx) or not is_saturated(ctx.new, ctx.replicas):
        return
    name = ctx.blue_green.active_service
    pod_hash = ctx.service(name).pod_hash
    if _is_fast_tracked(ctx) or (_pause_is_over(ctx) and _has_passed_pre_promotion(ctx)):
        pod_hash = ctx.new.pod_hash
    if ctx.status.abort:
        pod_hash = ctx.status.stable_rs
    services.switch(ctx, name, pod_hash)


# --- status --------------------------------------------------------------------------------------------------------------------------


def _sync_status(ctx: Context) -> None:
    """Decide promotion and write the status; ready and available count the active ReplicaSet only (syncRolloutStatusBlueGreen)."""
    blue_green = ctx.blue_green
    draft = status.base(ctx)
    if ctx.template_changed:
        draft = status.reset(ctx, draft)
    if ctx.status.promote_full or ctx.is_within_rollback_window:
        ctx.pauses.clear()
    preview = ctx.services.get(blue_green.preview_service)
    active = ctx.service(blue_green.active_service)
    draft = replace(draft, preview_selector=preview.pod_hash if preview else "", active_selector=active.pod_hash)
    if reason := _promotion(ctx, draft):
        draft = status.promote(ctx, draft, reason)
    else:
        draft = replace(draft, scale_up_preview_check_point=_check_point(ctx))
    active_rs = _by_hash(ctx, draft.active_selector)
    counted = [active_rs] if active_rs is not None else ctx.all
    draft = replace(
        draft,
        hpa_replicas=sum(rs.status.replicas for rs in counted),
        ready_replicas=sum(rs.status.ready_replicas for rs in counted),
        available_replicas=available_replicas(counted),
    )
    status.persist(ctx, status.with_conditions(ctx, draft))


def _promotion(ctx: Context, draft: RolloutStatus) -> str:
    """Why the current ReplicaSet becomes stable now; "" if it does not (shouldFullPromote)."""
    if ctx.stable is None or draft.active_selector == "":
        return "Initial deploy"
    if draft.active_selector != draft.current_pod_hash:
        return ""
    if ctx.status.promote_full:
        return "Full promotion requested"
    if ctx.is_within_rollback_window:
        return "Rollback within window"
    if ctx.is_aborted:
        return ""
    if ctx.blue_green.post_promotion_analysis is not None:
        if ctx.new.scale_down_deadline_s is not None:
            return f"Rollback to '{ctx.new.meta.name}' within scaleDownDelay"
        run = ctx.runs.current.get("PostPromotion")
        if run is None or run.status.phase != SUCCESSFUL:
            return ""
    return "Completed blue-green update"


def _check_point(ctx: Context) -> bool:
    """Whether the preview at previewReplicaCount was let through; sticky until promotion or a new template."""
    preview_count = ctx.blue_green.preview_replica_count
    if preview_count is None:
        return False
    if ctx.status.scale_up_preview_check_point:
        return True
    return _has_passed_pre_promotion(ctx) and _pause_is_over(ctx) and ctx.new.status.available_replicas == preview_count
