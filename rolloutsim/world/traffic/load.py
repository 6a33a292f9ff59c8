"""What is in flight and who is busy, for data planes that look at the load."""

from __future__ import annotations

from heapq import heapify

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic.kernel import Events
from rolloutsim.world.traffic.pods import UNBOUNDED, PodColumns
from rolloutsim.world.traffic.source import Source

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Load:
    """By pod: when its places are free, how many wait; by stream and pod: how many are in flight. `events` as `turns.balance` keeps them.

    The cells of a stream are numbered so that those of its endpoints come first, in their order.
    """

    def __init__(self, streams: int) -> None:
        self.events: Events = []
        self._endpoints: list[list[int]] = [[] for _ in range(streams)]
        self._cell_of: Ints = np.zeros((streams, 0), dtype=np.int64)
        self._pod_of: Ints = np.zeros(0, dtype=np.int64)
        self._in_flight: Ints = np.zeros(0, dtype=np.int64)
        self._waiting: Ints = np.zeros(0, dtype=np.int64)
        self._places: Ints = np.zeros(0, dtype=np.int64)
        self._first_place: Ints = np.zeros(0, dtype=np.int64)
        self._free_s: Floats = np.zeros(0)

    def columns(self, pods: PodColumns, sources: list[Source]) -> dict[str, np.ndarray]:
        """The columns of `Turns` by pod and cell, and where the cells of each stream's endpoints begin and end."""
        self._grow(pods)
        endpoints = [source.endpoints.tolist() for source in sources]
        if endpoints != self._endpoints or self._cell_of.shape[1] != len(pods.law):
            self._number(endpoints, len(pods.law))
        first_cell = np.arange(len(sources)) * len(pods.law)
        return {
            "first_cell": first_cell,
            "last_cell": first_cell + [len(own) for own in endpoints],
            "cell_of": self._cell_of,
            "law": pods.law,
            "queue": pods.queue,
            "ended": pods.ended,
            "waiting": self._waiting,
            "places": self._places,
            "first_place": self._first_place,
            "free_s": self._free_s,
            "pod_of": self._pod_of,
            "in_flight": self._in_flight,
        }

    def forget(self, ordinal: int) -> None:
        """A pod is gone with all that was in it."""
        if ordinal >= len(self._places):
            return
        self.events = [(t_s, code) for t_s, code in self.events if (code >> 1 if code & 1 else self._pod_of[code >> 1]) != ordinal]
        heapify(self.events)
        self._in_flight[self._cell_of[:, ordinal]], self._waiting[ordinal] = 0, 0
        self._free_s[self._first_place[ordinal] : self._first_place[ordinal] + self._places[ordinal]] = 0.0

    def _number(self, endpoints: list[list[int]], pods: int) -> None:
        """Number the cells anew."""
        old_cell_of, old_pod_of, in_flight = self._cell_of, self._pod_of, self._in_flight
        known = old_cell_of.shape[1]
        order = [own + [pod for pod in range(pods) if pod not in set(own)] for own in endpoints]
        self._pod_of = np.array(order, dtype=np.int64).reshape(-1)
        self._cell_of = np.argsort(np.array(order), axis=1) + np.arange(len(endpoints))[:, None] * pods
        self._in_flight = np.zeros(len(self._pod_of), dtype=np.int64)
        self._in_flight[self._cell_of[:, :known]] = in_flight[old_cell_of]
        self.events = [(t_s, code if code & 1 else 2 * int(self._cell_of[(code >> 1) // known, old_pod_of[code >> 1]])) for t_s, code in self.events]
        heapify(self.events)
        self._endpoints = endpoints

    def _grow(self, pods: PodColumns) -> None:
        """Places for pods that are seen for the first time."""
        more = len(pods.concurrency) - len(self._places)
        if more:
            self._waiting, self._places, self._first_place = (np.pad(c, (0, more)) for c in (self._waiting, self._places, self._first_place))
        for ordinal in np.flatnonzero((pods.concurrency != UNBOUNDED) & (self._places == 0)).tolist():
            self._places[ordinal], self._first_place[ordinal] = pods.concurrency[ordinal], len(self._free_s)
            self._free_s = np.append(self._free_s, np.zeros(int(pods.concurrency[ordinal])))
