"""Sizes of a canary's ReplicaSets in one pass: what each shall have, who is resized, and whether the step's counts are reached."""

from __future__ import annotations

from rolloutsim.control import defaults
from rolloutsim.control.context import Context, by_revision_descending
from rolloutsim.control.replicas import available_replicas, created, next_pair, threshold_met
from rolloutsim.control.scaling import delayed_size, is_referenced, remove_deadlines, scale, scale_new
from rolloutsim.control.target_groups import may_scale_down
from rolloutsim.control.weights import pods_of_weight, replicas_or_weight
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import CanaryStrategy, ReplicaSet, TrafficWeights


def sizes(ctx: Context, weights: TrafficWeights | None) -> tuple[int, int]:
    """The next sizes (new, stable); `weights` are the router's as recorded, which dynamicStableScale must not undercut."""
    if ctx.routing is not None:
        return _routed_sizes(ctx, weights)
    surge, unavailable = defaults.surge_and_unavailable(ctx.rollout.spec)
    return next_pair(
        replicas=ctx.replicas,
        weight=replicas_or_weight(ctx)[1],
        surge=surge,
        unavailable=unavailable,
        new=ctx.new,
        stable=ctx.stable,
        others=ctx.others,
    )


def _routed_sizes(ctx: Context, weights: TrafficWeights | None) -> tuple[int, int]:
    """With a router the canary jumps to its count and stable stays at N, or follows its traffic (CalculateReplicaCountsForTrafficRoutedCanary)."""
    canary = ctx.canary
    n, top = ctx.replicas, ctx.max_weight
    explicit, weight = replicas_or_weight(ctx)
    new_size, stable_size = routed_counts(canary, n, explicit, weight, top)
    if not canary.dynamic_stable_scale:
        return new_size, stable_size
    if weights is not None:
        stable_size = max(stable_size, pods_of_weight(n, weights.stable.weight, top))
        if ctx.status.abort:
            new_size = max(new_size, pods_of_weight(n, weights.canary.weight, top))
    return _at_least(canary, new_size), _at_least(canary, stable_size)


def routed_counts(canary: CanaryStrategy, replicas: int, explicit: int | None, weight: int, max_weight: int) -> tuple[int, int]:
    """Pods of canary and stable with a router, once its weights are those of the step: the explicit count or those of the weight, beside N."""
    new_size = explicit if explicit is not None else _at_least(canary, pods_of_weight(replicas, weight, max_weight))
    if not canary.dynamic_stable_scale:
        return new_size, replicas
    return _at_least(canary, new_size), _at_least(canary, pods_of_weight(replicas, max_weight - weight, max_weight))


def _at_least(canary: CanaryStrategy, size: int) -> int:
    """A size raised to minPodsPerReplicaSet unless it is 0 (CheckMinPodsPerReplicaSet)."""
    return size if size == 0 or canary.min_pods_per_replica_set is None else max(size, canary.min_pods_per_replica_set)


def at_desired_counts(ctx: Context, weights: TrafficWeights | None) -> bool:
    """Whether the present sizes are those of the step (AtDesiredReplicaCountsForCanary; spec/canary.md 6.3)."""
    canary = ctx.canary
    new_size, stable_size = sizes(ctx, weights)
    if not threshold_met(canary.replica_progress_threshold, ctx.new, new_size):
        return False
    if (ctx.routing is None or not canary.dynamic_stable_scale) and not created(ctx.stable, stable_size):
        return False
    return ctx.routing is not None or available_replicas(ctx.others) == 0


def scale_replica_sets(ctx: Context) -> bool:
    """Resize at most one role: stable, else new, else the others; True if one was (reconcileCanaryReplicaSets).

    Stable is sized by the weights of the pass before, new by those that this pass wrote, so stable shrinks one pass after its traffic moved.
    """
    if ctx.is_halted:
        return False
    remove_deadlines(ctx)
    if ctx.stable is not None and ctx.stable_is_another and scale(ctx, ctx.stable, sizes(ctx, ctx.status.weights)[1]):
        return True
    if scale_new(ctx, sizes(ctx, ctx.weights)[0]):
        return True
    return _scale_others(ctx)


def _scale_others(ctx: Context) -> bool:
    """Drain ReplicaSets that are neither new nor stable: unready pods at once, then the newest first within the budget; True if any shrank.

    Source: cleanupUnhealthyReplicas, scaleDownOldReplicaSetsForCanary. Without a budget the clean-up happens but does not count.
    """
    active = sorted((rs for rs in ctx.others if rs.replicas > 0), key=lambda rs: (rs.meta.created_s, rs.meta.name))
    if not active:
        return False
    shrunk = 0
    for i, rs in enumerate(active):
        available = rs.status.available_replicas
        if available > rs.replicas:
            return False  # its status lags behind a resize: leave all of them alone in this pass
        if available < rs.replicas:
            scale(ctx, rs, available)
            shrunk += rs.replicas - available
            active[i] = replace(rs, replicas=available, desired_replicas=ctx.replicas)
    budget = available_replicas(ctx.all) - (ctx.replicas - defaults.surge_and_unavailable(ctx.rollout.spec)[1])
    if budget <= 0:
        return False
    if not may_scale_down(ctx, active):
        return False
    delayed = 0
    for rs in by_revision_descending(active):
        if ctx.routing is not None and is_referenced(ctx, rs):
            continue
        if budget <= 0:
            break
        if rs.replicas == 0:
            continue
        delayed, size = _size_of_other(ctx, rs, delayed, budget)
        if size == rs.replicas:
            continue
        scale(ctx, rs, size)
        budget -= rs.replicas - size
        shrunk += rs.replicas - size
    return shrunk > 0


def _size_of_other(ctx: Context, rs: ReplicaSet, delayed: int, budget: int) -> tuple[int, int]:
    """Count of delayed ReplicaSets so far, and the size of an old one: within the budget without a router, else by its scale-down delay."""
    if ctx.routing is None:
        return delayed, max(0, rs.replicas - budget)
    if not ctx.canary.dynamic_stable_scale and (ctx.is_fully_promoted or rs.scale_down_deadline_s is not None):
        return delayed_size(ctx, rs, delayed, rs.replicas)
    return delayed, 0
