"""Random rollouts under random operators: a seed is a whole scenario. `python -m tests.properties.random_rollouts SEED...` plays some.

Strategies with and without routers, analyses, experiments, slow caches and writes, pods that fail, and an operator who does anything at any time.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from typing import Any

from rolloutsim.control.defaults import surge_and_unavailable
from rolloutsim.errors import RolloutsimError
from rolloutsim.invariants import checkers
from rolloutsim.manifest.analysis import RolloutAnalysis, TemplateReference, TemplateSpec
from rolloutsim.manifest.experiment import ExperimentStep, StepAnalysis, StepTemplate
from rolloutsim.manifest.objects import (
    AnalysisTemplate,
    BlueGreenStrategy,
    CanaryStrategy,
    LabelSelector,
    Meta,
    Pause,
    PodTemplate,
    ReplicaProgressThreshold,
    RollbackWindow,
    Rollout,
    RolloutSpec,
    Service,
    SetCanaryScale,
    Step,
    Strategy,
)
from rolloutsim.record import Header
from rolloutsim.scenario import Action, Cluster, Nothing, Pods, Promote, Restart, Scale, SomePods, Undo, Version
from rolloutsim.scenario.cluster import Crashes
from rolloutsim.scenario.metrics import MetricSource
from rolloutsim.world.world import Setup, World
from tests.properties.random_routers import RandomRouter, random_router
from tests.properties.rollout_checks import Bounds, is_at_rest, unknown_loop, watching

LABELS = {"app": "app"}
QUIET_S = 800.0
"""After the last deed: every pause, delay and deadline of a random rollout has passed well before."""
LOOK_S = 6.0
"""After the last deed a loop that has lasted so long is not waited for: most last for ever."""


@dataclass(frozen=True)
class Plan:
    """A random setup; `gentle` has no deed or pod that may take availability below N - U."""

    setup: Setup
    gentle: bool
    last_deed_s: float


def template(tag: str) -> PodTemplate:
    return PodTemplate(LABELS, {}, {"containers": [{"name": "app", "image": f"app:{tag}", "ports": [{"containerPort": 80}]}]})


def plan(seed: int) -> Plan:
    """The scenario of a seed."""
    chance = random.Random(seed)
    kind = chance.choice(["basic", "basic", "routed", "routed", "routed", "blueGreen"])
    router = random_router(random.Random(f"router {seed}")) if kind == "routed" else None
    gentle = chance.random() < 0.4
    strategy = blue_green(chance) if kind == "blueGreen" else canary(chance, router)
    spec = RolloutSpec(
        replicas=chance.choice([1, 2, 3, 4, 5, 7, 10]),
        selector=LabelSelector(LABELS),
        template=template("v1"),
        strategy=strategy,
        min_ready_seconds=chance.choice([0, 0, 0, 2]),
        revision_history_limit=chance.choice([0, 1, 3]),
        progress_deadline_seconds=chance.choice([None, 20, 60]),
        progress_deadline_abort=chance.random() < 0.3,
        rollback_window=RollbackWindow(2) if chance.random() < 0.15 else None,
    )
    deeds, at_s = [], 5.0
    for _ in range(chance.randint(1, 8)):
        at_s += chance.choice([0.01, 0.05, 0.3, 1.0, 4.0, 12.0])
        deeds.append(Action(at=at_s, **chance.choice(deeds_of(chance, gentle))))
    versions = tuple((f"v{i}", Version(pods=pods(chance, gentle))) for i in range(1, 5))
    cluster = Cluster(
        pods=Pods(start=1.0, stop=1.0),
        watch=chance.choice([0.001, 0.004, 0.05, 0.3]),
        api_write=chance.choice([0.002, 0.012, 0.05]),
        controller_pass=chance.choice([0.004, 0.004, 0.04]),
        aws_verify_target_group=router is not None and router.routing.alb is not None and seed % 2 == 0,
    )
    setup = Setup(
        Header("random", "app", seed, second_fraction_s=chance.random()),
        Rollout(Meta("app"), spec),
        tuple(Service(Meta(name), LABELS) for name in ("one", "two")),
        routes=router.routes if router is not None else (),
        ingresses=router.ingresses if router is not None else (),
        templates=(analysis_template("once"), analysis_template("thrice", interval="4s", count=3), analysis_template("endless", interval="20s")),
        metrics=(("m", metric(chance)),),
        cluster=cluster,
        versions=versions,
        timeline=tuple(deeds),
        healthy_at_start=gentle,
    )
    return Plan(setup, gentle, at_s)


def analysis_template(name: str, **fields: Any) -> AnalysisTemplate:
    conditions = {"successCondition": "result == 1", "failureCondition": "result == 0"}
    return AnalysisTemplate(Meta(name), TemplateSpec(({"name": "m", "provider": {"web": {"url": "x"}}, **conditions, **fields},)))


def metric(chance: random.Random) -> MetricSource:
    """What is measured: mostly good, at times bad, unclear or not at all."""
    values = [(0.0, chance.choice([1, 1, 1, 1, 0, 0.5, "error"]))]
    values += [(at_s, chance.choice([1, 1, 0, 0.5])) for at_s in (12.0, 30.0) if chance.random() < 0.4]
    return MetricSource(values=tuple(values))


def pods(chance: random.Random, gentle: bool) -> Pods:
    start = chance.choice([0.2, 1.0, 2.5])
    if gentle or chance.random() < 0.6:
        return Pods(start=start, stop=1.0)
    trouble: dict[str, Any] = chance.choice(
        [{"ready": False}, {"unready_after": chance.choice([0.5, 6.0])}, {"crashes": Crashes(after=chance.choice([0.3, 5.0]), times=2)}]
    )
    return Pods(start=start, stop=1.0, **trouble)


# --- strategies ------------------------------------------------------------------------------------------------------------------------


def analysis(chance: random.Random, *names: str, likely: float, **fields: Any) -> RolloutAnalysis | None:
    return RolloutAnalysis((TemplateReference(chance.choice(names)),), **fields) if chance.random() < likely else None


def blue_green(chance: random.Random) -> Strategy:
    preview = chance.choice(["", "two"])
    return Strategy(
        blue_green=BlueGreenStrategy(
            active_service="one",
            preview_service=preview,
            auto_promotion_enabled=chance.choice([None, True, False]),
            auto_promotion_seconds=chance.choice([0, 0, 3]),
            preview_replica_count=chance.choice([None, None, 1]),
            scale_down_delay_seconds=chance.choice([None, None, 1, 1, 5, 5, 5, 0]),
            abort_scale_down_delay_seconds=chance.choice([None, 2, 0]),
            pre_promotion_analysis=analysis(chance, "once", "thrice", likely=0.3),
            post_promotion_analysis=analysis(chance, "once", "thrice", likely=0.3),
        )
    )


def canary(chance: random.Random, router: RandomRouter | None) -> Strategy:
    steps = tuple(step(chance, router) for _ in range(chance.randint(0, 5)))
    bounds: dict[str, Any] = {"max_surge": chance.choice([None, 0, 1, "50%"]), "max_unavailable": chance.choice([None, 1, "30%"])}
    background = analysis(chance, "thrice", "endless", likely=0.25, starting_step=chance.choice([None, 1]))
    threshold = ReplicaProgressThreshold("Percent", 50) if chance.random() < 0.1 else None
    if router is None:
        return Strategy(CanaryStrategy(steps, analysis=background, replica_progress_threshold=threshold, **bounds))
    dynamic = chance.random() < 0.4
    return Strategy(
        CanaryStrategy(
            (*steps[:1], *(Step(set_header_route=route) for route in router.header_routes[: len(steps)]), *steps[1:]),
            canary_service="two",
            stable_service="one",
            traffic_routing=router.routing,
            dynamic_stable_scale=dynamic,
            scale_down_delay_seconds=None if dynamic else chance.choice([None, None, 1, 1, 5, 5, 5, 0]),
            abort_scale_down_delay_seconds=chance.choice([None, None, 2, 0]),
            min_pods_per_replica_set=chance.choice([None, None, 2]),
            analysis=background,
            replica_progress_threshold=threshold,
            **bounds,
        )
    )


def step(chance: random.Random, router: RandomRouter | None) -> Step:
    roll = chance.random()
    if router is not None and roll < 0.15:
        return Step(
            set_canary_scale=chance.choice([SetCanaryScale(replicas=2), SetCanaryScale(weight=50), SetCanaryScale(match_traffic_weight=True)])
        )
    if roll < 0.55:
        return Step(set_weight=chance.choice([0, 10, 25, 33, 50, 75, 90, 100]))
    if roll < 0.85:
        return Step(pause=Pause(chance.choice([None, 1, 3, "5s"])))
    if roll < 0.93:
        return Step(analysis=analysis(chance, "once", "thrice", likely=1.0))
    weighs = router is not None and (router.routing.istio or router.routing.alb or router.routing.smi) is not None
    weight = 10 if weighs and chance.random() < 0.5 else None
    analyses = (StepAnalysis("a", "once", required_for_completion=chance.random() < 0.5),) if chance.random() < 0.5 else ()
    templates = (StepTemplate("new", "canary", weight=weight), StepTemplate("old", "stable", replicas=2, weight=weight))
    return Step(
        experiment=ExperimentStep(
            templates[: chance.randint(1, 2)], chance.choice(["2s", "6s"]), analyses, scale_down_delay_seconds=chance.choice([None, 0, 3])
        )
    )


# --- the operator ----------------------------------------------------------------------------------------------------------------------


def deeds_of(chance: random.Random, gentle: bool) -> list[dict[str, Any]]:
    image = {"set_image": {"app": f"app:v{chance.randint(1, 4)}"}}
    common: list[dict[str, Any]] = [
        {"promote": Promote(full=chance.random() < 0.3)},
        {"promote": Promote(skip_current_step=True)},
        {"abort": Nothing()},
        {"retry": Nothing()},
        {"undo": Undo(to_revision=chance.choice([0, 0, 1, 2]))},
    ]
    rough: list[dict[str, Any]] = [
        {"scale": Scale(replicas=chance.choice([0, 1, 2, 4, 8]))},
        {"pause": Nothing()},
        {"restart": Restart()},
        {"promote": Promote(skip_all_steps=True)},
        {"delete_pods": SomePods(of=chance.choice(["stable", "canary"]), count=1)},
        {"fail_pods": SomePods(of=chance.choice(["stable", "canary"]), count=1)},
        {"edit": {"spec": {"strategy": {"canary": {"steps": [{"setWeight": chance.choice([20, 60])}, {"pause": {"duration": 2}}]}}}}},
        {"edit": {"spec": {"minReadySeconds": chance.choice([0, 1, 3])}}},
    ]
    return [image] * 4 + common + ([] if gentle else rough)


# --- playing ---------------------------------------------------------------------------------------------------------------------------


def bounds_of(found: Plan) -> Bounds:
    spec, cluster = found.setup.rollout.spec, found.setup.cluster
    asked = [action.scale.replicas for action in found.setup.timeline if action.scale is not None]
    surge, unavailable = surge_and_unavailable(spec)
    stale_s = (cluster.watch or 0.0) + (cluster.controller_pass or 0.0) + 4 * (cluster.api_write or 0.0) + 0.01
    return Bounds(spec, max(spec.replicas or 0, *asked, 0), surge, unavailable, gentle=found.gentle, stale_s=stale_s)


def play(found: Plan) -> World:
    """Play a plan until nothing happens any more, watched; ImpossibleState at the first state that cannot be."""
    made: list[World] = []  # the checks look already while the world is made
    world = World(found.setup, (*checkers(), *watching(bounds_of(found), lambda: made[0].record.deeds if made else ())))
    made.append(world)
    world.advance(found.last_deed_s)
    end_s = found.last_deed_s + QUIET_S
    while world.now_s < end_s:
        world.advance(min(end_s, world.now_s + LOOK_S))
        loop = world.record.loops[-1] if world.record.loops else None
        if loop is not None and loop.to_s > world.now_s - 1.0 and loop.to_s - max(loop.from_s, found.last_deed_s) > LOOK_S - 1.0:
            break
    return world


def verdict(seed: int) -> str:
    """What is wrong with the rollout of a seed; "" if nothing is."""
    found = plan(seed)
    try:
        world = play(found)
        return unknown_loop(world) or ("" if is_at_rest(world) else f"does not come to rest ({world.rollout.status.phase})")
    except RolloutsimError as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:  # whatever it is, the seed is to be told
        return f"{type(error).__name__}: {error}"


def main() -> None:
    for seed in map(int, sys.argv[1:]):
        found = plan(seed)
        print(found.setup.rollout.spec.strategy, f"N = {found.setup.rollout.spec.replicas}", found.setup.cluster, sep="\n")
        print(*(action.model_dump(exclude_none=True) for action in found.setup.timeline), sep="\n")
        print(*(f"{tag}: {version.pods}" for tag, version in found.setup.versions), sep="\n")
        print(f"seed {seed}: {verdict(seed) or 'nothing is wrong'}")


if __name__ == "__main__":
    main()
