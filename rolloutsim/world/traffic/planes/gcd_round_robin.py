"""Weighted round robin by levels: APISIX's traffic-split, and each upstream's pods in turn beneath it.

Source: apisix/plugins/traffic-split.lua takes an upstream from lua-resty-balancer (lib/resty/roundrobin.lua), which goes round the servers once
for each level from the greatest weight down to the greatest common divisor and takes those that reach it: 75 to 25 is A A A B, exact over a cycle
only. Each worker of nginx has a cycle of its own, which begins at the highest level behind a server drawn at random.
"""

from __future__ import annotations

import numpy as np

from rolloutsim.randomness import generator
from rolloutsim.world.traffic.planes.cycle import Cycle
from rolloutsim.world.traffic.planes.plane import Floats, Ints
from rolloutsim.world.traffic.planes.weights import whole_weights

WORKERS = 2
LONGEST = 200_000
"""A cycle with the turns of all pods is cut here: pods of one upstream are then off by less than one request a cycle."""


class GcdRoundRobin(Cycle):
    """Off by as much as the weights, as requests of one upstream come in a row."""

    def __init__(self, key: tuple[int, int, str]) -> None:
        super().__init__(key, workers=WORKERS)
        self._starts: Ints = np.zeros(1, dtype=np.int64)

    def reroute(self, endpoints: np.ndarray, weights: Floats, pools: Ints) -> None:
        """Know these ready pods from now on; a new cycle begins where lua-resty-balancer begins it."""
        routes = self._routes
        super().reroute(endpoints, weights, pools)
        if self._routes != routes and len(self._order):
            seed, replication, stream = self._key
            self._next = generator(seed, replication, "start", stream, self._routes).choice(self._starts, self._n_workers)

    def order(self, weights: Floats, pools: Ints, n: int, draws: np.random.Generator) -> Ints:
        """Whole turns of the upstreams, until each has gone through its pods."""
        groups = [np.flatnonzero(pools == pool) for pool in np.unique(pools)] if len(weights) else [np.arange(n)]
        shares = np.array([weights[group].sum() for group in groups]) if len(weights) else weights
        whole = whole_weights(shares, len(groups))
        groups = [*groups, np.array([n])][: len(whole)]
        rank = draws.permutation(len(whole))  # a Lua table has no order
        picked = rank[levels(whole[rank])]
        self._starts = np.cumsum(whole[rank] == whole.max()) % len(picked)
        times = min(int(np.lcm.reduce([len(group) for group in groups])), max(1, LONGEST // len(picked)))
        picked = np.tile(picked, times)
        order = np.empty_like(picked)
        for number, group in enumerate(groups):
            mine = picked == number
            order[mine] = np.resize(group, int(mine.sum()))
        return order


def levels(weights: Ints) -> Ints:
    """The cycle of whole weights, as indices."""
    divisor = int(np.gcd.reduce(weights))
    rounds = [np.flatnonzero(weights >= level) for level in range(int(weights.max()), 0, -divisor)]
    return np.concatenate(rounds)
