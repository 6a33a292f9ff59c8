"""Random pick of a pod for each connection: kube-proxy under clients that keep their connections, and proxies that draw once a connection.

A request goes to connection `index mod C`; a connection serves its pod until it has carried requestsPerConnection requests or the pod ends.
Connections begin with random ages, so that they are not all renewed at once. Source: measured rules of kube-proxy in iptables and nftables
mode (a new rule never moves a live connection).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator
from rolloutsim.scenario import Clients
from rolloutsim.world.traffic.planes.connection_counts import ConnectionCounts, InTurn
from rolloutsim.world.traffic.planes.plane import NOBODY, Counts, Covers, Floats, Ints, Ordinals

CLOSED = -2
"""Instead of a pod: a connection is not open. One that is open to nobody (a backend without pods) stays so."""


class ConnectionRandom:
    """C connections. A slot's `opening` counts its lives and breaks, so each number is one connection; `pod` is where it is open."""

    covers: Covers = "connections"

    def __init__(
        self,
        clients: Clients,
        key: tuple[int, int, str],
        *,
        shares: Callable[[Floats, int], Floats] | None = None,
        in_turn: InTurn | None = None,
    ) -> None:
        """`shares`: what the data plane makes of the weights of so many pods."""
        self._connections, self._served = clients.connections, clients.requests_per_connection
        seed, replication, stream = key
        draws = generator(seed, replication, "connections", stream)
        self._salt = np.uint64(draws.integers(0, 2**63))
        self._age = draws.integers(0, self._served or 1, self._connections)
        self._shares, self._sticky = shares, False
        self._endpoints: Ordinals = np.zeros(0, dtype=np.int32)
        self._upto: Floats = np.zeros(0)
        self._breaks = np.zeros(self._connections, dtype=np.int64)
        self._opening = np.full(self._connections, -1, dtype=np.int64)
        self._pod = np.full(self._connections, CLOSED, dtype=np.int32)
        self._counts = ConnectionCounts(self._age, self._served, key, in_turn)

    def stick(self) -> ConnectionRandom:
        """Not connections but clients who are remembered: past a reload, and only as long as their pod is routed to."""
        self._sticky = True
        return self

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """New connections go to these pods from now on; live ones stay where they are."""
        n = len(endpoints)
        given = weights if self._shares is None else self._shares(weights, n)
        given = given if len(given) else np.full(n, 1 / max(1, n))
        if n and given.sum() < 1 - 1e-9:  # what the weights lack to 1 finds no pod
            endpoints, given = np.append(endpoints, np.int32(NOBODY)), np.append(given, 1 - given.sum())
        self._endpoints, self._upto = endpoints, np.cumsum(given) + 1e-12
        if self._sticky:
            left = (self._pod != CLOSED) & ~np.isin(self._pod, endpoints)
            self._breaks[left] += 1
            self._pod[left] = CLOSED
        self._counts.reroute(endpoints, given, sticky=self._sticky)

    def end_pod(self, ordinal: int) -> None:
        """Its connections are closed; each client opens another with its next request."""
        broken = self._pod == ordinal
        self._breaks[broken] += 1
        self._pod[broken] = CLOSED
        self._counts.end_pod(ordinal)

    def begin_pod(self, ordinal: int) -> None:
        """New connections to it open again."""
        self._counts.begin_pod(ordinal)

    def reopen(self) -> None:
        """All connections are closed; each client opens another with its next request. Who is remembered stays so."""
        if self._sticky:
            return
        self._breaks[self._pod != CLOSED] += 1
        self._pod[:] = CLOSED
        self._counts.reopen()

    def _openings(self, slot: Ints, turn: Ints) -> Ints:
        """Which opening of its slot carries a slot's so-manieth request."""
        life = (turn + self._age[slot]) // self._served if self._served is not None else 0
        return life + self._breaks[slot]

    def _drawn(self, slot: Ints, opening: Ints) -> Ordinals:
        """The pod that each opening is given: a uniform draw (splitmix64 of slot and opening) over the ready pods."""
        with np.errstate(over="ignore"):
            x = self._salt + slot.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + opening.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03)
            x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            x ^= x >> np.uint64(31)
        return self._at((x >> np.uint64(11)).astype(np.float64) * 2.0**-53)

    def _at(self, uniform: Floats) -> Ordinals:
        """The pods of uniform draws."""
        drawn: Ordinals = self._endpoints[np.minimum(np.searchsorted(self._upto, uniform, side="right"), len(self._endpoints) - 1)]
        return drawn

    def pick(self, first: int, uniform: Floats, ended: npt.NDArray[np.bool_]) -> tuple[Ordinals, Ordinals, npt.NDArray[np.bool_] | None]:
        """The pods of the connections that the requests use, opening those that are not open."""
        index = np.arange(first, first + len(uniform))
        slot = index % self._connections
        opening = self._openings(slot, index // self._connections)
        names = (slot + self._connections * opening).astype(np.int32)
        if len(self._endpoints) == 0 or ended[self._endpoints].any():
            return self._pick_one_by_one(slot, opening, names, uniform, ended)
        pods = self._pod[slot]
        fresh = (opening != self._opening[slot]) | (pods == CLOSED)
        pods[fresh] = self._drawn(slot[fresh], opening[fresh])
        self._opening[slot], self._pod[slot] = opening, pods  # of several requests of a slot, the last one stands
        return pods, names, None

    def _pick_one_by_one(
        self, slot: Ints, opening: Ints, names: Ordinals, uniform: Floats, ended: npt.NDArray[np.bool_]
    ) -> tuple[Ordinals, Ordinals, npt.NDArray[np.bool_]]:
        """While no pod is known, or one that has ended still is: a refused connection is tried again by the next request."""
        n = len(self._endpoints)
        pods, refused = np.full(len(slot), NOBODY, dtype=np.int32), np.zeros(len(slot), dtype=bool)
        at = self._at(uniform) if n else pods
        for i, (c, o) in enumerate(zip(slot.tolist(), opening.tolist(), strict=True)):
            if o != self._opening[c] or self._pod[c] == CLOSED:
                self._opening[c] = o
                drawn = int(at[i]) if n else NOBODY
                refused[i] = n > 0 and ended[drawn]
                self._pod[c] = CLOSED if refused[i] or n == 0 else drawn
                pods[i] = drawn
            else:
                pods[i] = self._pod[c]
        return pods, names, refused

    def count(self, first: int, last: int) -> Counts:
        """The requests of each connection, by where in its life each slot stands at the two ends."""
        return self._counts.count(first, last)
