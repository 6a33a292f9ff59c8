"""The controller's own rules for a Rollout, as field path and words of the real controller (pkg/apis/rollouts/validation; spec/validation.md).

Each rule is a function of typed objects that yields violations in the controller's order; the controller reports the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rolloutsim.manifest import analysis_rules, router_rules
from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.objects import BlueGreenStrategy, CanaryStrategy, Ingress, Rollout, Service, Step
from rolloutsim.manifest.router_objects import RouterObjects
from rolloutsim.manifest.traffic_routing import HeaderMatch, RouteMatch, SetHeaderRoute, SetMirrorRoute, StringMatch, TrafficRouting
from rolloutsim.manifest.violation import Violation, go, invalid
from rolloutsim.quantities import IntOrString, pause_seconds

INT32 = 2**31 - 1


def spec_violations(rollout: Rollout) -> Iterator[Violation]:
    """Violations of the rules on the Rollout alone, in evaluation order (validation.go)."""
    spec = rollout.spec
    if spec.replicas is not None and spec.replicas < 0:
        yield invalid("spec.replicas", spec.replicas, "must be greater than or equal to 0")
    labels, selector = spec.template.labels, spec.selector
    if not selector.match_labels and not selector.match_expressions:
        yield invalid("spec.selector", {}, "empty selector is invalid for deployment")
    elif any(labels.get(key) != value for key, value in selector.match_labels.items()):
        yield invalid("spec.template.metadata.labels", dict(labels), "`selector` does not match template `labels`")
    for name, value in (("minReadySeconds", spec.min_ready_seconds), ("revisionHistoryLimit", spec.revision_history_limit)):
        if value is not None and value < 0:
            yield invalid(f"spec.{name}", value, "must be greater than or equal to 0")
    deadline = 600 if spec.progress_deadline_seconds is None else spec.progress_deadline_seconds
    if deadline < 0:
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than or equal to 0")
    if deadline <= spec.min_ready_seconds:
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    canary, blue_green = spec.strategy.canary, spec.strategy.blue_green
    if canary is None and blue_green is None:
        text = "Required value: Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"
        yield Violation("spec.strategy", "spec.strategy.strategy", text)
    elif canary is not None and blue_green is not None:
        yield Violation(
            "spec.strategy", "spec.strategy.strategy", 'Invalid value: "blueGreen: true canary: true": Multiple Strategies can not be listed'
        )
    elif blue_green is not None:
        yield from _blue_green(rollout, blue_green)
    elif canary is not None:
        yield from _canary(canary)


def reference_violations(
    rollout: Rollout, services: Mapping[str, Service], ingresses: Mapping[str, Ingress], templates: Templates, routes: RouterObjects
) -> Iterator[Violation]:
    """Violations of the rules on the objects that the Rollout names: first what is not there, then what does not fit, each in its order."""
    named = service_references(rollout)
    for path, name in named:
        if name not in services:
            yield invalid(path, name, f'service "{name}" not found')
    for path, name, text in analysis_rules.missing(rollout, templates):
        yield invalid(path, name, text)
    yield from router_rules.missing(rollout, ingresses, routes)
    for path, name in named:
        service = services.get(name)
        if service is None:
            continue
        for key, value in service.selector.items():
            if key != "rollouts-pod-template-hash" and rollout.spec.template.labels.get(key) != value:
                yield invalid(path, name, f'Service "{name}" has unmatch label "{key}" in rollout')
                break
        if service.managed_by not in (None, rollout.meta.name):
            yield invalid(path, name, f'Service "{name}" is managed by another Rollout')
    for path, name, text in analysis_rules.clashing(rollout, templates):
        yield invalid(path, name, text)
    yield from router_rules.clashing(rollout, ingresses, routes)


def service_references(rollout: Rollout) -> list[tuple[str, str]]:
    """(YAML path, name) of every Service that the Rollout names, in the controller's order."""
    canary, blue_green = rollout.spec.strategy.canary, rollout.spec.strategy.blue_green
    found: list[tuple[str, str]] = []
    if blue_green is not None:
        base = "spec.strategy.blueGreen"
        found = [(f"{base}.activeService", blue_green.active_service), (f"{base}.previewService", blue_green.preview_service)]
    elif canary is not None:
        base = "spec.strategy.canary"
        found = [(f"{base}.stableService", canary.stable_service), (f"{base}.canaryService", canary.canary_service)]
        if canary.ping_pong is not None:
            found.append((f"{base}.pingPong.pingService", canary.ping_pong.ping_service))
            found.append((f"{base}.pingPong.pongService", canary.ping_pong.pong_service))
    return [(path, name) for path, name in found if name]


