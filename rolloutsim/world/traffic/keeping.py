"""What is kept of requests that have ended: each of them, or tallies of them whose memory does not grow with their number."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rolloutsim.record import ERROR, Requests, Tallies

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KINDS = 16
"""Room for outcomes in a key."""
LONGEST_S = 600.0
"""No request is looked for that was sent so long ago."""
LEAST = 1 << 16
"""Room for so many requests at first."""
MOST_NAMES = 2_000_000
"""So many connections are told apart; then those so far are written, and one that lives on counts as another."""


class Ended(NamedTuple):
    """Requests that have ended, in order of arrival; the columns of a record's Requests."""

    t_s: Floats
    pod: npt.NDArray[np.int32]
    connection: npt.NDArray[np.int32]
    outcome: npt.NDArray[np.uint8]
    latency_s: Floats
    wait_s: Floats | None = None

    def part(self, rows: slice) -> Ended:
        """Some of them."""
        wait_s = None if self.wait_s is None else self.wait_s[rows]
        return Ended(self.t_s[rows], self.pod[rows], self.connection[rows], self.outcome[rows], self.latency_s[rows], wait_s)


class Keeper(Protocol):
    """Takes requests in order of arrival."""

    def expect(self, n: int) -> None:
        """About so many requests come in all; none is promised, and more may come."""

    def add(self, ended: Ended) -> None:
        """Keep these requests."""

    def edge(self, t_s: float) -> None:
        """The world changes at this instant: requests before it and from it on are told apart."""

    def break_off(self, now_s: float, pod: int, outcome: int) -> None:
        """The pod is gone: its requests that are not answered by now ended so, now."""

    def result(self, stream: str) -> Requests | Tallies:
        """What was kept."""


class EachRequest:
    """Keeps every request, in columns with room for as many again."""

    def __init__(self) -> None:
        self._columns: list[np.ndarray] = []
        self._kept = self._room = 0

    def expect(self, n: int) -> None:
        """Make room for them when the next ones come."""
        self._room = max(self._room, n)

    def add(self, ended: Ended) -> None:
        """Keep these requests."""
        if not self._columns:
            self._columns = [np.empty(max(LEAST, self._room), dtype=column.dtype) for column in ended if column is not None]
        kept, self._kept = self._kept, self._kept + len(ended.t_s)
        if self._kept > len(self._columns[0]):
            self._columns = [_with_room(column[:kept], max(2 * self._kept, self._room)) for column in self._columns]
        for column, more in zip(self._columns, ended, strict=False):
            column[kept : self._kept] = more

    def edge(self, t_s: float) -> None:
        """Nothing to tell apart: each request has its instant."""

    def break_off(self, now_s: float, pod: int, outcome: int) -> None:
        """Looks at the requests of the last while."""
        if self._columns:
            first = int(np.searchsorted(self._columns[0][: self._kept], now_s - LONGEST_S))
            broken_off(Ended(*(column[first : self._kept] for column in self._columns)), now_s, pod, outcome)

    def result(self, stream: str) -> Requests:
        """All requests."""
        if not self._columns:
            empty = np.zeros(0)
            ints = empty.astype(np.int32)
            return Requests(stream, empty, ints, ints, empty.astype(np.uint8), empty)
        return Requests(stream, *(column[: self._kept] for column in self._columns))


