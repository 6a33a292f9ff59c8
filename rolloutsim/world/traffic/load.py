"""What is in flight and who is busy, for data planes that look at the load."""

from __future__ import annotations

from heapq import heapify

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic.pods import UNBOUNDED, PodColumns
from rolloutsim.world.traffic.source import Source

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Load:
    """By pod ordinal: when its places are free, how many wait; by stream and pod: how many are in flight. `events` as `turns.balance` keeps them."""

    def __init__(self, streams: int) -> None:
        self.events: list[tuple[float, int]] = []
        self._in_flight: Ints = np.zeros((streams, 0), dtype=np.int64)
        self._waiting: Ints = np.zeros(0, dtype=np.int64)
        self._places: Ints = np.zeros(0, dtype=np.int64)
        self._first_place: Ints = np.zeros(0, dtype=np.int64)
        self._free_s: Floats = np.zeros(0)

    def columns(self, pods: PodColumns, sources: list[Source]) -> list[np.ndarray]:
        """The columns of `turns.balance` from `law` to `first_endpoint`."""
        self._grow(pods)
        endpoints = np.concatenate([source.endpoints for source in sources]).astype(np.int64)
        first_endpoint = np.concatenate([[0], np.cumsum([len(source.endpoints) for source in sources])])
        ended = pods.ended.astype(np.int64)
        own = [self._free_s, self._waiting, self._in_flight, endpoints, first_endpoint]
        return [pods.law.copy(), self._places, self._first_place, pods.queue.copy(), ended, *own]

    def forget(self, ordinal: int) -> None:
        """A pod is gone with all that was in it."""
        if ordinal >= len(self._places):
            return
        streams = len(self._in_flight)
        self.events = [(t_s, code) for t_s, code in self.events if (code >> 1 if code & 1 else (code >> 1) // streams) != ordinal]
        heapify(self.events)
        self._in_flight[:, ordinal], self._waiting[ordinal] = 0, 0
        self._free_s[self._first_place[ordinal] : self._first_place[ordinal] + self._places[ordinal]] = 0.0

    def _grow(self, pods: PodColumns) -> None:
        """Places for pods that are seen for the first time."""
        more = len(pods.concurrency) - len(self._places)
        self._in_flight = np.pad(self._in_flight, ((0, 0), (0, more)))
        self._waiting, self._places, self._first_place = (np.pad(c, (0, more)) for c in (self._waiting, self._places, self._first_place))
        for ordinal in np.flatnonzero((pods.concurrency != UNBOUNDED) & (self._places == 0)).tolist():
            self._places[ordinal], self._first_place[ordinal] = pods.concurrency[ordinal], len(self._free_s)
            self._free_s = np.append(self._free_s, np.zeros(int(pods.concurrency[ordinal])))
