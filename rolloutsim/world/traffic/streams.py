"""One stream of requests in either level of detail: advanced from routing change to routing change."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator
from rolloutsim.record import ERROR, NO_ENDPOINT, OK, Requests, Tallies
from rolloutsim.world.series.tally import Tally
from rolloutsim.world.traffic.arrivals import CHUNK, Arrivals, Chunk
from rolloutsim.world.traffic.failover import Refusal
from rolloutsim.world.traffic.hits import Hits
from rolloutsim.world.traffic.keeping import Ended, Keeper
from rolloutsim.world.traffic.marks import Marks
from rolloutsim.world.traffic.open_loops import OpenLoops
from rolloutsim.world.traffic.ordered import Ordered
from rolloutsim.world.traffic.planes.plane import NOBODY, Counts, Ints, Plane, Routed
from rolloutsim.world.traffic.pods import PodColumns


class StreamOf(Protocol):
    """A stream: `advance` up to (not including) an instant under the present route, and `result` at the end."""

    tallies: tuple[Tally, ...]

    @property
    def plane(self) -> Routed:
        """Who is told where its requests may go."""

    def advance(self, to_s: float, *, read_only: bool = False) -> None:
        """Let the requests before an instant happen."""

    def break_pod(self, now_s: float, ordinal: int, told: list[object]) -> None:
        """What a pod has in hand gets no answer; `told` are the loops that know already."""

    def result(self) -> Requests | Tallies:
        """What happened."""


class OrderedStream:
    """One of several streams that are played together, request by request in order of time."""

    def __init__(self, name: str, ordered: Ordered | OpenLoops, number: int) -> None:
        self._name, self._ordered, self._number = name, ordered, number

    @property
    def plane(self) -> Routed:
        """Its source, which asks the data plane."""
        return self._ordered.sources[self._number]

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Who counts what is answered."""
        return self._ordered.tallies[self._number]

    @tallies.setter
    def tallies(self, tallies: tuple[Tally, ...]) -> None:
        self._ordered.tallies[self._number] = tallies

    def advance(self, to_s: float, *, read_only: bool = False) -> None:
        """Let everything before an instant happen, in all of the streams."""
        self._ordered.advance(to_s)
        if not read_only:
            self._ordered.keepers[self._number].edge(to_s)

    def break_pod(self, now_s: float, ordinal: int, told: list[object]) -> None:
        """Once for all of the streams."""
        if not any(self._ordered is one for one in told):
            told.append(self._ordered)
            self._ordered.break_pod(now_s, ordinal)

    def result(self) -> Requests | Tallies:
        """What was kept of all requests; those in flight are finished first."""
        self._ordered.finish()
        return self._ordered.keepers[self._number].result(self._name)


