"""Load balancers and gateways: routes that they, or what writes to them, take otherwise than they look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.landscape import Thing
from rolloutsim.diagnostics.subject import CANARY, Subject
from rolloutsim.manifest.traffic_routing import GATEWAY_API

CHECKS = Checks.empty()
ROUTING = f"{CANARY}.trafficRouting"
PLUGIN = "argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi pkg/plugin/httproute.go, release 0.15"


def _albs(subject: Subject) -> Iterator[Thing]:
    """The Ingresses of the ALB router."""
    base = f"{ROUTING}.alb"
    for name in subject.thing.texts(f"{base}.ingresses") or [subject.thing.text(f"{base}.ingress")]:
        found = subject.landscape.near(subject.thing, "Ingress", name)
        if found is not None:
            yield found


def _plugin(subject: Subject) -> Mapping[str, Any] | None:
    config = subject.thing.mapping(f"{ROUTING}.plugins").get(GATEWAY_API)
    return config if isinstance(config, Mapping) else None


def _http_routes(subject: Subject) -> Iterator[Thing]:
    """The HTTPRoutes whose rules the plugin takes for its own: those with header routes."""
    config = _plugin(subject) or {}
    listed = [route for route in config.get("httpRoutes") or () if isinstance(route, Mapping)]
    names = [str(route.get("name")) for route in listed if route.get("useHeaderRoutes")] + [str(config.get("httpRoute") or "")]
    for name in names:
        found = subject.landscape.near(subject.thing, "HTTPRoute", name)
        if found is not None:
            yield found


@CHECKS.rollout(
    Diagnostic(
        "RS431",
        "error",
        "a header route that the load balancer never tries",
        "The controller puts the header route before the other paths of the Ingress, as a path of type ImplementationSpecific. The AWS load balancer "
        "controller sorts paths by type: exact ones, then prefixes, then all others. Behind a prefix no request is left for the header route, and a "
        "controller that verifies weights reads the header route's 100, the last of the rules, for the canary's weight: the update never goes on.",
        "Write the other path as /* with pathType ImplementationSpecific.",
        "aws-load-balancer-controller pkg/ingress/model_build_listener_rules.go, sortIngressPaths; argo-rollouts utils/ingress/wrapper.go",
    )
)
def header_route_behind_prefix(subject: Subject) -> Iterator[Hit]:
    """An ALB canary with header routes whose Ingress leads to its action by a prefix."""
    alb = subject.thing.mapping(f"{ROUTING}.alb")
    if subject.canary is None or not any(step.set_header_route is not None for step in subject.steps):
        return
    action = alb.get("rootService") or subject.canary.stable_service
    for ingress in _albs(subject):
        for i, _ in enumerate(ingress.list("spec.rules")):
            for k, _ in enumerate(ingress.list(f"spec.rules[{i}].http.paths")):
                at = f"spec.rules[{i}].http.paths[{k}]"
                if ingress.text(f"{at}.backend.service.name") == action and ingress.text(f"{at}.pathType") in ("Prefix", "Exact"):
                    path, kind = ingress.text(f"{at}.path") or "/", ingress.text(f"{at}.pathType")
                    yield Hit(ingress, f"{at}.pathType", f"{kind} {path} comes before the header route's /*, whatever stands first in the Ingress")


@CHECKS.rollout(
    Diagnostic(
        "RS432",
        "error",
        "a rule that the plugin takes for its own",
        "Whatever leads to the canary Service alone, the Gateway API plugin takes for a rule by header that it made itself. Such a rule, a preview for "
        "instance, gets no weight, and is deleted from the HTTPRoute with the first removal of managed routes: as soon as the Rollout is healthy.",
        "Give the preview an HTTPRoute of its own.",
        f"{PLUGIN}, isHTTPManagedRule",
    )
)
def canary_alone(subject: Subject) -> Iterator[Hit]:
    """A rule of a managed HTTPRoute with the canary Service as its only backend."""
    canary = subject.canary.canary_service if subject.canary is not None else ""
    for route in _http_routes(subject) if canary else ():
        for i, _ in enumerate(route.list("spec.rules")):
            names = [ref.get("name") for ref in route.list(f"spec.rules[{i}].backendRefs") if isinstance(ref, Mapping)]
            if names == [canary]:
                yield Hit(route, f"spec.rules[{i}].backendRefs", f"rule {i} of {route.name} leads to {canary} alone and will be deleted")


@CHECKS.rollout(
    Diagnostic(
        "RS433",
        "error",
        "a maximum weight that the plugin does not know",
        "The Gateway API plugin gives stable 100 less the canary's weight, whatever maxTrafficWeight says. A larger maximum asks for a negative weight at "
        "the end, which the API server refuses: the update never finishes. With a smaller one some traffic stays with stable.",
        "Leave maxTrafficWeight out.",
        f"{PLUGIN}, setHTTPRouteWeight",
    )
)
def plugin_maximum(subject: Subject) -> Iterator[Hit]:
    """maxTrafficWeight with the Gateway API plugin."""
    if _plugin(subject) is not None and subject.max_weight != 100:
        yield subject.hit(f"{ROUTING}.maxTrafficWeight", f"at {subject.max_weight} the plugin writes {100 - subject.max_weight} for stable")


@CHECKS.rollout(
    Diagnostic(
        "RS434",
        "warning",
        "weights of an experiment stay in the HTTPRoute",
        "While an experiment runs, the Gateway API plugin takes its weights from stable alone and forgets the canary's, so that the sum exceeds 100. When "
        "the experiment succeeds its Services are deleted but stay in the HTTPRoute with their weight: that part of the requests then fails.",
        "Run the experiment without weights, or watch the HTTPRoute at the end of the step.",
        f"{PLUGIN.replace('httproute.go', 'experiment.go')}, HandleExperiment",
    )
)
def plugin_experiment(subject: Subject) -> Iterator[Hit]:
    """Experiment templates with a weight under the Gateway API plugin."""
    if _plugin(subject) is None:
        return
    for i, step in enumerate(subject.steps):
        for k, template in enumerate(step.experiment.templates if step.experiment is not None else ()):
            if template.weight is not None:
                yield subject.hit(
                    f"{CANARY}.steps[{i}].experiment.templates[{k}].weight", f"{template.name} keeps {template.weight} in the HTTPRoute"
                )


@CHECKS.rollout(
    Diagnostic(
        "RS435",
        "note",
        "Traefik 3's objects need flags of the controller",
        "The controller looks for the TraefikService in the group traefik.containo.us unless it is told otherwise. Traefik 3 has only traefik.io: without "
        "the two flags no pass finds the object, and no weight is ever written.",
        "Start the Rollouts controller with --traefik-api-group=traefik.io --traefik-api-version=traefik.io/v1alpha1.",
        "argo-rollouts utils/defaults/defaults.go, DefaultTraefikAPIGroup; cmd/rollouts-controller/main.go",
    )
)
def traefik_group(subject: Subject) -> Iterator[Hit]:
    """A TraefikService of the group traefik.io."""
    name = subject.thing.text(f"{ROUTING}.traefik.weightedTraefikServiceName")
    found = subject.landscape.near(subject.thing, "TraefikService", name) if name else None
    if found is not None and found.text("apiVersion").startswith("traefik.io/"):
        yield Hit(found, "apiVersion", f"{found.text('apiVersion')} is found only with flags; the default is traefik.containo.us/v1alpha1")