def _blue_green(rollout: Rollout, blue_green: BlueGreenStrategy) -> Iterator[Violation]:
    base = "spec.strategy.blueGreen"
    if blue_green.active_service == blue_green.preview_service:
        text = "This rollout uses the same service for the active and preview services, but two different services are required."
        yield invalid("spec.strategy.activeService", blue_green.active_service, text, f"{base}.activeService")
    limit = 10 if rollout.spec.revision_history_limit is None else rollout.spec.revision_history_limit
    delayed = blue_green.scale_down_delay_revision_limit
    if delayed is not None and delayed > limit:
        text = "This rollout's revision history limit can not be smaller than the rollout's scale down limit"
        yield invalid("spec.strategy.scaleDownDelayRevisionLimit", delayed, text, f"{base}.scaleDownDelayRevisionLimit")


def _is_zero(value: IntOrString | None) -> bool:
    """Whether validation reads a maxSurge or maxUnavailable as 0; an unreadable text is, too (getIntOrPercentValue)."""
    if value is None:
        return False
    text = str(value).removesuffix("%")
    return not text.lstrip("-").isdigit() or int(text) == 0


def _canary(canary: CanaryStrategy) -> Iterator[Violation]:
    base, routing = "spec.strategy.canary", canary.traffic_routing
    if _is_zero(canary.max_surge) and _is_zero(canary.max_unavailable):
        yield invalid("spec.strategy.maxSurge", canary.max_surge, "MaxSurge and MaxUnavailable both can not be zero", f"{base}.maxSurge")
    if canary.canary_service and canary.canary_service == canary.stable_service:
        text = "This rollout uses the same service for the stable and canary services, but two different services are required."
        yield invalid("spec.strategy.stableService", canary.stable_service, text, f"{base}.stableService")
    if routing is not None and _needs_both_services(canary, routing):
        for name, service in (("stableService", canary.stable_service), ("canaryService", canary.canary_service)):
            if not service:
                text = "Canary service and Stable service must to be set to use Traffic Routing"
                yield invalid(f"spec.strategy.{name}", "", text, f"{base}.trafficRouting")
    if routing is None:
        if canary.scale_down_delay_seconds is not None:
            text = "Canary scaleDownDelaySeconds can only be used with traffic routing"
            yield invalid("spec.strategy.scaleDownDelaySeconds", canary.scale_down_delay_seconds, text, f"{base}.scaleDownDelaySeconds")
        if canary.dynamic_stable_scale:
            text = "Canary dynamicStableScale can only be used with traffic routing"
            yield invalid("spec.strategy.dynamicStableScale", True, text, f"{base}.dynamicStableScale")
    elif canary.dynamic_stable_scale and canary.scale_down_delay_seconds is not None:
        text = "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds"
        yield invalid("spec.strategy.dynamicStableScale", True, text, f"{base}.dynamicStableScale")
    top = routing.max_traffic_weight if routing is not None else None
    if routing is not None and top is not None and routing.nginx is None and not routing.plugins:
        text = "Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins"
        yield invalid("spec.strategy.trafficRouting.maxTrafficWeight", top, text, f"{base}.trafficRouting.maxTrafficWeight")
    for i, step in enumerate(canary.steps):
        yield from _step(canary, step, i)


def _needs_both_services(canary: CanaryStrategy, routing: TrafficRouting) -> bool:
    always = (routing.nginx, routing.smi, routing.apisix, routing.ambassador, routing.app_mesh, routing.traefik)
    if any(router is not None for router in always):
        return True
    by_service = routing.alb is not None or (routing.istio is not None and routing.istio.destination_rule is None)
    return by_service and canary.ping_pong is None