class RequestStream:
    """Every request with its pod, outcome and latency; blocks of at most a chunk."""

    def __init__(self, name: str, arrivals: Arrivals, plane: Plane, pods: PodColumns, keeper: Keeper, refusal: Refusal) -> None:
        self._name, self._arrivals, self.plane, self._pods, self._keeper = name, arrivals, plane, pods, keeper
        self._refusal = refusal
        self._chunk: Chunk | None = arrivals.chunk(0, 0.0) if arrivals.rate_rps > 0 else None
        self._at = 0
        self.tallies: tuple[Tally, ...] = ()

    def advance(self, to_s: float, *, read_only: bool = False) -> None:
        """Let the requests before an instant happen; where it is cut changes nothing."""
        self._keeper.expect(int(1.01 * self._arrivals.rate_rps * to_s))
        while self._chunk is not None:
            end = int(np.searchsorted(self._chunk.t_s, to_s, side="left"))
            if end > self._at:
                self._block(self._chunk, self._at, end)
                self._at = end
            if end < CHUNK:
                break
            self._chunk = self._arrivals.chunk(self._chunk.first // CHUNK + 1, float(self._chunk.t_s[-1]))
            self._at = 0
        if not read_only:
            self._keeper.edge(to_s)

    def break_pod(self, now_s: float, ordinal: int, told: list[object]) -> None:
        """What it has in hand is broken off, and no tally of the pod counts it."""
        self._keeper.break_off(now_s, ordinal, self._refusal.broken)
        for tally in self.tallies:
            tally.break_off(ordinal, now_s)

    def _block(self, chunk: Chunk, begin: int, end: int) -> None:
        pods, connection, refused = self.plane.pick(chunk.first + begin, chunk.pick[begin:end], self._pods.ended)
        columns = self._pods
        outcome = (chunk.error[begin:end] < columns.error_rate.take(pods)).view(np.uint8)
        latency_s = columns.sigma.take(pods)
        latency_s *= chunk.latency[begin:end]
        latency_s += columns.mu.take(pods)
        np.exp(latency_s, out=latency_s)
        nobody = pods == NOBODY
        if nobody.any():
            outcome[nobody], latency_s[nobody] = NO_ENDPOINT, np.nan
        if refused is not None:
            t_s = chunk.t_s[begin:end][refused]
            outcome[refused], latency_s[refused] = self._refusal.outcome, (t_s + self._refusal.after_s) - t_s
        ended = Ended(chunk.t_s[begin:end], pods, connection, outcome, latency_s)
        self._keeper.add(ended)
        for tally in self.tallies:
            tally.add(ended.t_s, pods, outcome, latency_s)

    def result(self) -> Requests | Tallies:
        """What was kept of all requests."""
        return self._keeper.result(self._name)


class CountStream:
    """Counts by stretch, pod and outcome; the cost does not depend on the number of requests.

    A stretch ends where the world changes (routing, pods, steps); one more end alters no count before or after it, a mere read writes none.
    """

    def __init__(self, name: str, arrivals: Arrivals, plane: Plane, pods: PodColumns, key: tuple[int, int, str], refusal: Refusal) -> None:
        self._name, self._arrivals, self.plane, self._pods, self._key = name, arrivals, plane, pods, key
        self._refusal = refusal
        self._from_s, self._first = 0.0, 0
        self._answered: dict[tuple[int, ...], int] = {}
        self._errors: dict[tuple[int, ...], Hits] = {}
        self._blocks: list[tuple[np.ndarray, ...]] = []
        self.tallies: tuple[Tally, ...] = ()
        self._observed: dict[tuple[int, ...], tuple[Marks, int]] = {}

    def advance(self, to_s: float, *, read_only: bool = False) -> None:
        """Count the requests before an instant."""
        if read_only or to_s <= self._from_s:
            return
        last = self._arrivals.count_before(to_s)
        if last > self._first:
            found = self.plane.count(self._first, last)
            nobody = found.pod == NOBODY
            refused = self._pods.ended[found.pod] & ~nobody
            outcome = np.where(nobody, NO_ENDPOINT, np.where(refused, self._refusal.outcome, OK)).astype(np.uint8)
            errors = self._failed(found, outcome == OK)
            if self.tallies:
                self._observe(found, outcome == OK, errors)
            for kind, requests in ((outcome, found.requests - errors), (np.full_like(outcome, ERROR), errors)):
                some = requests > 0
                times = (np.full(int(some.sum()), t_s) for t_s in (self._from_s, to_s))
                self._blocks.append((*times, found.pod[some], found.connection[some], found.connections[some], kind[some], requests[some]))
        self._from_s, self._first = to_s, last

    def break_pod(self, now_s: float, ordinal: int, told: list[object]) -> None:
        """Of the requests of the stretch that ends now, those that the pod has in hand by the law of its latency, drawn."""
        draws = generator(self._key[0], self._key[1], "broken", self._key[2], ordinal, len(self._blocks))
        for i, block in enumerate(tuple(self._blocks)):
            if len(block[1]) == 0 or block[1][0] != now_s:
                continue
            pod, outcome, requests = block[2], block[5], block[6]
            share = self._pods.in_hand(ordinal, now_s - float(block[0][0]))
            broken = np.where((pod == ordinal) & (outcome <= ERROR), draws.binomial(requests, share), 0)
            some = broken > 0
            if some.any():
                self._blocks[i] = (*block[:6], requests - broken)
                words = np.full(int(some.sum()), self._refusal.broken, dtype=np.uint8)
                self._blocks.append((*(column[some] for column in block[:5]), words, broken[some]))

    def _failed(self, found: Counts, answered: npt.NDArray[np.bool_]) -> Ints:
        """Errors among the answered requests of each row: drawn by pod, then spread evenly over the pod's rows."""
        rows_of: dict[int, list[tuple[int, int]]] = {}
        for row, (pod, requests, was_answered) in enumerate(zip(found.pod.tolist(), found.requests.tolist(), answered.tolist(), strict=True)):
            if was_answered:
                rows_of.setdefault(pod, []).append((row, requests))
        failed = np.zeros_like(found.requests)
        for pod, rows in rows_of.items():
            rate = float(self._pods.error_rate[pod])
            if rate == 0.0:
                continue
            life, total, upto = self._life(pod), sum(requests for _, requests in rows), 0
            if life not in self._errors:
                seed, replication, stream = self._key
                self._errors[life] = Hits(rate, seed, replication, "errors", stream, *life)
            before = self._answered.get(life, 0)
            self._answered[life] = before + total
            errors = self._errors[life].between(before, before + total)
            for row, requests in rows:
                failed[row] = errors * (upto + requests) // max(1, total) - errors * upto // max(1, total)
                upto += requests
        return failed

    def _life(self, pod: int) -> tuple[int, ...]:
        """What keys the draws of a pod: itself, and how often it has begun to answer otherwise."""
        turn = self._pods.turn.get(pod, 0)
        return (pod, turn) if turn else (pod,)

    def _observe(self, found: Counts, answered: npt.NDArray[np.bool_], errors: Ints) -> None:
        """Count the requests of each pod by status, and draw the latency buckets of those that it answered."""
        for pod in np.unique(found.pod).tolist():
            rows = found.pod == pod
            lost = int(found.requests[rows & ~answered].sum())
            failed = int(errors[rows].sum())
            for status, requests in enumerate((int(found.requests[rows & answered].sum()) - failed, failed)):
                buckets = self._buckets(pod, status, requests)
                for tally in self.tallies:
                    tally.add_counts(pod, bool(status), requests, buckets)
            for tally in self.tallies:
                if tally.router:
                    tally.add_counts(pod, True, lost, None)

    def _buckets(self, pod: int, status: int, requests: int) -> Ints | None:
        shares = self._pods.bucket_shares(pod, self.tallies[0].bounds_s)
        if shares is None or requests == 0:
            return None
        life = (*self._life(pod), -1 - status)
        marks, before = self._observed.get(life, (None, 0))
        if marks is None:
            seed, replication, stream = self._key
            marks = Marks(shares, seed, replication, "latencies", stream, *life)
        self._observed[life] = (marks, before + requests)
        return marks.between(before, before + requests)

    def result(self) -> Tallies:
        """All rows in order of time."""
        columns = [np.concatenate(column) for column in zip(*self._blocks, strict=True)] if self._blocks else [np.zeros(0)] * 7
        from_s, to_s, pod, connection, connections, outcome, requests = columns
        return Tallies(
            self._name,
            from_s.astype(np.float64),
            to_s.astype(np.float64),
            pod.astype(np.int32),
            connection.astype(np.int64),
            connections.astype(np.int64),
            outcome.astype(np.uint8),
            requests.astype(np.int64),
        )
