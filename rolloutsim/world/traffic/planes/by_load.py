"""What data planes that look at the load have in common: they know pods and weights, and choose by a plain function and a memory."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator
from rolloutsim.world.traffic.planes.plane import NOBODY, Choose, Counts, Covers, Floats, Ints, Ordinals, by_pod


class ByLoad(ABC):
    """Asked for each request, in order of time; what it remembers begins anew when pods or weights change."""

    covers: Covers = "requests"
    choose: Choose

    def __init__(self, key: tuple[int, int, str]) -> None:
        self._key, self._ended = key, set[int]()
        self._known: tuple[Ordinals, Floats] = np.zeros(0, dtype=np.int32), np.zeros(0)
        self.memory: Floats = np.zeros(1)

    @abstractmethod
    def remember(self, weights: Floats, n: int) -> Floats:
        """The memory of `n` pods before the first request; `weights` are their probabilities, or empty."""

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """Know these ready pods from now on."""
        if np.array_equal(endpoints, self._known[0]) and np.array_equal(weights, self._known[1]):
            return
        self._known = endpoints, weights
        self.memory = self.remember(weights, len(endpoints)) if len(endpoints) else np.zeros(1)

    def end_pod(self, ordinal: int) -> None:
        """Its requests are gone from those in flight; while it is routed to it refuses."""
        self._ended.add(ordinal)

    def begin_pod(self, ordinal: int) -> None:
        """It takes requests again."""
        self._ended.discard(ordinal)

    def pick(self, first: int, uniform: Floats, ended: npt.NDArray[np.bool_]) -> tuple[Ordinals, Ordinals, npt.NDArray[np.bool_] | None]:
        """What it decides for a client that sends one request after the other, with nothing else in flight."""
        endpoints, none = self._known[0], np.full(len(uniform), NOBODY, dtype=np.int32)
        if len(endpoints) == 0:
            return none, none, None
        idle, memory = [0] * len(endpoints), self.memory.tolist()
        pods = endpoints[[self.choose(draw, idle, memory) for draw in uniform.tolist()]]
        self.memory[...] = memory
        return pods, none, ended[pods]

    def count(self, first: int, last: int) -> Counts:
        """As picked one by one: there is no shorter way."""
        seed, replication, stream = self._key
        uniform = generator(seed, replication, "idle", stream, first).random(last - first)
        pods, _, _ = self.pick(first, uniform, np.zeros(1 + max([0, *self._known[0].tolist()]), dtype=bool))
        found, requests = np.unique(pods, return_counts=True)
        return by_pod(found, requests.astype(np.int64))
