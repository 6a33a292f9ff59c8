"""What deterministic data planes have in common: an endless cycle of pods for each worker."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator
from rolloutsim.world.traffic.marks import Marks
from rolloutsim.world.traffic.planes.plane import NOBODY, Counts, Covers, Floats, Ints, Ordinals, by_pod


class Cycle(ABC):
    """Deterministic but for which worker takes a request; a cycle begins anew when pods or weights change, as proxies read them anew.

    It `begins` at a place of its own, or anywhere (None).
    """

    covers: Covers = "bound"

    def __init__(self, key: tuple[int, int, str], *, workers: int = 1, begins: int | None = 0) -> None:
        self._key, self._n_workers, self._begins = key, workers, begins
        self._routes = 0
        self._endpoints: Ordinals = np.zeros(0, dtype=np.int32)
        self._weights: Floats = np.zeros(0)
        self._pools: Ints = np.zeros(0, dtype=np.int64)
        self._known: Ordinals = np.zeros(0, dtype=np.int32)
        self._order: Ints = np.zeros(0, dtype=np.int64)
        self._next = np.zeros(workers, dtype=np.int64)
        seed, replication, stream = key
        self._workers = Marks(np.full(workers, 1 / workers), seed, replication, "workers", stream)
        self._ended: set[int] = set()

    @property
    def workers(self) -> int:
        """How many go through a cycle of their own."""
        return self._n_workers

    @property
    def cycle(self) -> Ordinals:
        """The pods of one cycle."""
        return self._known[self._order]

    @abstractmethod
    def order(self, weights: Floats, pools: Ints, n: int, draws: np.random.Generator) -> Ints:
        """One cycle, as indices of the `n` endpoints; `n` itself stands for no pod, which is what weights lack to 1."""

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """Know these ready pods from now on, and begin the cycles anew if they or their weights changed."""
        same = np.array_equal(endpoints, self._endpoints) and np.array_equal(weights, self._weights) and np.array_equal(pools, self._pools)
        if same:
            return
        self._endpoints, self._weights, self._pools = endpoints, weights, pools
        self._known = np.append(endpoints, np.int32(NOBODY))
        seed, replication, stream = self._key
        draws = generator(seed, replication, "cycle", stream, self._routes)
        n = len(endpoints)
        self._order = self.order(weights, pools, n, draws) if n else np.zeros(0, dtype=np.int64)
        length = max(1, len(self._order))
        self._next = draws.integers(0, length, self._n_workers) if self._begins is None else np.full(self._n_workers, self._begins % length)
        self._routes += 1

    def end_pod(self, ordinal: int) -> None:
        """No connection is kept; who is asked in its stead is found request by request."""
        self._ended.add(ordinal)

    def begin_pod(self, ordinal: int) -> None:
        """It answers for itself again."""
        self._ended.discard(ordinal)

    def instead(self, ended: npt.NDArray[np.bool_]) -> Ints:
        """Which endpoint answers when each is asked, as some may have ended: itself, and a pod that has ended refuses."""
        return np.arange(len(self._known))

    def pick(self, first: int, uniform: Floats, ended: npt.NDArray[np.bool_]) -> tuple[Ordinals, Ordinals, npt.NDArray[np.bool_] | None]:
        """The next pods of each worker's cycle."""
        length, workers = len(self._order), self._n_workers
        none = np.full(len(uniform), NOBODY, dtype=np.int32)
        if length == 0:
            return none, none, None
        at = np.empty(len(uniform), dtype=np.int64)
        worker = (uniform * workers).astype(np.intp) if workers > 1 else np.zeros(len(uniform), dtype=np.intp)
        for w in range(workers):
            mine = worker == w
            taken = int(mine.sum())
            at[mine] = self._next[w] + np.arange(taken)
            self._next[w] = (self._next[w] + taken) % length
        asked = self._order[at % length]
        if not ended[self._endpoints].any():
            return self._known[asked], none, None
        pods = self._known[self.instead(ended[self._known])[asked]]
        return pods, none, ended[pods] & (pods != NOBODY)

    def count(self, first: int, last: int) -> Counts:
        """Whole cycles, and the rest of one for each worker."""
        length = len(self._order)
        if length == 0:
            return by_pod(np.array([NOBODY], dtype=np.int32), np.array([last - first], dtype=np.int64))
        in_all = np.bincount(self._order, minlength=len(self._known))
        counts = np.zeros(len(self._known), dtype=np.int64)
        for w, taken in enumerate(self._workers.between(first, last).tolist()):
            whole, rest = divmod(taken, length)
            counts += whole * in_all
            counts += np.bincount(self._order[(self._next[w] + np.arange(rest)) % length], minlength=len(counts))
            self._next[w] = (self._next[w] + taken) % length
        if self._ended:
            counts = np.bincount(self.instead(np.isin(self._known, list(self._ended))), weights=counts, minlength=len(counts)).astype(np.int64)
        return by_pod(self._known, counts)
