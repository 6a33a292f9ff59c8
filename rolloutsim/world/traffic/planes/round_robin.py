"""Round robin over the ready pods, one cycle per worker: what ingress-nginx does for an ordinary backend.

Source: rootfs/etc/nginx/lua/balancer/round_robin.lua and lua-resty-balancer's roundrobin.lua (random start, begun anew when the endpoints
change). A pod that refuses is passed over: proxy_next_upstream "error timeout", at most 3 tries.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator
from rolloutsim.world.traffic.marks import Marks
from rolloutsim.world.traffic.planes.plane import NOBODY, Counts, Covers, Floats, Ints, Ordinals, by_pod

WORKERS = 2
TRIES = 3


class RoundRobin:
    """Deterministic but for which worker takes a request and where its cycle began; off by less than one request per worker."""

    covers: Covers = "bound"

    def __init__(self, key: tuple[int, int, str]) -> None:
        self._key = key
        self._routes = 0
        self._endpoints: Ordinals = np.zeros(0, dtype=np.int32)
        self._next = np.zeros(WORKERS, dtype=np.int64)
        seed, replication, stream = key
        self._workers = Marks(np.full(WORKERS, 1 / WORKERS), seed, replication, "workers", stream)
        self._ended: set[int] = set()

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """Know these ready pods from now on, and begin the cycles anew if they changed."""
        if not np.array_equal(endpoints, self._endpoints):
            self._endpoints = endpoints
            seed, replication, stream = self._key
            self._next = generator(seed, replication, "cycle", stream, self._routes).integers(0, max(1, len(endpoints)), WORKERS)
            self._routes += 1

    def end_pod(self, ordinal: int) -> None:
        """No connection is kept; who is asked in its stead is found request by request."""
        self._ended.add(ordinal)

    def begin_pod(self, ordinal: int) -> None:
        """It answers for itself again."""
        self._ended.discard(ordinal)

    def pick(self, first: int, uniform: Floats, ended: npt.NDArray[np.bool_]) -> tuple[Ordinals, Ordinals, npt.NDArray[np.bool_] | None]:
        """The next pods of each worker's cycle."""
        n = len(self._endpoints)
        none = np.full(len(uniform), NOBODY, dtype=np.int32)
        if n == 0:
            return none, none, None
        worker = (uniform * WORKERS).astype(np.intp)
        at = np.empty(len(uniform), dtype=np.int64)
        for w in range(WORKERS):
            mine = worker == w
            taken = int(mine.sum())
            at[mine] = self._next[w] + np.arange(taken)
            self._next[w] = (self._next[w] + taken) % n
        pods = self._endpoints[at % n]
        if not ended[self._endpoints].any():
            return pods, none, None
        for attempt in range(1, TRIES):
            refused = ended[pods]
            pods = np.where(refused, self._endpoints[(at + attempt) % n], pods)
        return pods, none, ended[pods]

    def count(self, first: int, last: int) -> Counts:
        """Whole cycles, and the rest of one for each worker."""
        n = len(self._endpoints)
        if n == 0:
            return by_pod(np.array([NOBODY], dtype=np.int32), np.array([last - first], dtype=np.int64))
        counts = np.zeros(n, dtype=np.int64)
        for w, taken in enumerate(self._workers.between(first, last).tolist()):
            whole, rest = divmod(taken, n)
            counts += whole
            counts[(self._next[w] + np.arange(rest)) % n] += 1
            self._next[w] = (self._next[w] + taken) % n
        dead = np.isin(self._endpoints, list(self._ended))
        asked = counts.copy() if dead.any() else counts
        for i in np.flatnonzero(dead):
            instead = next((k % n for k in range(i + 1, i + TRIES) if not dead[k % n]), i)
            if instead != i:
                counts[instead] += asked[i]
                counts[i] -= asked[i]
        return by_pod(self._endpoints, counts)
