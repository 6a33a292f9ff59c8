"""Connections that are given out in turn: HAProxy `roundrobin` in mode tcp, and IPVS (rr, wrr).

Sources: HAProxy, measured (nearest multiple of 1/C with C kept connections); IPVS by its design (net/netfilter/ipvs/ip_vs_wrr.c: a real server
is scheduled once for each connection, in a fixed cycle), not measured.
"""

from __future__ import annotations

import numpy as np

from rolloutsim.randomness import generator
from rolloutsim.scenario import Clients
from rolloutsim.world.traffic.planes.connection_random import ConnectionRandom
from rolloutsim.world.traffic.planes.plane import Floats, Ints, Ordinals
from rolloutsim.world.traffic.planes.smooth_round_robin import smooth
from rolloutsim.world.traffic.planes.weights import whole_weights


class ConnectionCycle(ConnectionRandom):
    """The n-th connection that is opened goes to the n-th place of a smooth weighted cycle; while a pod refuses, at random by the weights."""

    def __init__(self, clients: Clients, key: tuple[int, int, str]) -> None:
        self._turns, self._opened = Turns(), 0
        super().__init__(clients, key, in_turn=self._turns)
        self._key, self._routes = key, 0
        self._given: tuple[Ordinals, Floats] = np.zeros(0, dtype=np.int32), np.zeros(0)

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """New connections follow the cycle of these pods, which begins anywhere."""
        same = np.array_equal(endpoints, self._given[0]) and np.array_equal(weights, self._given[1])
        if len(endpoints) and not same:
            self._given = endpoints, weights
            seed, replication, stream = self._key
            draws = generator(seed, replication, "cycle", stream, self._routes)
            cycle = smooth(whole_weights(weights, len(endpoints)))
            self._turns.cycle, self._turns.begin = cycle, int(draws.integers(0, len(cycle)))
            self._routes += 1
        super().reroute(endpoints, weights, pools)

    def _drawn(self, slot: Ints, opening: Ints) -> Ordinals:
        """Connections in the order of their first requests."""
        _, begins, which = np.unique(slot + self._connections * opening, return_index=True, return_inverse=True)
        turn = np.empty(len(begins), dtype=np.int64)
        turn[np.argsort(begins, kind="stable")] = self._turns.row(self._opened).of(0, len(begins))
        self._opened += len(begins)
        drawn: Ordinals = self._endpoints[turn[which]]
        return drawn


class Turns:
    """A cycle of endpoints, and where it begins."""

    def __init__(self) -> None:
        self.cycle, self.begin = np.zeros(1, dtype=np.int64), 0

    def row(self, first: int) -> CycleRow:
        """The turns from the `first` opening on."""
        return CycleRow(np.roll(self.cycle, -((self.begin + first) % len(self.cycle))))


class CycleRow:
    """The marks of a cycle, one turn after the other."""

    def __init__(self, cycle: Ints) -> None:
        self._cycle = cycle

    def of(self, first: int, last: int) -> Ints:
        """The marks themselves."""
        marks: Ints = self._cycle[np.arange(first, last) % len(self._cycle)]
        return marks

    def between(self, first: int, last: int) -> Ints:
        """How many of each."""
        n = int(self._cycle.max()) + 1
        whole, rest = divmod(last - first, len(self._cycle))
        return whole * np.bincount(self._cycle, minlength=n) + np.bincount(self.of(first, first + rest), minlength=n)
