"""Steps that set routes: what the controller says where the router has none (validation.go of argo-rollouts 1.9.1), and what nobody checks."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.world.world import World
from tests.unit.control.worlds import INGRESS, SERVICES, routed, virtual_service, world

VIRTUAL_SERVICE = virtual_service({"destination": {"host": "stable"}}, {"destination": {"host": "canary"}})
EXACT = {"headerName": "X", "headerValue": {"exact": "1"}}
HEADER = {"setHeaderRoute": {"name": "r", "match": [EXACT]}}
MIRROR = {"setMirrorRoute": {"name": "r", "match": [{"method": {"exact": "GET"}}]}}
ROUTERS: dict[str, Any] = {
    "nginx": {"stableIngress": "web"},
    "traefik": {"weightedTraefikServiceName": "web"},
    "ambassador": {"mappings": ["web"]},
    "smi": {},
    "alb": {"ingress": "web", "servicePort": 80},
    "apisix": {"route": {"name": "web"}},
    "istio": {"virtualService": {"name": "vs"}},
    "plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "web"}},
}
INVALID = 'InvalidSpec: The Rollout "app" is invalid: '
SHOWN_HEADER = '{"name":"r","match":[{"headerName":"X","headerValue":{"exact":"1"}}]}'
SHOWN_MIRROR = '{"name":"r","match":[{"method":{"exact":"GET"}}]}'
NO_HEADER = (
    f"spec.strategy.steps[0].setHeaderRoute: Invalid value: {SHOWN_HEADER}: SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix"
)
NO_MIRROR = f"spec.strategy.steps[0].setMirrorRoute: Invalid value: {SHOWN_MIRROR}: SetMirrorRoute requires TrafficRouting, supports Istio only"


def deployed(router: str, *steps: dict[str, Any], managed: tuple[str, ...] | None = ("r",)) -> World:
    routing = {router: ROUTERS[router]}
    if managed is not None:
        routing["managedRoutes"] = [{"name": name} for name in managed]
    made = world(routed(routing, steps), *SERVICES, INGRESS, VIRTUAL_SERVICE, healthy=False)
    made.advance(3.0)
    return made


@pytest.mark.parametrize("router", ["nginx", "traefik", "ambassador", "smi"])
def test_routers_without_header_routes_make_the_step_invalid(router: str) -> None:
    assert deployed(router, HEADER).rollout.status.message == INVALID + NO_HEADER


@pytest.mark.parametrize("router", [router for router in ROUTERS if router != "istio"])
def test_mirror_routes_are_istios_alone(router: str) -> None:
    assert deployed(router, MIRROR).rollout.status.message == INVALID + NO_MIRROR


@pytest.mark.parametrize("router", ["alb", "apisix", "istio", "plugins"])
def test_routes_have_to_be_managed(router: str) -> None:
    unlisted = (
        "spec.strategy.trafficRouting.managedRoutes: Required value: Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'"
    )
    assert deployed(router, HEADER, managed=None).rollout.status.message == INVALID + unlisted
    other = 'spec.strategy.steps[0].setHeaderRoute: Invalid value: "r": Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes'
    assert deployed(router, HEADER, managed=("s",)).rollout.status.message == INVALID + other


@pytest.mark.parametrize(
    ("router", "value", "words"),
    [
        ("alb", {"prefix": "1"}, "SetHeaderRoute match value invalid. ALB supports 'exact' value only"),
        ("alb", {"exact": "1", "regex": "1"}, "SetHeaderRoute match value invalid. ALB supports 'exact' value only"),
        ("istio", {}, "StringMatch value missed, match value must have one of the following: exact, regex, prefix"),
        ("apisix", {"exact": "1", "regex": "1"}, "StringMatch match value must have exactly one of the following: exact, regex, prefix"),
        ("plugins", {"prefix": "1", "regex": "1"}, "StringMatch match value must have exactly one of the following: exact, regex, prefix"),
    ],
)
def test_values_of_headers_have_one_kind(router: str, value: dict[str, str], words: str) -> None:
    step = {"setHeaderRoute": {"name": "r", "match": [{"headerName": "X", "headerValue": value}]}}
    message = deployed(router, step).rollout.status.message
    assert message.startswith(f"{INVALID}spec.strategy.steps[0].setHeaderRoute.match[0]: Invalid value: ")
    assert message.endswith(words)
