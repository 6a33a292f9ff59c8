"""Rules on the canary strategy before its steps (validation.go, ValidateRolloutStrategyCanary)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, invalid
from rolloutsim.manifest.go_printing import Raw, as_json
from rolloutsim.manifest.rules.blue_green import SAME_SERVICES, anti_affinity_violations
from rolloutsim.manifest.rules.steps import step_violations
from rolloutsim.quantities import IntOrString

Tree = Mapping[str, Any]
FIELD, PATH = "spec.strategy", "spec.strategy.canary"
NEEDS_BOTH_SERVICES = ("smi", "apisix", "ambassador", "nginx", "appMesh", "traefik")


def canary_violations(canary: Tree) -> Iterator[Violation]:
    """Rules of `spec.strategy.canary`; the real fields are named without `canary`."""
    surge = canary.get("maxSurge", "25")
    if reads_as_zero(surge) and reads_as_zero(canary.get("maxUnavailable", "25")):
        text = "MaxSurge and MaxUnavailable both can not be zero"
        yield invalid(f"{FIELD}.maxSurge", Raw(as_json(surge)), text, f"{PATH}.maxSurge")
    stable = canary.get("stableService", "")
    if stable and stable == canary.get("canaryService"):
        yield invalid(f"{FIELD}.stableService", stable, SAME_SERVICES.format("stable", "canary"), f"{PATH}.stableService")
    routing: Tree | None = canary.get("trafficRouting")
    if canary.get("pingPong") is not None:
        yield from _ping_pong(canary["pingPong"], routing)
    if routing is not None and needs_both_services(canary, routing):
        for name in ("stableService", "canaryService"):
            if not canary.get(name):
                text = "Canary service and Stable service must to be set to use Traffic Routing"
                yield invalid(f"{FIELD}.{name}", "", text, f"{PATH}.{name}" if name in canary else f"{PATH}.trafficRouting")
    yield from _unrouted(canary) if routing is None else _routed(canary, routing)
    for i, step in enumerate(canary.get("steps") or ()):
        yield from step_violations(canary, step, i)
    yield from anti_affinity_violations(canary, PATH)


def reads_as_zero(value: IntOrString) -> bool:
    """Whether validation reads a maxSurge or maxUnavailable as 0; an unreadable text is, too (getIntOrPercentValue)."""
    if isinstance(value, int):
        return value == 0
    number = re.fullmatch(r"([0-9]+)%|([+-]?[0-9]+)", value)
    return number is None or int(number[1] or number[2]) == 0


def needs_both_services(canary: Tree, routing: Tree) -> bool:
    """Whether the router needs a stable and a canary Service (requireCanaryStableServices)."""
    with_ping_pong = canary.get("pingPong") is not None
    istio = routing.get("istio")
    if any(name in routing for name in NEEDS_BOTH_SERVICES) or ("alb" in routing and not with_ping_pong):
        return True
    return istio is not None and "destinationRule" not in istio and not with_ping_pong


def _ping_pong(ping_pong: Tree, routing: Tree | None) -> Iterator[Violation]:
    field, path = f"{FIELD}.pingPong", f"{PATH}.pingPong"
    if routing is not None and "alb" not in routing and "istio" not in routing:
        text = "Ping-pong feature works with the ALB and Istio traffic routers only"
        yield invalid(f"{FIELD}.trafficRouting.alb", None, text, f"{PATH}.trafficRouting")
    for name in ("pingService", "pongService"):
        if not ping_pong[name]:
            text = "Ping service and Pong service must to be set to use Ping-Pong feature"
            yield invalid(f"{field}.{name}", "", text, f"{path}.{name}")
    if ping_pong["pingService"] == ping_pong["pongService"]:
        yield invalid(f"{field}.pingService", ping_pong["pingService"], SAME_SERVICES.format("ping", "pong"), f"{path}.pingService")
    if routing is not None and "alb" in routing and not routing["alb"].get("rootService"):
        text = "Root service field is required for the configuration with ALB and ping-pong feature enabled"
        yield invalid(f"{FIELD}.trafficRouting.alb.rootService", "", text, f"{PATH}.trafficRouting.alb")


def _unrouted(canary: Tree) -> Iterator[Violation]:
    if "scaleDownDelaySeconds" in canary:
        text = "Canary scaleDownDelaySeconds can only be used with traffic routing"
        yield invalid(f"{FIELD}.scaleDownDelaySeconds", canary["scaleDownDelaySeconds"], text, f"{PATH}.scaleDownDelaySeconds")
    if canary.get("dynamicStableScale"):
        text = "Canary dynamicStableScale can only be used with traffic routing"
        yield invalid(f"{FIELD}.dynamicStableScale", True, text, f"{PATH}.dynamicStableScale")


def _routed(canary: Tree, routing: Tree) -> Iterator[Violation]:
    if canary.get("dynamicStableScale") and "scaleDownDelaySeconds" in canary:
        text = "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds"
        yield invalid(f"{FIELD}.dynamicStableScale", True, text, f"{PATH}.dynamicStableScale")
    if "maxTrafficWeight" in routing and "nginx" not in routing and not routing.get("plugins"):
        text = "Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins"
        field = "trafficRouting.maxTrafficWeight"
        yield invalid(f"{FIELD}.{field}", routing["maxTrafficWeight"], text, f"{PATH}.{field}")
