"""Which weight, or explicit count, a canary is held at (utils/replicaset/canary.go, GetCanaryReplicasOrWeight; spec/canary.md 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rolloutsim.control import defaults
from rolloutsim.control.context import Context
from rolloutsim.manifest.objects import SetCanaryScale, Step


def set_weight(steps: Sequence[Step], index: int, *, aborted: bool, max_weight: int = defaults.MAX_WEIGHT) -> int:
    """The nearest setWeight at or before a step: 0 when aborted or none was set, the maximum past the last step or without steps."""
    if aborted:
        return 0
    if index >= len(steps):
        return max_weight
    return next((step.set_weight for step in reversed(steps[: index + 1]) if step.set_weight is not None), 0)


def pods_of_weight(replicas: int, weight: int, max_weight: int) -> int:
    """Pods that carry a weight, rounded up (trafficWeightToReplicas)."""
    return math.ceil(weight * replicas / max_weight)


def current_set_weight(ctx: Context) -> int:
    """The weight of the present step (GetCurrentSetWeight)."""
    return set_weight(ctx.steps, ctx.step_index, aborted=ctx.status.abort, max_weight=ctx.max_weight)


def desired_weight(ctx: Context) -> int:
    """The weight of the present step; an abort under dynamicStableScale walks back through the steps (GetDesiredCanaryWeight)."""
    if not (ctx.status.abort and ctx.canary.dynamic_stable_scale) or ctx.stable is None:
        return current_set_weight(ctx)
    left = max(ctx.replicas - ctx.stable.status.available_replicas, ctx.new.status.available_replicas)
    for step in reversed(ctx.steps):
        if step.set_weight is not None and pods_of_weight(ctx.replicas, step.set_weight, ctx.max_weight) < left:
            return step.set_weight
    return 0


def canary_scale(ctx: Context) -> SetCanaryScale | None:
    """The setCanaryScale in force: the nearest at or before the step, unless it was handed back to the traffic weight (UseSetCanaryScale)."""
    if ctx.routing is None or ctx.step is None:
        return None
    if ctx.status.abort and defaults.abort_scale_down_delay_seconds(ctx.rollout.spec) is not None:
        return None
    return scale_in_force(ctx.steps, ctx.step_index)


def scale_in_force(steps: Sequence[Step], index: int) -> SetCanaryScale | None:
    """The nearest setCanaryScale at or before a step; None if there is none or it hands the size back to the weight."""
    found = next((step.set_canary_scale for step in reversed(steps[: index + 1]) if step.set_canary_scale is not None), None)
    return None if found is None or found.match_traffic_weight else found


def replicas_or_weight(ctx: Context) -> tuple[int | None, int]:
    """An explicit canary count (else None), and the weight that sizes the canary."""
    status = ctx.status
    if status.promote_full or status.stable_rs in ("", status.current_pod_hash):
        return None, ctx.max_weight
    explicit = canary_scale(ctx)
    if explicit is not None and explicit.replicas is not None:
        return explicit.replicas, 0
    if explicit is not None and explicit.weight is not None:
        return None, explicit.weight
    return None, desired_weight(ctx)
