"""The traffic stage of a canary's pass: the weight wanted, the gate, and the writes to the router (rollout/trafficrouting.go).

Source of the order and the rows: spec/traffic-routing.md 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.control import defaults, services
from rolloutsim.control.canary_sizes import at_desired_counts
from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.replicas import threshold_met
from rolloutsim.control.routing import alb, ambassador, apisix, gateway_api, istio, nginx, smi, traefik
from rolloutsim.control.routing.router import Router
from rolloutsim.control.weights import current_set_weight, desired_weight
from rolloutsim.manifest.analysis import RUNNING
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import CanaryStrategy, TrafficWeights, WeightDestination
from rolloutsim.manifest.traffic_routing import TrafficRouting


def reconcile(ctx: Context) -> None:
    """Bring the router to the weight that fits the pods as they are before this pass resizes them; without one, record no weights."""
    canary = ctx.rollout.spec.strategy.canary
    assert canary is not None
    routers = list(_routers(ctx, ctx.routing)) if ctx.routing is not None else []
    if not routers:
        ctx.weights = None
        return
    for router in routers:
        if not _reconcile(ctx, canary, router):
            return


def _routers(ctx: Context, routing: TrafficRouting) -> Iterator[Router]:
    """The routers in the controller's order (NewTrafficRoutingReconciler)."""
    if routing.istio is not None:
        yield istio.Istio(ctx, routing.istio, routing.managed_names)
    if routing.nginx is not None:
        yield nginx.Nginx(ctx, routing.nginx, routing.max_traffic_weight)
    if routing.alb is not None:
        yield alb.Alb(ctx, routing.alb, routing.managed_names)
    if routing.smi is not None:
        yield smi.Smi(ctx, routing.smi)
    if routing.ambassador is not None:
        yield ambassador.Ambassador(ctx, routing.ambassador)
    if routing.traefik is not None:
        yield traefik.Traefik(ctx, routing.traefik)
    if routing.apisix is not None:
        yield apisix.Apisix(ctx, routing.apisix, routing.managed_names)
    if routing.gateway_api is not None:
        yield gateway_api.GatewayApi(ctx, routing.gateway_api, routing.managed_names)


def _reconcile(ctx: Context, canary: CanaryStrategy, router: Router) -> bool:
    canary_hash = ctx.new.pod_hash
    stable_hash = ctx.stable.pod_hash if ctx.stable else ""
    if rolled_back_from := services.dynamically_rolled_back_from(ctx):
        weight, canary_hash = _weight_on_abort(ctx, canary), rolled_back_from
    else:
        weight = _weight(ctx, canary, router)
    # The gate: without enough available stable pods the router is left alone in this pass, and the pass goes on.
    wanted_stable = (ctx.max_weight - weight) * ctx.replicas // ctx.max_weight
    stable = ctx.stable
    if stable is None:
        return False
    if stable.status.available_replicas < wanted_stable and not threshold_met(canary.replica_progress_threshold, stable, wanted_stable):
        return False
    if ctx.step is not None and ctx.rollout.revision > 1:
        if ctx.step.set_header_route is not None:
            router.set_header_route(ctx.step.set_header_route)
        if ctx.step.set_mirror_route is not None:
            router.set_mirror_route(ctx.step.set_mirror_route)
    stored = ctx.status.weights
    if ctx.new.status.available_replicas == 0 and stored is not None and stored.canary.weight > 0:
        _set_weight(ctx, router, weight)  # before the hash: a new, empty canary must not get the old weight
    router.update_hash(canary_hash, stable_hash)
    _set_weight(ctx, router, weight)
    _record_weights(ctx, canary, weight, canary_hash, stable_hash)
    _verify(ctx, router, weight)
    return True


def _verify(ctx: Context, router: Router, weight: int) -> None:
    """Look whether the weight is in force; if not, look again later, and at the full weight give the pass up.

    Of several routers the last one's answer stands. That AWS cannot be asked (event WeightVerifyError) does not happen here.
    """
    assert ctx.weights is not None
    verified = router.verify_weight(weight)
    ctx.weights = replace(ctx.weights, verified=verified)
    if verified is False:
        ctx.wake_up(ctx.now.s + defaults.VERIFY_RETRY_S)
        if weight == ctx.max_weight:
            raise PassFailed(f"end of rollout, desired weight {weight} not yet verified")


