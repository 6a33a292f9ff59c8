"""Earliest deadline first: Traefik's weighted services and weighted servers, Envoy's weighted endpoints.

Source: Traefik pkg/server/service/loadbalancer/wrr/wrr.go, Envoy source/common/upstream/edf_scheduler.h. Each pick takes the least deadline, of
equal ones the one that waits longer, and puts it 1/weight later. Deadlines are floats, so that sums which are equal on paper are not: the gap
between two picks jitters by one. Traefik begins at 0, Envoy after a random number of picks below 429,496,729 (`createWithPicks`).
"""

from __future__ import annotations

from heapq import heapify, heapreplace

import numpy as np

from rolloutsim.world.traffic.planes.cycle import Cycle
from rolloutsim.world.traffic.planes.plane import Floats, Ints
from rolloutsim.world.traffic.planes.weights import percent_weights

LONG_ENOUGH = 10_000
"""The schedule is followed for at least so many picks before it repeats."""
MOST_PICKS = 429_496_729
MOST = 128


class EarliestDeadline(Cycle):
    """Never more than one request off its weight. `anywhere`: begins after a random number of picks, as in Envoy.

    `by_pool`: the weights are those of services, each of which passes its own on to its pods in turn, as in Traefik.
    """

    def __init__(self, key: tuple[int, int, str], *, workers: int = 1, anywhere: bool = False, by_pool: bool = False) -> None:
        super().__init__(key, workers=workers)
        self._anywhere, self._by_pool = anywhere, by_pool

    def order(self, weights: Floats, pools: Ints, n: int, draws: np.random.Generator) -> Ints:
        """Whole turns of the schedule, with the jitter of their deadlines."""
        if len(weights) == 0:
            return np.arange(n)
        groups = [np.flatnonzero(pools == pool) for pool in np.unique(pools)] if self._by_pool else [np.array([i]) for i in range(n)]
        shares = np.array([weights[group].sum() for group in groups])
        written = percent_weights(shares, len(shares), MOST)
        rest = max(0, 100 - int(written.sum())) if float(shares.sum()) < 1 - 1e-9 else 0
        groups, written = [*groups, np.array([n])], np.append(written, rest)
        picked = _schedule(written, int(draws.integers(MOST_PICKS)) if self._anywhere else 0, int(np.lcm.reduce([len(group) for group in groups])))
        order = np.empty_like(picked)
        for number, group in enumerate(groups):
            mine = picked == number
            order[mine] = np.resize(group, int(mine.sum()))
        return order


def _schedule(weights: Ints, skipped: int, times: int) -> Ints:
    """The entries picked, in order: a multiple of `times` turns, in which each comes exactly by its weight."""
    least = weights // np.gcd.reduce(weights)
    turn = int(least.sum()) * times
    n = turn * -(-LONG_ENOUGH // turn)
    total, entries = int(weights.sum()), []
    for order, i in enumerate(np.flatnonzero(weights).tolist()):
        weight = int(weights[i]) + (1e-13 if skipped else 0.0)
        entries.append(((int(weight * skipped / total) + 1) / weight, order, i))
    heapify(entries)
    picked = np.empty(n, dtype=np.int64)
    for pick in range(n):
        at, _, i = entries[0]
        picked[pick] = i
        heapreplace(entries, (at + 1 / int(weights[i]), len(weights) + pick, i))
    too_many = np.bincount(picked, minlength=len(weights)) - least * (n // int(least.sum()))
    for i in np.flatnonzero(too_many > 0).tolist():  # a deadline at the very end that is equal on paper went the other way
        for last in np.flatnonzero(picked == i)[-too_many[i] :].tolist():
            picked[last] = other = int(np.flatnonzero(too_many < 0)[0])
            too_many[other] += 1
    return picked
