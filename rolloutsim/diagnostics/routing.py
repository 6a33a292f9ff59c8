"""Canaries with a router: pods and weights that do not go together, and the delays around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rolloutsim.control import defaults
from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.subject import CANARY, Subject

CHECKS = Checks.empty()
ROUTING = f"{CANARY}.trafficRouting"
PROVIDERS = ("istio", "nginx", "alb", "smi", "ambassador", "appMesh", "traefik", "apisix", "plugins")
LAG_S = {"alb": 30, "nginx": 5, "istio": 2}
"""Seconds until a changed selector or weight has arrived: AWS target groups; ingress-nginx syncs every 3.3 s and its workers look every second;
Istio pushes within a second or two. What is not listed gets OTHER_LAG_S."""
OTHER_LAG_S = 2
LONG_DELAY_S = 600
"""Two updates within so much time are not rare."""


def _providers(subject: Subject) -> list[str]:
    return [name for name in PROVIDERS if (subject.routing or {}).get(name) is not None]


@CHECKS.rollout(
    Diagnostic(
        "RS401",
        "error",
        "a router that routes nothing",
        "trafficRouting without a provider makes the controller size the pods as if a router split the traffic: stable keeps all pods and the canary "
        "comes on top. But no weight is written anywhere, so setWeight moves no request.",
        "Name a router (nginx, istio, alb, ...), or remove trafficRouting.",
        "argo-rollouts rollout/trafficrouting.go; verdicts of the real controller",
    )
)
def no_provider(subject: Subject) -> Iterator[Hit]:
    """trafficRouting without a provider."""
    if subject.is_routed and not _providers(subject):
        yield subject.hit(ROUTING, "trafficRouting names no router")


@CHECKS.rollout(
    Diagnostic(
        "RS402",
        "error",
        "an abort that can never finish",
        "dynamicStableScale takes stable pods away as traffic moves. An abort must give them back before it may take traffic from the canary, and it "
        "shrinks the canary on the way down. An explicit abortScaleDownDelaySeconds forbids just that: from a high weight both sides wait for "
        "each other for ever.",
        "Remove abortScaleDownDelaySeconds, or dynamicStableScale.",
        "argo-rollouts issue 4898; a recording of the real controller shows it",
    )
)
def abort_deadlock(subject: Subject) -> Iterator[Hit]:
    """dynamicStableScale with an explicit abort delay."""
    canary = subject.canary
    if subject.is_routed and canary and canary.dynamic_stable_scale and canary.abort_scale_down_delay_seconds:
        yield subject.hit(
            f"{CANARY}.abortScaleDownDelaySeconds", f"abortScaleDownDelaySeconds {canary.abort_scale_down_delay_seconds} with dynamicStableScale"
        )


@CHECKS.rollout(
    Diagnostic(
        "RS403",
        "note",
        "an abort has to wait for new stable pods",
        "With dynamicStableScale the stable version has only the pods that its traffic needs. An abort walks the weight back step by step as stable "
        "pods start; until then users stay on the version that is being aborted.",
        "Leave dynamicStableScale out where an abort must be instant, or keep the weights low while you judge.",
        "argo-rollouts rollout/trafficrouting.go; a recording of the real controller shows it",
    )
)
def slow_abort(subject: Subject) -> Iterator[Hit]:
    """dynamicStableScale, and something that may abort at a high weight."""
    canary = subject.canary
    highest = max((weight for _, weight in subject.set_weights()), default=0)
    if subject.is_routed and canary and canary.dynamic_stable_scale and highest * 2 >= subject.max_weight:
        yield subject.hit(
            f"{CANARY}.dynamicStableScale", f"at setWeight {highest} an abort first has to start {_missing(subject, highest)} stable pods"
        )


def _missing(subject: Subject, weight: int) -> int:
    rows = [row for row in (subject.reachable.rows if subject.reachable else ()) if subject.steps[row.step].set_weight == weight]
    return subject.replicas - rows[-1].stable_pods if rows else 0


@CHECKS.rollout(
    Diagnostic(
        "RS404",
        "error",
        "no stable pod is left at full weight",
        "With dynamicStableScale a setWeight of 100 takes the last stable pod away while the Ingress still leads to the stable Service. "
        "ingress-nginx then answers 503 to everything, whatever the canary's weight, until the update is promoted.",
        "End the steps below 100: the promotion comes by itself.",
        "ingress-nginx issues 9635 and 13086; argo-rollouts issue 1820; a recording of the real controller shows stable at 0 pods",
    )
)
def empty_stable(subject: Subject) -> Iterator[Hit]:
    """dynamicStableScale at the full weight behind ingress-nginx."""
    if subject.is_routed and subject.canary and subject.canary.dynamic_stable_scale and "nginx" in _providers(subject):
        for i, weight in subject.set_weights():
            if weight >= subject.max_weight:
                yield subject.hit(f"{CANARY}.steps[{i}].setWeight", f"setWeight {weight} leaves 0 stable pods behind ingress-nginx")


@CHECKS.rollout(
    Diagnostic(
        "RS405",
        "error",
        "scaleDownDelaySeconds 0 means never",
        "A delay of 0 writes no deadline, so the old ReplicaSet is never scaled down, and the controller looks at the Rollout again at once, "
        "over and over.",
        "Write 1 for at once; leave the field out for the default of 30 seconds.",
        "argo-rollouts issue 1992; rollout/replicaset.go, scaleDownDelayHelper",
    )
)
def never_scaled_down(subject: Subject) -> Iterator[Hit]:
    """A delay of 0."""
    path = f"{subject.strategy}.scaleDownDelaySeconds"
    if (subject.is_routed or subject.blue_green is not None) and subject.thing.number(path) == 0:
        yield subject.hit(path, "the old pods stay for ever, and the controller spins")


@CHECKS.rollout(
    Diagnostic(
        "RS406",
        "warning",
        "the old pods go before the traffic has moved",
        "When the Service switches, load balancers, proxies and nodes hear of it later. If the old pods are gone by then, requests are sent to pods "
        "that no longer exist. The default of 30 seconds is made for that.",
        "Give scaleDownDelaySeconds at least the time that your router needs; leave the field out for 30 seconds.",
        "argo-rollouts docs/features/bluegreen.md; ingress-nginx sync limit and worker poll; Kubernetes endpoint propagation",
    )
)
def delay_below_lag(subject: Subject) -> Iterator[Hit]:
    """A scale-down delay shorter than the router's lag."""
    path = f"{subject.strategy}.scaleDownDelaySeconds"
    delay = subject.thing.number(path)
    if delay is None or delay <= 0 or not (subject.is_routed or subject.blue_green is not None):
        return
    name = max(_providers(subject) or ["kube-proxy"], key=lambda p: LAG_S.get(p, OTHER_LAG_S))
    lag = LAG_S.get(name, OTHER_LAG_S)
    if delay < lag:
        yield subject.hit(path, f"{delay} s, where {name} may take {lag} s to follow")