def _set_weight(ctx: Context, router: Router, weight: int) -> None:
    try:
        router.set_weight(weight)
    except PassFailed as failure:
        ctx.emit("TrafficRoutingError", str(failure), "Warning")
        raise


def _weight(ctx: Context, canary: CanaryStrategy, router: Router) -> int:
    """The weight wanted, first match: promoted, aborted, no canary pod, full promotion, on the way to a step, at it, past the last."""
    if ctx.is_fully_promoted:
        router.remove_managed_routes()
        return 0
    if ctx.is_aborted:
        weight = _weight_on_abort(ctx, canary)
        if weight == 0 or not canary.dynamic_stable_scale:
            services.ensure(ctx, canary.canary_service, ctx.stable, check_availability=False)
        router.remove_managed_routes()
        return weight
    if ctx.new.status.available_replicas == 0:
        ctx.additional_destinations = _experiment_destinations(ctx)
        router.remove_managed_routes()
        return 0
    stored = ctx.status.weights
    if ctx.status.promote_full:
        router.remove_managed_routes()
        if canary.dynamic_stable_scale:
            return ctx.max_weight * ctx.new.status.available_replicas // ctx.replicas if ctx.replicas else 0
        return stored.canary.weight if stored is not None else 0
    if not ctx.steps:
        return 0
    if ctx.step_index < len(ctx.steps) or not at_desired_counts(ctx, None):
        ctx.additional_destinations = _experiment_destinations(ctx)
    if not at_desired_counts(ctx, None):
        before = ctx.steps[: ctx.step_index]
        return next((step.set_weight for step in reversed(before) if step.set_weight is not None), 0)
    return current_set_weight(ctx) if ctx.step_index != len(ctx.steps) else ctx.max_weight


def _experiment_destinations(ctx: Context) -> tuple[WeightDestination, ...]:
    """The weighted templates of the step's Experiment, while its phase is exactly Running (calculateWeightDestinationsFromExperiment)."""
    step, experiment = ctx.step.experiment if ctx.step is not None else None, ctx.current_experiment
    if step is None or experiment is None or experiment.status.phase != RUNNING:
        return ()
    weights = {template.name: template.weight for template in step.templates}
    return tuple(
        WeightDestination(weight, status.pod_template_hash, status.service_name)
        for status in experiment.status.template_statuses
        if (weight := weights.get(status.name)) is not None
    )


def _weight_on_abort(ctx: Context, canary: CanaryStrategy) -> int:
    """0, or under dynamicStableScale a walk down as stable regrows (calculateDesiredWeightOnAbortOrStableRollback)."""
    n, top, stable = ctx.replicas, ctx.max_weight, ctx.stable
    if not canary.dynamic_stable_scale or stable is None or n == 0:
        return 0
    carried = top * stable.status.available_replicas // n
    wanted, expected, stored = desired_weight(ctx), max(0, top - carried), ctx.status.weights
    if stored is None:
        return max(expected, wanted)
    if wanted <= 0:
        return min(expected, stored.canary.weight)
    return stored.canary.weight if carried < top - wanted else min(wanted, stored.canary.weight)


def _record_weights(ctx: Context, canary: CanaryStrategy, weight: int, canary_hash: str, stable_hash: str) -> None:
    """`status.canary.weights`, with the event that says what changed (nothing more than its name when only a hash did)."""
    before = ctx.status.weights
    now = TrafficWeights(
        canary=WeightDestination(weight, canary_hash, canary.canary_service),
        stable=WeightDestination(ctx.max_weight - weight - sum(d.weight for d in ctx.additional_destinations), stable_hash, canary.stable_service),
        additional=ctx.additional_destinations,
    )
    if before is None or replace(before, verified=None) != now:
        details = []
        if before is None:
            details.append(f"to {weight}")
        elif before.canary.weight != weight:
            details.append(f"from {before.canary.weight} to {weight}")
        if before is not None and before.additional != now.additional:
            listed = " ".join(f"{{{d.weight} {d.service_name} {d.pod_template_hash}}}" for d in now.additional)
            details.append(f"additional: [{listed}]")
        ctx.emit("TrafficWeightUpdated", f"Traffic weight updated {', '.join(details)}")
        ctx.weights = now
