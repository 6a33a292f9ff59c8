"""Canaries with a router: which one, and weights and routes that it cannot carry out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rolloutsim.control import defaults
from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.subject import CANARY, Subject

CHECKS = Checks.empty()
ROUTING = f"{CANARY}.trafficRouting"


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
    if subject.is_routed and not subject.routers:
        yield subject.hit(ROUTING, "trafficRouting names no router")


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
    if "nginx" in subject.routers and 0 < subject.max_weight < defaults.MAX_WEIGHT:
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
    found = subject.routers
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