class UntilOver:
    """Holds requests back until they are answered, as their pods may be gone before; then another keeper has them."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._held: deque[tuple[float, Ended]] = deque()

    def expect(self, n: int) -> None:
        """As many are kept in the end."""
        self._keeper.expect(n)

    def add(self, ended: Ended) -> None:
        """Hold these requests back."""
        if len(ended.t_s):
            self._release(float(ended.t_s[0]))
            self._held.append((float(np.max(ended.t_s + np.nan_to_num(ended.latency_s))), ended))

    def edge(self, t_s: float) -> None:
        """The other keeper takes requests before it that come later."""
        self._keeper.edge(t_s)

    def break_off(self, now_s: float, pod: int, outcome: int) -> None:
        """Some of those held back end now."""
        for _, ended in self._held:
            broken_off(ended, now_s, pod, outcome)

    def result(self, stream: str) -> Requests | Tallies:
        """All that were held back are over, too."""
        self._release(math.inf)
        return self._keeper.result(stream)

    def _release(self, now_s: float) -> None:
        while self._held and (self._held[0][0] <= now_s or now_s == math.inf):
            self._keeper.add(self._held.popleft()[1])


def broken_off(ended: Ended, now_s: float, pod: int, outcome: int) -> None:
    """Those of a pod that are not answered by now end so, now; changed in place."""
    lost = (ended.pod == pod) & (ended.outcome <= ERROR) & (ended.t_s + ended.latency_s > now_s)
    ended.outcome[lost] = outcome
    ended.latency_s[lost] = now_s - ended.t_s[lost]


def _with_room(column: np.ndarray, n: int) -> np.ndarray:
    wider = np.empty(n, dtype=column.dtype)
    wider[: len(column)] = column
    return wider


class ByStretch:
    """Keeps how many requests of each stretch of time fell on each pod and connection, by outcome, and how long they took together.

    Connections of a stretch that carried equally many requests to one pod with one outcome share a row.
    """

    def __init__(self) -> None:
        self._edges: list[float] = []
        self._from_s = 0.0
        self._counts: Ints = np.zeros(0, dtype=np.int64)
        self._sums_ns: Ints = np.zeros(0, dtype=np.int64)  # whole numbers, whose sum does not depend on the order
        self._named: list[tuple[Ints, Ints]] = []
        self._open: list[tuple[np.ndarray, ...]] = []
        self._rows: list[tuple[np.ndarray, ...]] = []

    def expect(self, n: int) -> None:
        """No matter how many."""

    def add(self, ended: Ended) -> None:
        """Count these requests, each in its stretch."""
        while self._edges and len(ended.t_s) and ended.t_s[-1] >= self._edges[0]:
            n = int(np.searchsorted(ended.t_s, self._edges[0], side="left"))
            self._count(ended.part(slice(n)))
            self._close()
            ended = ended.part(slice(n, None))
        self._count(ended)

    def edge(self, t_s: float) -> None:
        """Another stretch begins; requests before it may still come."""
        if t_s > (self._edges[-1] if self._edges else self._from_s):
            self._edges.append(t_s)

    def _count(self, ended: Ended) -> None:
        if len(ended.t_s) == 0:
            return
        connection, latency_s = ended.connection, ended.latency_s
        key = ended.pod.astype(np.intp)
        key += 1
        key *= KINDS
        key += ended.outcome
        counts = np.bincount(key)
        latency_ns = latency_s * 1e9
        np.rint(latency_ns, out=latency_ns)
        sums_ns = np.bincount(key, weights=latency_ns)
        if not math.isfinite(sums_ns.sum()):
            sums_ns = np.bincount(key, weights=np.nan_to_num(latency_ns))
        if len(counts) > len(self._counts):
            more = np.zeros(len(counts) - len(self._counts), dtype=np.int64)
            self._counts, self._sums_ns = np.append(self._counts, more), np.append(self._sums_ns, more)
        self._counts[: len(counts)] += counts
        self._sums_ns[: len(counts)] += sums_ns.astype(np.int64)
        if connection[0] >= 0 or connection.max() >= 0:
            some = connection >= 0
            self._named.append(np.unique((key[some] << 32) + connection[some], return_counts=True))
            if sum(len(names) for names, _ in self._named) > MOST_NAMES:
                self._write_named()

    def _close(self) -> None:
        """Write the stretch that ends at the next edge."""
        to_s = self._edges.pop(0)
        self._write_named()
        key = np.flatnonzero(self._counts)
        counts = self._counts[key]
        self._write(key, np.full(len(key), -1), counts, counts)
        for row in self._open:
            times = (np.full(len(row[0]), t_s) for t_s in (self._from_s, to_s))
            self._rows.append((*times, *row))
        self._open.clear()
        self._from_s, self._counts, self._sums_ns = to_s, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)

    def _write_named(self) -> None:
        """Write the connections of a stretch: those alike in one row."""
        if not self._named:
            return
        names, which = np.unique(np.concatenate([names for names, _ in self._named]), return_inverse=True)
        carried = np.bincount(which, weights=np.concatenate([numbers for _, numbers in self._named])).astype(np.int64)
        self._named.clear()
        alike, first, number = np.unique(np.stack([names >> 32, carried]), axis=1, return_index=True, return_counts=True)
        self._write(alike[0], np.where(number == 1, names[first] & 0xFFFFFFFF, -1), number, alike[1] * number)

    def _write(self, key: Ints, connection: Ints, connections: Ints, requests: Ints) -> None:
        """Rows of a stretch, and their part of the latencies."""
        sums_ns = np.rint(self._sums_ns[key] * (requests / self._counts[key])).astype(np.int64)
        np.subtract.at(self._counts, key, requests)
        np.subtract.at(self._sums_ns, key, sums_ns)
        self._open.append((key // KINDS - 1, connection, connections, key % KINDS, requests, sums_ns / 1e9))

    def break_off(self, now_s: float, pod: int, outcome: int) -> None:
        """Too late: requests are counted when they come (`UntilOver` holds them back where that matters)."""

    def result(self, stream: str) -> Tallies:
        """All stretches; the last one ends at the last edge."""
        while self._edges:
            self._close()
        columns = [np.concatenate(column) for column in zip(*self._rows, strict=True)] if self._rows else [np.zeros(0)] * 8
        from_s, to_s, pod, connection, connections, outcome, requests, latency_s = columns
        return Tallies(
            stream,
            from_s.astype(np.float64),
            to_s.astype(np.float64),
            pod.astype(np.int32),
            connection.astype(np.int64),
            connections.astype(np.int64),
            outcome.astype(np.uint8),
            requests.astype(np.int64),
            latency_s.astype(np.float64),
        )
