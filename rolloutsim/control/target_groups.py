"""Whether the pods behind a canary's stable Service are registered at AWS before old ReplicaSets go (rollout/service.go, awsVerifyTargetGroups)."""

from __future__ import annotations

from collections.abc import Sequence

from rolloutsim.control import defaults
from rolloutsim.control.context import Context
from rolloutsim.manifest.objects import ReplicaSet


def may_scale_down(ctx: Context, old: Sequence[ReplicaSet]) -> bool:
    """Whether old ReplicaSets may get their deadline (canProceedWithScaleDownAnnotation): only an ALB canary whose targets are verified waits.

    Registration counts, health does not; groups of nodes (target type `instance`) need no registration. Without an answer it looks again later.
    """
    if ctx.load_balancers is None or ctx.routing is None or ctx.routing.alb is None:
        return True
    if all(rs.replicas == 0 or rs.scale_down_deadline_s is not None for rs in old) or not ctx.is_fully_promoted:
        return True
    service = ctx.rollout.stable_and_canary(prefer_ping_pong=True)[0]
    ready = {endpoint.pod for endpoint in ctx.endpoint_slices[service].endpoints} if service in ctx.endpoint_slices else set[str]()
    for balancer in ctx.load_balancers.values():
        if balancer.target_type != "ip" or balancer.weight(service) is None:
            continue
        registered = len(ready & {endpoint.pod for endpoint in balancer.targets.get(service, ())})
        name = f"Service {service} (TargetGroup {balancer.target_group_arn(service)})"
        if registered < len(ready):
            ctx.emit("TargetGroupUnverified", f"{name} not verified: {registered}/{len(ready)} endpoints registered", "Warning")
            ctx.wake_up(ctx.now.s + defaults.VERIFY_RETRY_S)
            return False
        ctx.emit("TargetGroupVerified", f"{name} verified: {registered} endpoints registered")
    return True
