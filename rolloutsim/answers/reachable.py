"""Which weights a canary can reach with its pods, step by step, by the controller's own arithmetic: `reachable(rollout)`.

Nothing runs: each step is taken where the controller comes to rest once all pods are available.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from rolloutsim.control import defaults
from rolloutsim.control.canary_sizes import routed_counts
from rolloutsim.control.replicas import next_pair, target
from rolloutsim.control.weights import scale_in_force, set_weight
from rolloutsim.manifest.objects import CanaryStrategy, Meta, PodTemplate, ReplicaSet, ReplicaSetStatus, Rollout, Step

TOLERANCE_PP = 5.0
"""Percentage points that a share may miss setWeight by without a word."""
ALWAYS_ENOUGH = 100
"""So many pods reach every whole percentage."""
LARGEST_WALK = 400
"""Above so many replicas the peak is taken from maxSurge instead of being walked to pod by pod."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Where one step comes to rest: pods, and the share of the requests that they (or the router) give the canary.

    `below_percent` and `above_percent` are the nearest shares that pods can make; both are the share itself with a router.
    """

    step: int
    label: str
    set_weight_percent: float
    canary_pods: int
    stable_pods: int
    share_percent: float | None
    below_percent: float
    above_percent: float

    @property
    def distance_pp(self) -> float | None:
        """How far the share is from setWeight, in percentage points."""
        return None if self.share_percent is None else self.share_percent - self.set_weight_percent


@dataclass(frozen=True, slots=True)
class Reachable:
    """The weights of a Rollout's steps as its pods can make them.

    `smallest_replicas` is the smallest replica count that has every setWeight within `tolerance_pp` without a router, `peak_pods` the most at
    once on an update's ordinary way, `ceiling_pods` what is never exceeded (None: nothing bounds it), `routed_peak_pods` the peak with a router.
    """

    rows: tuple[Reached, ...]
    replicas: int
    is_routed: bool
    tolerance_pp: float
    smallest_replicas: int
    peak_pods: int
    ceiling_pods: int | None
    routed_peak_pods: int

    @property
    def missed(self) -> tuple[Reached, ...]:
        """Steps whose share is further from setWeight than the tolerance."""
        return tuple(row for row in self.rows if row.distance_pp is not None and abs(row.distance_pp) > self.tolerance_pp)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "rows": [{**asdict(row), "distance_pp": row.distance_pp} for row in self.rows]}


def reachable(rollout: Rollout, tolerance_pp: float = TOLERANCE_PP) -> Reachable | None:
    """The weights that a canary's pods reach; None for another strategy, or if a setWeight is no weight, which the controller refuses."""
    canary = rollout.spec.strategy.canary
    if canary is None or any(step.set_weight is not None and not 0 <= step.set_weight <= defaults.max_weight(rollout.spec) for step in canary.steps):
        return None
    n, is_routed = defaults.desired_replicas(rollout.spec), canary.traffic_routing is not None
    rows = tuple(_routed_row(rollout, canary, i) if is_routed else _basic_row(rollout, canary, i) for i in _sized(canary.steps))
    routed_peak = _routed_peak(rollout, canary)
    peak = routed_peak if is_routed else _basic_peak(rollout, canary)
    ceiling = None if is_routed else n + max(0, defaults.surge_and_unavailable(rollout.spec)[0])
    return Reachable(rows, n, is_routed, tolerance_pp, smallest_replicas(rollout, tolerance_pp), peak, ceiling, routed_peak)


def smallest_replicas(rollout: Rollout, tolerance_pp: float = TOLERANCE_PP) -> int:
    """The smallest replica count whose pods alone have every setWeight within a tolerance; 1 without a setWeight."""
    canary = rollout.spec.strategy.canary
    weights = {step.set_weight for step in canary.steps if step.set_weight is not None} if canary is not None else set()
    wanted = [weight for weight in weights if 0 <= weight <= defaults.MAX_WEIGHT]
    for n in range(1, ALWAYS_ENOUGH):
        surge = defaults.surge_and_unavailable(replace(rollout.spec, replicas=n))[0]
        if all(abs(share_of(target(n, weight, surge)) - weight) <= tolerance_pp for weight in wanted):
            return n
    return ALWAYS_ENOUGH


def share_of(pods: tuple[int, int]) -> float:
    """The share of the canary, in percent, when all pods are picked alike."""
    canary, stable = pods
    return 100 * canary / (canary + stable) if canary + stable else 0.0


@lru_cache(maxsize=256)
def reachable_shares(replicas: int, surge: int) -> tuple[float, ...]:
    """Every share that some setWeight makes of so many pods, ascending."""
    return tuple(sorted({share_of(target(replicas, weight, surge)) for weight in range(defaults.MAX_WEIGHT + 1)}))


