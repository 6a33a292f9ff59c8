"""One Rollout and what stands around it, as the checks ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from rolloutsim.answers.reachable import Reachable, reachable
from rolloutsim.control import defaults
from rolloutsim.diagnostics.diagnostic import Hit
from rolloutsim.diagnostics.landscape import Landscape, Thing, fits
from rolloutsim.manifest.analysis import RolloutAnalysis
from rolloutsim.manifest.kinds import decode_rollout
from rolloutsim.manifest.objects import BlueGreenStrategy, CanaryStrategy, Rollout, RolloutSpec, Step
from rolloutsim.manifest.traffic_routing import TrafficRouting
from rolloutsim.quantities import pause_seconds

CANARY, BLUE_GREEN = "spec.strategy.canary", "spec.strategy.blueGreen"
ROUTERS = ("istio", "nginx", "alb", "smi", "ambassador", "appMesh", "traefik", "apisix", "plugins")


@dataclass(frozen=True)
class Subject:
    """A Rollout under examination: as YAML (`thing`), as typed values (`rollout`), and among its neighbours (`landscape`)."""

    thing: Thing
    rollout: Rollout
    landscape: Landscape
    tolerance_pp: float

    def hit(self, path: str, message: str) -> Hit:
        """Something found in the Rollout itself."""
        return Hit(self.thing, path, message)

    # --- the Rollout ---------------------------------------------------------------------------------------------------------------

    @property
    def spec(self) -> RolloutSpec:
        """Its spec."""
        return self.rollout.spec

    @property
    def canary(self) -> CanaryStrategy | None:
        """Its canary strategy."""
        return self.spec.strategy.canary

    @property
    def blue_green(self) -> BlueGreenStrategy | None:
        """Its blue-green strategy."""
        return self.spec.strategy.blue_green

    @property
    def strategy(self) -> str:
        """Path of its strategy."""
        return CANARY if self.canary is not None else BLUE_GREEN

    @property
    def replicas(self) -> int:
        """N."""
        return defaults.desired_replicas(self.spec)

    @cached_property
    def surge_and_unavailable(self) -> tuple[int, int]:
        """Pods of maxSurge and maxUnavailable."""
        return defaults.surge_and_unavailable(self.spec)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The canary steps."""
        return self.canary.steps if self.canary is not None else ()

    @property
    def routing(self) -> Mapping[str, Any] | None:
        """`trafficRouting` as written; None without one."""
        return self.thing.mapping(f"{CANARY}.trafficRouting") if self.thing.has(f"{CANARY}.trafficRouting") else None

    @property
    def is_basic(self) -> bool:
        """Whether it is a canary without a router."""
        return self.canary is not None and self.routing is None

    @property
    def is_routed(self) -> bool:
        """Whether it is a canary with a router."""
        return self.canary is not None and self.routing is not None

    @cached_property
    def routers(self) -> Sequence[str]:
        """The routers that `trafficRouting` names."""
        return [name for name in ROUTERS if (self.routing or {}).get(name) is not None]

    @cached_property
    def reachable(self) -> Reachable | None:
        """What its pods can make of its weights; None for blue-green."""
        return reachable(self.rollout, self.tolerance_pp)

    def with_replicas(self, replicas: int) -> Rollout:
        """The Rollout at another size."""
        return replace(self.rollout, spec=replace(self.spec, replicas=replicas))

    @property
    def max_weight(self) -> int:
        """M."""
        found = self.thing.number(f"{CANARY}.trafficRouting.maxTrafficWeight")
        return found if found else defaults.MAX_WEIGHT

    def set_weights(self) -> Iterator[tuple[int, int]]:
        """(step, weight) of every setWeight."""
        return ((i, step.set_weight) for i, step in enumerate(self.steps) if step.set_weight is not None)

    def weight_at(self, index: int) -> int:
        """The weight in force at a step."""
        return next((w for i, w in reversed(list(self.set_weights())) if i <= index), 0)

    def pause_s(self, index: int) -> float | None:
        """How long a step pauses: 0 without a pause, None until somebody promotes."""
        pause = self.steps[index].pause
        if pause is None:
            return 0.0
        seconds = None if pause.duration is None else pause_seconds(pause.duration)
        return None if pause.duration is None else max(0.0, seconds or 0)

    @property
    def pods(self) -> Mapping[str, Any]:
        """The pod spec."""
        return self.thing.mapping("spec.template.spec")

    def containers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(path, container) of the main containers."""
        for i, container in enumerate(self.thing.list("spec.template.spec.containers")):
            if isinstance(container, Mapping):
                yield f"spec.template.spec.containers[{i}]", container

    @property
    def labels(self) -> Mapping[str, Any]:
        """Labels of its pods: the referenced workload's with workloadRef."""
        return self.workload.pod_labels if self.workload is not None else self.thing.pod_labels

    @cached_property
    def workload(self) -> Thing | None:
        """The workload that `workloadRef` names, if it is among the manifests."""
        kind, name = self.thing.text("spec.workloadRef.kind"), self.thing.text("spec.workloadRef.name")
        return self.landscape.near(self.thing, kind, name) if kind and name else None

    # --- around it -----------------------------------------------------------------------------------------------------------------

    def service(self, name: str) -> Thing | None:
        """A Service by name."""
        return self.landscape.near(self.thing, "Service", name) if name else None

    @cached_property
    def named_services(self) -> Mapping[str, str]:
        """Path -> name of every Service that its strategy names."""
        paths = [f"{CANARY}.{key}" for key in ("stableService", "canaryService", "pingPong.pingService", "pingPong.pongService")]
        paths += [f"{BLUE_GREEN}.{key}" for key in ("activeService", "previewService")]
        return {path: name for path in paths if (name := self.thing.text(path))}

    @cached_property
    def other_services(self) -> Sequence[Thing]:
        """Services that select its pods and that it does not name: they reach all versions by pod count."""
        named = set(self.named_services.values())
        return [s for s in self.services_of_its_pods if s.name not in named]

    @cached_property
    def services_of_its_pods(self) -> Sequence[Thing]:
        """Services whose selector fits its pods."""
        services = self.landscape.of_kind("Service")
        return [s for s in services if s.sees(self.thing) and s.mapping("spec.selector") and fits(s.mapping("spec.selector"), self.labels)]

    @cached_property
    def autoscaler(self) -> Thing | None:
        """The autoscaler that targets it."""
        for scaler in self.landscape.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
            target = scaler.mapping("spec.scaleTargetRef")
            if target.get("name") == self.thing.name and target.get("kind") == "Rollout" and scaler.sees(self.thing):
                return scaler
        return None

    @cached_property
    def analyses(self) -> Sequence[tuple[str, RolloutAnalysis]]:
        """(path, analysis) of every analysis that it asks for."""
        found: list[tuple[str, RolloutAnalysis | None]] = []
        if self.canary is not None:
            found += [(f"{CANARY}.steps[{i}].analysis", step.analysis) for i, step in enumerate(self.steps)]
            found.append((f"{CANARY}.analysis", self.canary.analysis))
        elif self.blue_green is not None:
            found.append((f"{BLUE_GREEN}.prePromotionAnalysis", self.blue_green.pre_promotion_analysis))
            found.append((f"{BLUE_GREEN}.postPromotionAnalysis", self.blue_green.post_promotion_analysis))
        return [(path, analysis) for path, analysis in found if analysis is not None]


def subjects(landscape: Landscape, tolerance_pp: float) -> list[Subject]:
    """The Rollouts among some objects, as far as they can be read."""
    found = []
    for thing in landscape.of_kind("Rollout"):
        rollout = decode_rollout(thing.document, [], thing.prefix)
        if rollout is not None:
            found.append(Subject(thing, _with_pods(_with_its_router(thing, rollout)), landscape, tolerance_pp))
    return found


def _with_pods(rollout: Rollout) -> Rollout:
    """Fewer than no replicas, which the API server refuses, are none."""
    if (rollout.spec.replicas or 0) >= 0:
        return rollout
    return replace(rollout, spec=replace(rollout.spec, replicas=0))


def _with_its_router(thing: Thing, rollout: Rollout) -> Rollout:
    """A router that could not be read is still a router."""
    canary = rollout.spec.strategy.canary
    if canary is None or canary.traffic_routing is not None or not thing.has(f"{CANARY}.trafficRouting"):
        return rollout
    strategy = replace(rollout.spec.strategy, canary=replace(canary, traffic_routing=TrafficRouting()))
    return replace(rollout, spec=replace(rollout.spec, strategy=strategy))
