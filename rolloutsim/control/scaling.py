"""Sizes of ReplicaSets within a pass: one resize with its event, deadlines of old ReplicaSets, unready leftovers (rollout/replicaset.go)."""

from __future__ import annotations

from rolloutsim.control import defaults, workload
from rolloutsim.control.context import Context
from rolloutsim.control.operations import PatchReplicaSet, UpdateReplicaSet
from rolloutsim.manifest.objects import ReplicaSet


def scale(ctx: Context, rs: ReplicaSet, size: int) -> bool:
    """Write a size (and the desired-replicas annotation) where it differs; True if the size changed (scaleReplicaSetAndRecordEvent)."""
    stale = rs.desired_replicas != ctx.replicas or (ctx.replicas == 0 and rs.scale_down_deadline_s is not None)
    if rs.replicas == size and not stale:
        return False
    changes: dict[str, object] = {"replicas": size, "desired_replicas": ctx.replicas}
    if size == 0 and abort_delay_s(ctx) is None:
        changes["scale_down_deadline_s"] = None
    ctx.do(UpdateReplicaSet(rs.meta.name, changes))
    if rs.replicas == size:
        return False
    way = "up" if rs.replicas < size else "down"
    ctx.emit("ScalingReplicaSet", f"Scaled {way} ReplicaSet {rs.meta.name} (revision {rs.revision}) from {rs.replicas} to {size}")
    return True


def abort_delay_s(ctx: Context) -> int | None:
    """How long an aborted new ReplicaSet keeps its pods; None if it does not wait (shouldDelayScaleDownOnAbort).

    Not in a canary without a router, not with an explicit delay of 0, and with dynamicStableScale only when the delay is explicit.
    """
    canary = ctx.rollout.spec.strategy.canary
    if not ctx.is_aborted or ctx.stable is None or (canary is not None and canary.traffic_routing is None):
        return None
    if canary is not None and canary.dynamic_stable_scale and canary.abort_scale_down_delay_seconds is None:
        return None
    return defaults.abort_scale_down_delay_seconds(ctx.rollout.spec)


def remove_deadlines(ctx: Context) -> None:
    """Take the scale-down deadline from new (unless its abort is delayed) and from stable (removeScaleDownDeadlines)."""
    cleared = [ctx.new] if abort_delay_s(ctx) is None else []
    if ctx.stable is not None and (not cleared or ctx.stable_is_another):
        cleared.append(ctx.stable)
    for rs in cleared:
        if rs.scale_down_deadline_s is not None:
            ctx.do(PatchReplicaSet(rs.meta.name, {"scale_down_deadline_s": None}))


def set_deadline(ctx: Context, rs: ReplicaSet, delay_s: float) -> None:
    """Give a ReplicaSet until now + delay, cut to a whole second; no deadline for a delay of 0 (addScaleDownDelay)."""
    if delay_s:
        ctx.do(PatchReplicaSet(rs.meta.name, {"scale_down_deadline_s": ctx.now.whole_s + delay_s}))


def scale_new(ctx: Context, size: int) -> bool:
    """Size the new ReplicaSet, or let the delay after an abort run; True if its size changed (reconcileNewReplicaSet)."""
    new, delay_s = ctx.new, abort_delay_s(ctx)
    if delay_s is not None and ctx.stable is not None:
        deadline_s = new.scale_down_deadline_s
        if deadline_s is None:
            if ctx.stable.status.available_replicas == ctx.replicas:
                set_deadline(ctx, new, delay_s)
            return False
        if deadline_s > ctx.now.s:
            if deadline_s - ctx.now.s < defaults.RESYNC_S:
                ctx.wake_up(deadline_s)
                return False
        else:
            size = 0
    changed = scale(ctx, new, size)
    workload.scale_progressively(ctx, size)
    return changed


def delayed_size(ctx: Context, rs: ReplicaSet, delayed: int, kept: int) -> tuple[int, int]:
    """Count of delayed ReplicaSets so far, and the size of an old one within its scale-down delay (scaleDownDelayHelper).

    Without a deadline it gets one while fewer than scaleDownDelayRevisionLimit have one; with one it keeps `kept` pods until then. A delay of
    0 never writes a deadline and keeps the size: the controller looks again at once, over and over (argo-rollouts issue 1992).
    """
    limit = defaults.scale_down_delay_revision_limit(ctx.rollout.spec)
    if rs.scale_down_deadline_s is None:
        if delayed >= limit:
            return delayed, 0
        delay_s = defaults.scale_down_delay_seconds(ctx.rollout.spec)
        set_deadline(ctx, rs, delay_s)
        ctx.wake_up(ctx.now.s + delay_s)
        return delayed + 1, rs.replicas
    delayed += 1
    left_s = rs.scale_down_deadline_s - ctx.now.s
    if delayed > limit or left_s <= 0:
        return delayed, 0
    if left_s < defaults.RESYNC_S:
        ctx.wake_up(rs.scale_down_deadline_s)
    return delayed, kept


def is_referenced(ctx: Context, rs: ReplicaSet) -> bool:
    """Whether the status, a Service or a DestinationRule still points at a ReplicaSet (isReplicaSetReferenced)."""
    status, canary = ctx.status, ctx.rollout.spec.strategy.canary
    hashes = [status.stable_rs, status.current_pod_hash, status.active_selector, status.preview_selector]
    if status.weights is not None:
        hashes += [status.weights.canary.pod_template_hash, status.weights.stable.pod_template_hash]
    if canary is not None:
        names = (canary.canary_service, canary.stable_service)
    else:
        names = (ctx.blue_green.active_service, ctx.blue_green.preview_service)
    hashes += [ctx.services[name].pod_hash for name in names if name in ctx.services]
    return rs.pod_hash in hashes or rs.pod_hash in ctx.subset_hashes()
