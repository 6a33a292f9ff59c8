"""Requests in hand: those that were sent, until they are over and nothing before them is open."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rolloutsim.record import ERROR, LOST, NO_ENDPOINT, OK, REJECTED, TIMEOUT
from rolloutsim.world.traffic import turns
from rolloutsim.world.traffic.failover import refusal_of
from rolloutsim.world.traffic.keeping import Ended
from rolloutsim.world.traffic.pods import PodColumns
from rolloutsim.world.traffic.source import Source

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COLUMNS = np.dtype(
    [
        ("stream", np.int32),
        ("pod", np.int32),
        ("connection", np.int32),
        ("outcome", np.uint8),
        ("told", np.bool_),
        ("t_s", np.float64),
        ("start_s", np.float64),
        ("end_s", np.float64),
        ("latency_s", np.float64),
    ]
)
"""`start_s` is when the pod takes a request up, `end_s` when the client has its answer, or none; `told`: the tallies know."""


class Asked(NamedTuple):
    """Requests of all streams in order of time, with the pods that they are sent to (turns.NOBODY, turns.LOAD) and their draws."""

    t_s: Floats
    stream: Ints
    pod: Ints
    connection: Ints
    refused: npt.NDArray[np.bool_]
    pick: Floats
    error: Floats
    services_s: Floats
    """(laws, requests); NaN where it is not known."""

    def in_order(self) -> Asked:
        """Sorted by time; of several at one instant, the earlier stream is first."""
        order = np.argsort(self.t_s, kind="stable")
        columns: list[Any] = [column[..., order] for column in self]
        return Asked(*columns)


class Hand:
    """Says how requests end, and lets go of them when they have."""

    def __init__(self, sources: list[Source], pods: PodColumns) -> None:
        self._pods, self._streams = pods, len(sources)
        self.patience_s = np.array([math.inf if source.stream.timeout is None else source.stream.timeout for source in sources])
        refusals = [refusal_of(source.software) for source in sources]
        self._refused_as, self._refused_after_s, self._broken_as = (np.array(column) for column in zip(*refusals, strict=True))
        self._rows = np.zeros(0, dtype=COLUMNS)

    def take(self, asked: Asked, start_s: Floats) -> None:
        """How they end if their pods stay; `start_s` is when each is taken up, or turns.REFUSED, turns.FULL."""
        pod, t_s, stream = asked.pod, asked.t_s, asked.stream
        service_s = asked.services_s[self._pods.law[pod], np.arange(len(t_s))]
        latency_s = start_s - t_s + service_s
        end_s = np.where(np.isnan(service_s), t_s, start_s + np.nan_to_num(service_s))
        outcome = np.where(asked.error < self._pods.error_rate[pod], ERROR, OK)

        late, patience_s = latency_s > self.patience_s[stream], self.patience_s[stream]
        outcome[late], latency_s[late], end_s[late] = TIMEOUT, patience_s[late], (t_s + patience_s)[late]

        nobody, full = pod == turns.NOBODY, start_s == turns.FULL
        refused = (start_s == turns.REFUSED) & ~nobody
        outcome[nobody], outcome[full], outcome[refused] = NO_ENDPOINT, REJECTED, self._refused_as[stream][refused]
        turned_away = nobody | full | refused
        latency_s[turned_away], end_s[turned_away] = np.nan, t_s[turned_away]
        end_s[refused] += self._refused_after_s[stream][refused]
        latency_s[refused] = (end_s - t_s)[refused]

        new = np.zeros(len(t_s), dtype=COLUMNS)
        new["stream"], new["pod"], new["connection"], new["outcome"] = stream, pod, asked.connection, outcome
        new["t_s"], new["start_s"], new["end_s"], new["latency_s"] = t_s, start_s, end_s, latency_s
        self._rows = np.concatenate([self._rows, new])

    def break_pod(self, now_s: float, ordinal: int) -> None:
        """A pod is gone at once: what is in it has no answer."""
        rows = self._rows
        lost = (rows["pod"] == ordinal) & (rows["end_s"] > now_s) & ~np.isin(rows["outcome"], LOST)
        for column in ("end_s", "start_s"):
            rows[column][lost] = np.minimum(rows[column][lost], now_s)
        rows["outcome"][lost] = self._broken_as[rows["stream"][lost]]
        rows["latency_s"][lost] = now_s - rows["t_s"][lost]

    def news(self, now_s: float) -> Iterator[tuple[int, Ended]]:
        """By stream, what has ended since this was asked last."""
        new = (self._rows["end_s"] <= now_s) & ~self._rows["told"]
        self._rows["told"] |= new
        return self._by_stream(self._rows[new])

    def let_go(self, now_s: float) -> Iterator[tuple[int, Ended]]:
        """By stream, the requests before the first that has not ended; they are in hand no more."""
        over = self._rows["end_s"] <= now_s
        n = len(over) if over.all() else int(np.argmin(over))
        rows, self._rows = self._rows[:n], self._rows[n:]
        return self._by_stream(rows)

    def _by_stream(self, rows: np.ndarray) -> Iterator[tuple[int, Ended]]:
        for s in range(self._streams):
            own = rows[rows["stream"] == s] if self._streams > 1 else rows
            if len(own):
                wait_s = np.where(own["outcome"] <= ERROR, own["start_s"] - own["t_s"], np.nan)
                t_s, pod, connection, outcome, latency_s = (own[name].copy() for name in ("t_s", "pod", "connection", "outcome", "latency_s"))
                yield s, Ended(t_s, pod, connection, outcome, latency_s, wait_s)
