"""Random rollouts under random operators: a seed is a whole scenario. `python -m tests.properties.random_rollouts SEED...` plays some."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, replace
from typing import Any

from rolloutsim.control.defaults import surge_and_unavailable
from rolloutsim.errors import ImpossibleState
from rolloutsim.invariants import checkers
from rolloutsim.manifest.objects import (
    BlueGreenStrategy,
    CanaryStrategy,
    LabelSelector,
    Meta,
    Pause,
    Pod,
    PodTemplate,
    ReplicaSet,
    Rollout,
    RolloutSpec,
    Service,
    SetCanaryScale,
    Step,
    Strategy,
)
from rolloutsim.record import Change, Header
from rolloutsim.scenario import Action, Cluster, Nothing, Pods, Promote, Restart, Scale, SomePods, Undo, Version
from rolloutsim.world.store import Store
from rolloutsim.world.world import Setup, World
from tests.properties.random_routers import RandomRouter, random_router

LABELS = {"app": "app"}
QUIET_S = 700.0
"""After the last deed: every pause, delay and deadline of a random rollout has passed well before."""


@dataclass(frozen=True)
class Plan:
    """A random setup; `gentle` has no deed or pod that may take availability below N - U."""

    setup: Setup
    gentle: bool
    last_deed_s: float


def template(tag: str) -> PodTemplate:
    return PodTemplate(LABELS, {}, {"containers": [{"name": "app", "image": f"app:{tag}"}]})


def plan(seed: int) -> Plan:
    """The scenario of a seed."""
    chance = random.Random(seed)
    replicas = chance.choice([1, 2, 3, 4, 5, 7, 10])
    kind = chance.choice(["basic", "basic", "routed", "blueGreen"])
    gentle = chance.random() < 0.5
    router = random_router(random.Random(f"router {seed}")) if kind == "routed" else None
    strategy = strategies(chance, kind, router)
    spec = RolloutSpec(
        replicas=replicas,
        selector=LabelSelector(LABELS),
        template=template("v1"),
        strategy=strategy,
        min_ready_seconds=chance.choice([0, 0, 0, 2]),
        revision_history_limit=chance.choice([0, 1, 3]),
        progress_deadline_seconds=chance.choice([None, 20, 60]),
        progress_deadline_abort=chance.random() < 0.3,
    )
    deeds, at_s = [], 5.0
    for _ in range(chance.randint(1, 8)):
        at_s += chance.choice([0.01, 0.05, 0.3, 1.0, 4.0, 12.0])
        deeds.append(deed(chance, at_s, gentle))
    versions = tuple(
        (f"v{i}", Version(pods=Pods(start=chance.choice([0.2, 1.0, 2.5]), stop=1.0, ready=gentle or chance.random() < 0.85))) for i in range(1, 5)
    )
    cluster = Cluster(
        pods=Pods(start=1.0, stop=1.0),
        watch=chance.choice([0.001, 0.004, 0.05, 0.3]),
        api_write=chance.choice([0.002, 0.012, 0.05]),
        aws_verify_target_group=router is not None and router.routing.alb is not None and seed % 2 == 0,
    )
    header = Header("random", "app", seed, second_fraction_s=chance.random())
    rollout = Rollout(Meta("app"), spec)
    services = tuple(Service(Meta(name), LABELS) for name in ("one", "two"))
    setup = Setup(
        header,
        rollout,
        services,
        routes=router.routes if router is not None else (),
        ingresses=router.ingresses if router is not None else (),
        cluster=cluster,
        versions=versions,
        timeline=tuple(deeds),
        healthy_at_start=gentle,
    )
    return Plan(setup, gentle, at_s)


def strategies(chance: random.Random, kind: str, router: RandomRouter | None) -> Strategy:
    if kind == "blueGreen":
        blue_green = BlueGreenStrategy(
            active_service="one",
            preview_service=chance.choice(["", "two"]),
            auto_promotion_enabled=chance.choice([None, True, False]),
            auto_promotion_seconds=chance.choice([0, 0, 3]),
            preview_replica_count=chance.choice([None, None, 1]),
            scale_down_delay_seconds=chance.choice([None, 1, 5]),
            abort_scale_down_delay_seconds=chance.choice([None, 2, 0]),
        )
        return Strategy(blue_green=blue_green)
    steps = tuple(step(chance, routed=router is not None) for _ in range(chance.randint(0, 5)))
    bounds: dict[str, Any] = {"max_surge": chance.choice([None, 0, 1, "50%"]), "max_unavailable": chance.choice([None, 1, "30%"])}
    if router is None:
        return Strategy(CanaryStrategy(steps, **bounds))
    dynamic = chance.random() < 0.4
    canary = CanaryStrategy(
        (*steps[:1], *(Step(set_header_route=route) for route in router.header_routes[: len(steps)]), *steps[1:]),
        canary_service="two",
        stable_service="one",
        traffic_routing=router.routing,
        dynamic_stable_scale=dynamic,
        scale_down_delay_seconds=None if dynamic else chance.choice([None, 1, 5]),
        abort_scale_down_delay_seconds=None if dynamic else chance.choice([None, 2]),
        min_pods_per_replica_set=chance.choice([None, None, 2]),
        **bounds,
    )
    return Strategy(canary)


def step(chance: random.Random, *, routed: bool) -> Step:
    roll = chance.random()
    if routed and roll < 0.15:
        return Step(
            set_canary_scale=chance.choice([SetCanaryScale(replicas=2), SetCanaryScale(weight=50), SetCanaryScale(match_traffic_weight=True)])
        )
    if roll < 0.6:
        return Step(set_weight=chance.choice([0, 10, 25, 33, 50, 75, 90, 100]))
    return Step(pause=Pause(chance.choice([None, 1, 3, "5s"])))


def deed(chance: random.Random, at_s: float, gentle: bool) -> Action:
    common: list[dict[str, Any]] = [
        {"set_image": {"app": f"app:v{chance.randint(1, 4)}"}},
        {"promote": Promote(full=chance.random() < 0.3)},
        {"abort": Nothing()},
        {"retry": Nothing()},
        {"undo": Undo()},
    ]
    rough: list[dict[str, Any]] = [
        {"scale": Scale(replicas=chance.choice([0, 1, 2, 4, 8]))},
        {"pause": Nothing()},
        {"restart": Restart()},
        {"delete_pods": SomePods(of=chance.choice(["stable", "canary"]), count=1)},
        {"fail_pods": SomePods(of=chance.choice(["stable", "canary"]), count=1)},
    ]
    return Action(at=at_s, **chance.choice(common[:1] * 3 + common + ([] if gentle else rough)))


def play(found: Plan) -> World:
    """Play a plan to the end, watched; raises ImpossibleState at the first state that cannot be."""
    observers = (*checkers(), *((keeps_its_bounds(found.setup),) if found.gentle else ()))
    world = World(found.setup, observers)
    world.advance(found.last_deed_s + QUIET_S)
    return world


def keeps_its_bounds(setup: Setup):
    """Without a router: sizes never add up to more than N + S, and never fewer pods are ready than N - U; checked from t = 0.

    Sizes, not living pods: one ReplicaSet's new pods may come a moment before another's are deleted. A pass that has not yet seen a growth of
    some milliseconds ago may add to it, as the real controller's may, so what grew that recently does not count.
    """
    stale_s = (setup.cluster.watch or 0.0) + 3 * (setup.cluster.api_write or 0.0) + 0.01
    grown: list[tuple[float, int]] = []
    sizes: dict[str, int] = {}
    spec = setup.rollout.spec
    surge, unavailable = surge_and_unavailable(spec)
    n = spec.replicas or 1
    basic = spec.strategy.canary is not None and spec.strategy.canary.traffic_routing is None

    def check(change: Change, store: Store) -> None:
        if change.kind not in ("Pod", "ReplicaSet") or change.t_s <= 0 or not basic:
            return
        if isinstance(change.object, ReplicaSet):
            more = change.object.replicas - sizes.get(change.name, 0)
            sizes[change.name] = change.object.replicas
            unseen = sum(by for at_s, by in grown if at_s >= change.t_s - stale_s)
            if more > 0:
                grown.append((change.t_s, more))
            total = sum(rs.replicas for rs in store.objects(ReplicaSet))
            if more <= 0 or total <= n + surge + unseen:
                total = 0
        else:
            total = 0
        if total:
            raise ImpossibleState(f"sizes of {total} at {change.t_s:.3f} s, N + S = {n + surge}")
        ready = sum(pod.ready for pod in store.objects(Pod) if pod.deleted_s is None)
        if ready < n - unavailable:
            raise ImpossibleState(f"{ready} ready pods at {change.t_s:.3f} s, N - U = {n - unavailable}")

    return check


def is_fixed_point(world: World) -> bool:
    """Whether nothing changes any more, and the controller looks at most a few times."""
    changes, passes = len(world.record.changes), world.controller.passes
    world.advance(world.now_s + 30.0)
    return len(world.record.changes) == changes and world.controller.passes - passes <= 3


def is_known_loop(world: World) -> bool:
    """Whether only the canary Service flaps between stable and canary after an abort with a router, as the real one's does.

    Source: argo-rollouts issue 3078; recorded nginx-abort: 25 to 40 switches a second for as long as the canary keeps its pods.
    """
    kinds = {(change.kind, change.name) for change in world.record.changes[-20:]}
    canary = world.rollout.spec.strategy.canary
    routed = canary is not None and canary.traffic_routing is not None and world.rollout.status.abort
    return routed and kinds <= {("Service", "two"), ("EndpointSlice", "two"), ("LoadBalancer", "web")}


def main() -> None:
    for seed in map(int, sys.argv[1:]):
        found = plan(seed)
        for action in found.setup.timeline:
            print(action.model_dump(exclude_none=True))
        print(replace(found.setup.rollout.spec, template=template("v1")))
        world = play(found)
        print(f"seed {seed}: {world.rollout.status.phase} {world.rollout.status.message}; fixed point: {is_fixed_point(world)}")


if __name__ == "__main__":
    main()
