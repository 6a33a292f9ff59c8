"""How many pods each ReplicaSet of a canary without a router shall have (utils/replicaset/canary.go).

The controller approximates a weight by whole pods; `target` says by which, `next_pair` says the next step towards it from the present state
without leaving the room that maxSurge and maxUnavailable give.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rolloutsim.control.defaults import MAX_WEIGHT
from rolloutsim.manifest.objects import ReplicaProgressThreshold, ReplicaSet


def target(replicas: int, weight: int, surge: int, max_weight: int = MAX_WEIGHT) -> tuple[int, int]:
    """Pods of canary and stable that come nearest to `weight`, of N or (with surge) N + 1 in total.

    Candidates in the controller's order, the first of the nearest wins; none at all gives (0, N), the zero-canary hole of maxSurge 0.
    Source: approximateWeightedCanaryStableReplicaCounts; tests: tests/parity/canary_tables.py.
    """
    if replicas == 0:
        return 0, 0
    up = math.ceil(replicas * weight / max_weight)
    low = math.floor(replicas * weight / max_weight)
    zero_allowed = weight in (0, max_weight) or (replicas == 1 and surge == 0)
    low_allowed = low != 0 or zero_allowed
    options: list[tuple[int, int]] = []
    if up < replicas or zero_allowed:
        options.append((up, replicas))
    if low_allowed and not _tied(replicas, weight, max_weight):
        options.append((low, replicas))
    if surge > 0:
        options.append((up, replicas + 1))
        if low_allowed and not _tied(replicas + 1, weight, max_weight):
            options.append((low, replicas + 1))
    if not options:
        return 0, replicas
    canary, total = min(options, key=lambda option: abs(option[0] * max_weight / option[1] - weight))
    return canary, total - canary


def _tied(total: int, weight: int, max_weight: int) -> bool:
    # Division first: whether the fraction is exactly one half is decided by the doubles that Go computes.
    return math.modf(total * (weight / max_weight))[0] == 0.5


def total_replicas(replica_sets: Sequence[ReplicaSet | None]) -> int:
    """Σ spec.replicas."""
    return sum(rs.replicas for rs in replica_sets if rs is not None)


def available_replicas(replica_sets: Sequence[ReplicaSet | None]) -> int:
    """Σ status.availableReplicas."""
    return sum(rs.status.available_replicas for rs in replica_sets if rs is not None)


def is_saturated(rs: ReplicaSet, replicas: int) -> bool:
    """Whether a ReplicaSet has its N pods, all available (utils/annotations, IsSaturated)."""
    return rs.replicas == rs.desired_replicas == rs.status.available_replicas == replicas


def next_pair(
    *,
    replicas: int,
    weight: int,
    surge: int,
    unavailable: int,
    new: ReplicaSet,
    stable: ReplicaSet | None,
    others: Sequence[ReplicaSet],
    max_weight: int = MAX_WEIGHT,
) -> tuple[int, int]:
    """The next sizes (new, stable) on the way to `target` from the present state.

    Up, stable first, within N + surge over all ReplicaSets; nothing shrinks while others have pods; then down on the side that loses, within
    N - unavailable. Source: CalculateReplicaCountsForBasicCanary; spec/canary.md 5.2.
    """
    wanted_new, wanted_stable = target(replicas, weight, surge, max_weight)
    has_other_stable = stable is not None and stable.meta.name != new.meta.name
    if not has_other_stable:
        wanted_new, wanted_stable = replicas, 0
    n, s = new.replicas, stable.replicas if stable is not None and has_other_stable else 0
    ceiling, floor = replicas + surge, replicas - unavailable
    room = ceiling - total_replicas([*others, new]) - s
    if has_other_stable and s < wanted_stable and room > 0:
        grown = min(wanted_stable, s + room)
        room, s = room - (grown - s), grown
    if n < wanted_new and room > 0:
        n = min(wanted_new, n + room)
    if total_replicas(others) > 0:
        return n, s
    growing = wanted_new >= new.replicas
    # A stable that is the new one counts twice from here on, as it does in the source.
    spare = _counted(new, ignore_availability=not growing) + _counted(stable, ignore_availability=growing) - floor
    if spare <= 0:
        return n, s
    if not growing:
        n = _shrunk(new, wanted_new, spare, n)
        n, s = _within_limits(new, stable, n, s, ceiling, floor)
    elif stable is not None and has_other_stable:
        s = _shrunk(stable, wanted_stable, spare, s)
        s, n = _within_limits(stable, new, s, n, ceiling, floor)
    return n, s


def _counted(rs: ReplicaSet | None, *, ignore_availability: bool) -> int:
    """Pods that count for the availability budget: spec when it shrinks already or availability is ignored (GetReplicasForScaleDown)."""
    if rs is None:
        return 0
    if rs.replicas < rs.status.available_replicas or ignore_availability:
        return rs.replicas
    return rs.status.available_replicas


def _shrunk(rs: ReplicaSet, wanted: int, spare: int, present: int) -> int:
    return max(wanted, rs.replicas - spare) if rs.replicas > wanted else present


def _within_limits(drained: ReplicaSet, kept: ReplicaSet | None, d: int, a: int, ceiling: int, floor: int) -> tuple[int, int]:
    """Sizes (drained, kept) brought back under the ceiling without giving up availability (adjustReplicaWithinLimits)."""
    if kept is None:
        return d, a
    a -= max(0, a + d - ceiling)
    available = min(drained.status.available_replicas, d) + min(kept.status.available_replicas, a)
    a += min(max(0, kept.status.available_replicas - a), max(0, floor - available))
    return d - max(0, a + d - ceiling), a


def threshold_met(threshold: ReplicaProgressThreshold | None, rs: ReplicaSet | None, wanted: int) -> bool:
    """Whether enough of a step's canary is available: all of exactly `wanted`, or the threshold (ReplicaProgressThresholdMet)."""
    if threshold is None or rs is None or threshold.value < 0:
        return rs is not None and wanted == rs.replicas and wanted == rs.status.available_replicas
    if threshold.type == "Percent":
        return wanted == 0 or rs.status.available_replicas / wanted * 100 >= threshold.value - 1e-10
    return rs.status.available_replicas >= threshold.value


def created(rs: ReplicaSet | None, wanted: int) -> bool:
    """Whether a ReplicaSet has exactly the wanted pods, ready or not (allDesiredAreCreated)."""
    return rs is not None and wanted == rs.replicas and wanted == rs.status.replicas