STEP_RULE = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause"
STEP_KINDS: Sequence[tuple[str, str]] = (
    ("Experiment", "experiment"),
    ("Pause", "pause"),
    ("SetWeight", "set_weight"),
    ("Analysis", "analysis"),
    ("SetCanaryScale", "set_canary_scale"),
    ("SetHeaderRoute", "set_header_route"),
    ("SetMirrorRoute", "set_mirror_route"),
    ("Plugin", "plugin"),
)


def _step(canary: CanaryStrategy, step: Step, i: int) -> Iterator[Violation]:
    field, path = f"spec.strategy.steps[{i}]", f"spec.strategy.canary.steps[{i}]"
    present = {name: getattr(step, attribute) is not None for name, attribute in STEP_KINDS}
    if not any(present.values()):
        flags = " ".join(f"step.{name}: {go(not there)}" for name, there in present.items())
        yield invalid(field, flags, STEP_RULE, path)
    elif sum(list(present.values())[:4]) > 1:
        flags = " ".join(f"step.{name}: {go(there)}" for name, there in list(present.items())[:4])
        yield invalid(field, flags, STEP_RULE, path)
    top = (canary.traffic_routing or TrafficRouting()).max_traffic_weight or 100
    if step.set_weight is not None and not 0 <= step.set_weight <= top:
        yield invalid(f"{field}.setWeight", step.set_weight, f"SetWeight needs to be between 0 and {top}", f"{path}.setWeight")
    if step.pause is not None and step.pause.duration is not None:
        seconds = pause_seconds(step.pause.duration)
        if seconds is not None and seconds < 0:
            yield invalid(f"{field}.pause.duration", seconds, "Duration needs to be greater than 0", f"{path}.pause.duration")
    if step.set_canary_scale is not None and canary.traffic_routing is None:
        yield Violation(path, "spec.strategy.trafficRouting", "Required value: SetCanaryScale requires TrafficRouting to be set")
    for kind, route in (("setHeaderRoute", step.set_header_route), ("setMirrorRoute", step.set_mirror_route)):
        if route is not None:
            yield from _managed_route(canary, kind, route, field, path)


def _managed_route(canary: CanaryStrategy, kind: str, route: SetHeaderRoute | SetMirrorRoute, field: str, path: str) -> Iterator[Violation]:
    routing = canary.traffic_routing or TrafficRouting()
    able = [routing.istio] if kind == "setMirrorRoute" else [routing.istio, routing.alb, routing.apisix, routing.plugins or None]
    if all(router is None for router in able):
        supports = "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix"
        text = supports if kind == "setHeaderRoute" else "SetMirrorRoute requires TrafficRouting, supports Istio only"
        yield invalid(f"{field}.{kind}", route.name, text, path)
        return
    matches: tuple[HeaderMatch | RouteMatch, ...] = route.match or ()
    for j, match in enumerate(matches):
        by_alb = isinstance(match, HeaderMatch) and routing.alb is not None
        for value in _values(match):
            if text := _unfit_match(value, by_alb=by_alb):
                yield invalid(f"{field}.{kind}.match[{j}]", value.given, text, f"{path}.{kind}.match[{j}]")
    if routing.managed_routes is None:
        text = "Required value: Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'"
        yield Violation(path, "spec.strategy.trafficRouting.managedRoutes", text)
    elif route.name not in routing.managed_names:
        text = "Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes"
        yield invalid(f"{field}.{kind}", route.name, text, f"{path}.{kind}")


def _values(match: HeaderMatch | RouteMatch) -> list[StringMatch]:
    if isinstance(match, HeaderMatch):
        return [match.header_value]
    return [value for value in (match.method, match.path) if value is not None]


def _unfit_match(value: StringMatch, *, by_alb: bool) -> str:
    """What is wrong with a value to match: exactly one way, and for ALB only `exact` (hasMultipleMatchValues, hasALBInvalidValues)."""
    if by_alb:
        return "" if list(value.given) == ["exact"] else "SetHeaderRoute match value invalid. ALB supports 'exact' value only"
    if not value.given:
        return "StringMatch value missed, match value must have one of the following: exact, regex, prefix"
    return "" if len(value.given) == 1 else "StringMatch match value must have exactly one of the following: exact, regex, prefix"
