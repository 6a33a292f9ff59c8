"""The controller's rules on the objects of a Rollout's routers (rollout/controller.go, getRolloutReferencedResources; validation_references.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolloutsim.manifest import istio_routes
from rolloutsim.manifest.objects import CanaryStrategy, Ingress, Rollout
from rolloutsim.manifest.router_objects import RouterObjects, VirtualService
from rolloutsim.manifest.traffic_routing import IstioRouting, TrafficRouting, VirtualServiceReference
from rolloutsim.manifest.violation import Violation, invalid

BASE = "spec.strategy.canary.trafficRouting"


def missing(rollout: Rollout, ingresses: Mapping[str, Ingress], routes: RouterObjects) -> Iterator[Violation]:
    """What the Rollout's routers name and is not there, in the controller's order."""
    routing = _routing(rollout)
    if routing.nginx is not None:
        yield from _one_of(routing.nginx.stable_ingress, routing.nginx.stable_ingresses, "nginx", "StableIngress", "StableIngresses")
    for path, _, name in _named_ingresses(routing):
        if name not in ingresses:
            yield invalid(path, name, f'ingress.networking.k8s.io "{name}" not found')
    if routing.istio is not None:
        if (routing.istio.virtual_service is None) == (routing.istio.virtual_services is None):
            yield Violation(f"{BASE}.istio", f"{BASE}.istio", "Internal error: either VirtualService or VirtualServices must be configured")
        for path, reference in _virtual_services(routing.istio):
            if (VirtualService, reference.short_name) not in routes:
                yield invalid(path, reference.short_name, f'virtualservices.networking.istio.io "{reference.short_name}" not found')


def clashing(rollout: Rollout, ingresses: Mapping[str, Ingress], routes: RouterObjects) -> Iterator[Violation]:
    """What is there and does not fit, in the controller's order."""
    canary, routing = rollout.spec.strategy.canary, _routing(rollout)
    if canary is None:
        return
    for path, router, name in _named_ingresses(routing):
        service = _action_service(canary, routing, router)
        if name in ingresses and service not in [rule.service for rule in ingresses[name].rules]:
            yield invalid(path, name, f"ingress `{name}` has no rules using service {service} backend")
    if routing.istio is not None:
        for path, reference in _virtual_services(routing.istio):
            route = routes.get((VirtualService, reference.short_name))
            if route is not None:
                text = istio_routes.violation(
                    reference, route.spec, rollout.stable_and_canary(), routing.istio.destination_rule, routing.managed_names
                )
                if text:
                    yield invalid(path, reference.short_name, text)


def _routing(rollout: Rollout) -> TrafficRouting:
    canary = rollout.spec.strategy.canary
    return (canary.traffic_routing if canary is not None else None) or TrafficRouting()


def _virtual_services(istio: IstioRouting) -> Iterator[tuple[str, VirtualServiceReference]]:
    """(YAML path, reference) of the VirtualServices."""
    path = f"{BASE}.istio.{'virtualServices' if istio.virtual_services else 'virtualService'}.name"
    yield from ((path, reference) for reference in istio.references)


def _one_of(one: str, many: tuple[str, ...] | None, router: str, single: str, multiple: str) -> Iterator[Violation]:
    """Exactly one of a name and a list of names is given (ValidateRolloutNginxIngressesConfig, ValidateRolloutAlbIngressesConfig)."""
    if bool(one) == (many is not None):
        which = "Both are configured." if one else "Neither are configured."
        at = f"{BASE}.{router}"
        yield Violation(at, at, f"Internal error: Either {single} or {multiple} must be configured. {which}")


def _named_ingresses(routing: TrafficRouting) -> Iterator[tuple[str, str, str]]:
    """(YAML path, router, name) of the Ingresses that are looked at."""
    nginx = routing.nginx
    if nginx is not None:
        path = f"{BASE}.nginx.{'StableIngresses' if nginx.stable_ingresses is not None else 'stableIngress'}"
        yield from ((path, "nginx", name) for name in nginx.ingresses)


def _action_service(canary: CanaryStrategy, routing: TrafficRouting, router: str) -> str:
    """The Service that a rule of the Ingress must lead to."""
    return canary.stable_service