@CHECKS.rollout(
    Diagnostic(
        "RS407",
        "warning",
        "abortScaleDownDelaySeconds 0 keeps the pods for ever",
        "In blue-green the preview pods are then never scaled down after an abort. In a canary whose first step is setCanaryScale the canary keeps that "
        "size after an abort, and its Service flaps between both versions.",
        "Leave the field out (30 seconds), or give the seconds that you want to look at the aborted pods.",
        "argo-rollouts utils/defaults; recordings of the real controller show both",
    )
)
def abort_keeps_pods(subject: Subject) -> Iterator[Hit]:
    """An abort delay of 0 where it means never."""
    path = f"{subject.strategy}.abortScaleDownDelaySeconds"
    if subject.thing.number(path) != 0:
        return
    first = subject.steps[0].set_canary_scale if subject.steps else None
    if subject.blue_green is not None or (subject.is_routed and first is not None and not first.match_traffic_weight):
        yield subject.hit(path, "after an abort the pods of the new version stay")


@CHECKS.rollout(
    Diagnostic(
        "RS408",
        "warning",
        "an abort delay that is taken for none",
        "A wait as long as the controller's resync period (15 minutes) is left to the resync, and the pass that would wait sizes the canary instead: "
        "to 0 at once.",
        "Keep abortScaleDownDelaySeconds below 900.",
        "argo-rollouts rollout/replicaset.go, shouldDelayScaleDownOnAbort",
    )
)
def delay_beyond_resync(subject: Subject) -> Iterator[Hit]:
    """An abort delay of the resync period or more."""
    path = f"{CANARY}.abortScaleDownDelaySeconds"
    delay = subject.thing.number(path)
    if subject.is_routed and delay is not None and delay >= defaults.RESYNC_S:
        yield subject.hit(path, f"{delay} s is not below {defaults.RESYNC_S:g} s: the pods go at once")


@CHECKS.rollout(
    Diagnostic(
        "RS409",
        "error",
        "a weight total below 100",
        "ingress-nginx takes canary-weight-total below 100 for 100, so that setWeight at maxTrafficWeight still means that many percent and never all.",
        "Leave maxTrafficWeight out, or give 1000 for finer steps.",
        "ingress-nginx rootfs/etc/nginx/lua/balancer.lua",
    )
)
def low_total(subject: Subject) -> Iterator[Hit]:
    """maxTrafficWeight below 100 with ingress-nginx."""
    if "nginx" in _providers(subject) and 0 < subject.max_weight < defaults.MAX_WEIGHT:
        yield subject.hit(f"{ROUTING}.maxTrafficWeight", f"setWeight {subject.max_weight} would be {subject.max_weight} %, not all")


