"""Restart of pods older than spec.restartAt, a few at a time (rollout/restart.go; spec/canary.md 11)."""

from __future__ import annotations

from rolloutsim.control import defaults
from rolloutsim.control.context import Context
from rolloutsim.control.observed import Now
from rolloutsim.control.operations import EvictPod
from rolloutsim.control.replicas import total_replicas

RETRY_S = 30.0


def evict_due_pods(ctx: Context) -> int:
    """Evict pods created before restartAt while enough others are available; how many. The last of them settles the restart.

    Pods come in the order of their names, as the API lists them; at most max(maxUnavailable, 1) below max(N, Σ spec) are missing at once.
    """
    at_s = ctx.rollout.spec.restart_at_s
    if at_s is None:
        return 0
    if ctx.now.s <= at_s:
        if at_s < ctx.now.s + defaults.RESYNC_S:
            ctx.wake_up(at_s)
        return 0
    if not ctx.needs_restart:
        return 0
    owned = {rs.meta.name: rs for rs in ctx.all}
    pods = sorted((pod for pod in ctx.pods if pod.meta.owner in owned), key=lambda pod: pod.meta.name)
    wait_s = ctx.rollout.spec.min_ready_seconds
    available = sum(pod.ready and pod.deleted_s is None and _whole(ctx, pod.ready_since_s or 0.0) + wait_s <= ctx.now.s for pod in pods)
    concurrent = max(defaults.surge_and_unavailable(ctx.rollout.spec)[1], 1)
    spare = available - (max(ctx.replicas, total_replicas(ctx.all)) - concurrent)
    old = [pod for pod in pods if _whole(ctx, pod.meta.created_s) < at_s]
    evicted = [pod for pod in old if pod.deleted_s is None][: max(0, spare)]
    for pod in evicted:
        ctx.do(EvictPod(pod.meta.name))
    if len(evicted) < len(old):
        ctx.wake_up(ctx.now.s + RETRY_S)
    else:
        ctx.restarted_at_s = at_s
    return len(evicted)


def _whole(ctx: Context, at_s: float) -> float:
    return Now(at_s, ctx.now.fraction_s).whole_s
