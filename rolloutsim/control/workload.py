"""A Rollout that takes its template from a Deployment: the copy that a pass works with, and the Deployment's size (rollout/templateref.go)."""

from __future__ import annotations

from rolloutsim.control.context import Context
from rolloutsim.control.operations import ScaleWorkload


def missing(ctx: Context) -> str | None:
    """What the controller says of a workload that is not there; None if there is one, or none is asked for."""
    reference = ctx.rollout.spec.workload_ref
    if reference is None or ctx.workload is not None:
        return None
    return f'deployments.apps "{ctx.rollout.meta.namespace}/{reference.get("name", "")}" not found'


def scale_on_success(ctx: Context) -> None:
    """`scaleDown: onsuccess`: no pods for the Deployment once the first revision is stable and the Rollout was Healthy (promoteStable)."""
    if ctx.scales_workload("onsuccess") and ctx.rollout.revision == 1 and ctx.status.phase == "Healthy":
        _scale(ctx, 0)


def scale_progressively(ctx: Context, size: int) -> None:
    """`scaleDown: progressively`: the Deployment gives up a pod for each ready one of the first revision (reconcileNewReplicaSet).

    `size` is what the pass has just given the new ReplicaSet.
    """
    if not ctx.scales_workload("progressively") or ctx.new.revision != 1:
        return
    if ctx.status.phase == "Healthy":
        _scale(ctx, 0)
    elif ctx.status.ready_replicas > 0 or ctx.new.replicas > size:
        _scale(ctx, max(0, ctx.replicas - ctx.status.ready_replicas))


def _scale(ctx: Context, replicas: int) -> None:
    """Give the Deployment another size, if that is one (rollout/scale_utils.go)."""
    if ctx.workload is not None and ctx.workload.replicas != replicas:
        ctx.do(ScaleWorkload(ctx.workload.meta.name, replicas))