@CHECKS.rollout(
    Diagnostic(
        "RS410",
        "warning",
        "an option that needs a router",
        "minPodsPerReplicaSet and abortScaleDownDelaySeconds are read only with trafficRouting. Without it they do nothing, and nobody says so.",
        "Remove the option, or add trafficRouting.",
        "argo-rollouts utils/replicaset/canary.go",
    )
)
def needs_router(subject: Subject) -> Iterator[Hit]:
    """Options without a router that validation lets through."""
    for name in ("minPodsPerReplicaSet", "abortScaleDownDelaySeconds"):
        if subject.is_basic and subject.thing.has(f"{CANARY}.{name}"):
            yield subject.hit(f"{CANARY}.{name}", f"{name} does nothing without a router")


@CHECKS.rollout(
    Diagnostic(
        "RS411",
        "warning",
        "a header or mirror route without a canary pod",
        "The controller removes managed routes whenever the canary has no available pod, and a route step is done at once. Set before the first pods "
        "exist, the route is gone in the next pass and is not made again.",
        "Put setCanaryScale (or setWeight) before the route's step.",
        "argo-rollouts rollout/trafficrouting.go, RemoveManagedRoutes",
    )
)
def early_route(subject: Subject) -> Iterator[Hit]:
    """A route step before anything has started canary pods."""
    for i, step in enumerate(subject.steps):
        if (step.set_weight or 0) > 0 or step.set_canary_scale is not None:
            return
        for kind in ("setHeaderRoute", "setMirrorRoute"):
            if subject.is_routed and subject.thing.has(f"{CANARY}.steps[{i}].{kind}"):
                yield subject.hit(f"{CANARY}.steps[{i}].{kind}", "the canary has no pod yet")


@CHECKS.rollout(
    Diagnostic(
        "RS412",
        "error",
        "a mirror of more than everything",
        "percentage says how much of the traffic is copied to the canary. The API server takes any number; Istio refuses above 100.",
        "Give a percentage from 1 to 100.",
        "Istio VirtualService, mirrorPercentage; verdicts of the real controller",
    )
)
def mirror_percentage(subject: Subject) -> Iterator[Hit]:
    """A percentage outside 0 to 100."""
    for i in range(len(subject.steps)):
        path = f"{CANARY}.steps[{i}].setMirrorRoute.percentage"
        value: Any = subject.thing.number(path)
        if value is not None and not 0 <= value <= 100:
            yield subject.hit(path, f"{value} %")


@CHECKS.rollout(
    Diagnostic(
        "RS413",
        "warning",
        "several routers at once",
        "Every router that is named gets every weight. Requests that pass both are split twice: at 20 % and 20 % the canary gets 36 or 4 %, by how "
        "they are chained.",
        "Keep the router that the users' requests pass.",
        "argo-rollouts rollout/trafficrouting.go, NewTrafficRoutingReconciler",
    )
)
def two_routers(subject: Subject) -> Iterator[Hit]:
    """More than one provider."""
    found = _providers(subject)
    if len(found) > 1:
        yield subject.hit(f"{ROUTING}.{found[1]}", f"{' and '.join(found)} together")


@CHECKS.rollout(
    Diagnostic(
        "RS414",
        "error",
        "the weights of step and experiment exceed the whole",
        "While an experiment runs, its templates with a weight get that much beside the canary. Stable gets what is left, and that must not be negative.",
        "Lower the weights of the experiment, or the setWeight before it.",
        "argo-rollouts rollout/trafficrouting.go, calculateWeightDestinationsFromExperiment",
    )
)
def too_much_weight(subject: Subject) -> Iterator[Hit]:
    """Experiment weights that leave less than nothing for stable."""
    for i, step in enumerate(subject.steps):
        if step.experiment is not None and subject.is_routed:
            extra = sum(template.weight or 0 for template in step.experiment.templates)
            if extra and subject.weight_at(i) + extra > subject.max_weight:
                yield subject.hit(f"{CANARY}.steps[{i}].experiment.templates", f"{subject.weight_at(i)} + {extra} of {subject.max_weight}")


@CHECKS.rollout(
    Diagnostic(
        "RS415",
        "note",
        "old pods of several updates at once",
        "Old pods stay for scaleDownDelaySeconds after each update. A second update within that time keeps a third set of pods: three times the "
        "replicas until the first delay is over.",
        "Shorten scaleDownDelaySeconds, or set scaleDownDelayRevisionLimit.",
        "argo-rollouts rollout/replicaset.go, scaleDownDelayHelper; a recording of the real controller shows it",
    )
)
def many_sets(subject: Subject) -> Iterator[Hit]:
    """A delay of ten minutes or more, without a limit of revisions."""
    path = f"{subject.strategy}.scaleDownDelaySeconds"
    delay, has_limit = subject.thing.number(path), subject.thing.has(f"{subject.strategy}.scaleDownDelayRevisionLimit")
    if delay is not None and delay >= LONG_DELAY_S and not has_limit and not subject.is_basic:
        yield subject.hit(path, f"old pods stay for {delay} s after each update: up to {3 * subject.replicas} pods with a second one")
