"""Service selectors: which ReplicaSet a Service is pinned to, and when (rollout/service.go)."""

from __future__ import annotations

from rolloutsim.control.context import Context
from rolloutsim.control.operations import PatchService
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import HASH_LABEL, CanaryStrategy, PingPong, ReplicaSet, Rollout


def listed(rollout: Rollout) -> set[str]:
    """The Services that a Rollout lists, and so manages (utils/service, GetRolloutServiceKeys)."""
    blue_green, canary = rollout.spec.strategy.blue_green, rollout.spec.strategy.canary
    if blue_green is not None:
        return {blue_green.active_service, blue_green.preview_service} - {""}
    canary = canary or CanaryStrategy()
    pair = canary.ping_pong or PingPong()
    return {canary.canary_service, canary.stable_service, pair.ping_service, pair.pong_service} - {""}


def switch(ctx: Context, name: str, pod_hash: str) -> None:
    """Pin a Service to a ReplicaSet unless it is, with the event that says so (switchServiceSelector)."""
    service = ctx.service(name)
    if HASH_LABEL in service.selector and service.pod_hash == pod_hash and service.managed_by is not None:
        return
    owner = ctx.rollout.meta.name
    ctx.do(PatchService(name, pod_hash, owner))
    ctx.emit("SwitchService", f"Switched selector for service '{name}' from '{service.pod_hash}' to '{pod_hash}'")
    ctx.services[name] = replace(service, selector={**service.selector, HASH_LABEL: pod_hash}, managed_by=service.managed_by or owner)


def ensure(ctx: Context, name: str, rs: ReplicaSet | None, *, check_availability: bool = True) -> None:
    """Point a canary's Service at a ReplicaSet that has pods: all of them when the Service is adopted, one later (ensureSVCTargets)."""
    if rs is None or not name:
        return
    service = ctx.service(name)
    if service.pod_hash == rs.pod_hash:
        return
    available = rs.status.available_replicas
    if check_availability and service.managed_by is None and not (rs.replicas > 0 and available >= rs.replicas):
        return
    if available > 0 or not check_availability:
        switch(ctx, name, rs.pod_hash)


def ensure_canary_services(ctx: Context) -> None:
    """Stable Service to stable, canary Service to new; after an abort without a router to stable (reconcileStableAndCanaryService).

    With ping-pong the Services take turns instead: at an update the idle one moves to new at once (reconcilePingAndPongService).
    """
    canary = ctx.canary
    if canary.ping_pong is not None and not ctx.is_fully_promoted:
        ensure(ctx, ctx.rollout.stable_and_canary(prefer_ping_pong=True)[1], ctx.new, check_availability=False)
    ensure(ctx, canary.stable_service, ctx.stable)
    if ctx.is_aborted and ctx.routing is None:
        ensure(ctx, canary.canary_service, ctx.stable)
    elif not dynamically_rolled_back_from(ctx):
        ensure(ctx, canary.canary_service, ctx.new)


def dynamically_rolled_back_from(ctx: Context) -> str:
    """The hash that still has the canary's traffic while the template went back to a stable that dynamicStableScale had shrunk; else "".

    Source: utils/rollout/rolloututil.go, IsDynamicallyRollingBackToStable.
    """
    canary, weights, new = ctx.canary, ctx.status.weights, ctx.new
    if canary.traffic_routing is None or not canary.dynamic_stable_scale or not ctx.is_fully_promoted:
        return ""
    if weights is None or weights.canary.pod_template_hash == new.pod_hash:
        return ""
    return "" if new.status.available_replicas >= ctx.replicas else weights.canary.pod_template_hash