def _sized(steps: Sequence[Step]) -> list[int]:
    """Steps that change pods or traffic."""
    return [i for i, step in enumerate(steps) if step.set_weight is not None or step.set_canary_scale is not None]


def _label(step: Step) -> str:
    if step.set_weight is not None:
        return f"setWeight {step.set_weight}"
    scale = step.set_canary_scale
    if scale is None or scale.match_traffic_weight:
        return "setCanaryScale matchTrafficWeight"
    return f"setCanaryScale {scale.replicas}" if scale.replicas is not None else f"setCanaryScale {scale.weight} %"


def _basic_row(rollout: Rollout, canary: CanaryStrategy, i: int) -> Reached:
    n, surge = defaults.desired_replicas(rollout.spec), defaults.surge_and_unavailable(rollout.spec)[0]
    weight = set_weight(canary.steps, i, aborted=False)
    pods = target(n, weight, surge)
    share = share_of(pods)
    shares = reachable_shares(n, surge)
    below = max((s for s in shares if s <= weight), default=share)
    above = min((s for s in shares if s >= weight), default=share)
    return Reached(i, _label(canary.steps[i]), float(weight), *pods, share if n else None, below, above)


def _routed_row(rollout: Rollout, canary: CanaryStrategy, i: int) -> Reached:
    top = defaults.max_weight(rollout.spec)
    weight = set_weight(canary.steps, i, aborted=False, max_weight=top)
    pods = _routed_pods(rollout, canary, i)
    # ingress-nginx takes a weight total below 100 as 100 (rootfs/etc/nginx/lua/balancer.lua); a canary without pods gets no weight
    total = max(top, defaults.MAX_WEIGHT) if canary.traffic_routing is not None and canary.traffic_routing.nginx is not None else top
    share = 100 * weight / total if pods[0] > 0 and total else 0.0
    return Reached(i, _label(canary.steps[i]), 100 * weight / top if top else 0.0, *pods, share, share, share)


def _routed_pods(rollout: Rollout, canary: CanaryStrategy, i: int) -> tuple[int, int]:
    n, top = defaults.desired_replicas(rollout.spec), defaults.max_weight(rollout.spec)
    weight = set_weight(canary.steps, i, aborted=False, max_weight=top)
    scale = scale_in_force(canary.steps, i) if i < len(canary.steps) else None
    explicit = scale.replicas if scale is not None else None
    if scale is not None and explicit is None and scale.weight is not None:
        weight = scale.weight
    return routed_counts(canary, n, explicit, weight, top or defaults.MAX_WEIGHT)


def _routed_peak(rollout: Rollout, canary: CanaryStrategy) -> int:
    """The canary grows before stable shrinks, so each step's canary stands beside the stable pods of the step before."""
    n = defaults.desired_replicas(rollout.spec)
    pairs = [(0, n), *(_routed_pods(rollout, canary, i) for i in range(len(canary.steps) + 1))]
    return max(max(pods[0] + before[1], sum(pods)) for before, pods in itertools.pairwise(pairs))


def _basic_peak(rollout: Rollout, canary: CanaryStrategy) -> int:
    """The most pods on the way through all steps, when new pods become available only after everything else has come to rest."""
    n = defaults.desired_replicas(rollout.spec)
    surge, unavailable = defaults.surge_and_unavailable(rollout.spec)
    if n > LARGEST_WALK:
        return n + max(0, surge)
    new, stable = (ReplicaSet(Meta(name), PodTemplate(), name) for name in ("new", "stable"))
    stable, peak = _sized_to(stable, n, n), n
    for i in range(len(canary.steps) + 1):
        weight = set_weight(canary.steps, i, aborted=False)
        for _ in range(8 * n + 8):
            wanted_new, wanted_stable = next_pair(replicas=n, weight=weight, surge=surge, unavailable=unavailable, new=new, stable=stable, others=())
            if wanted_stable != stable.replicas:
                stable = _sized_to(stable, wanted_stable, stable.status.available_replicas)
            elif wanted_new != new.replicas:
                new = _sized_to(new, wanted_new, new.status.available_replicas)
            elif all(rs.status.available_replicas == rs.replicas for rs in (new, stable)):
                break
            else:
                new, stable = (_sized_to(rs, rs.replicas, rs.replicas) for rs in (new, stable))
            peak = max(peak, new.replicas + stable.replicas)
    return peak


def _sized_to(rs: ReplicaSet, size: int, available: int) -> ReplicaSet:
    return replace(rs, replicas=size, status=ReplicaSetStatus(size, available, min(size, available)))
