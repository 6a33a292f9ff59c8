"""Open loops whose requests depend on each other by load and by queues in pods: all streams in one order of time.

Nobody waits for an answer before asking again, so the end of a request is known when it arrives; it is recorded once it is over, as its pod
may be gone before.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt

from rolloutsim.record import ERROR, LOST, NO_ENDPOINT, OK, REJECTED, TIMEOUT
from rolloutsim.world.series.tally import Tally
from rolloutsim.world.traffic import kernel, turns
from rolloutsim.world.traffic.choosing import choosing
from rolloutsim.world.traffic.failover import refusal_of
from rolloutsim.world.traffic.keeping import Ended, Keeper
from rolloutsim.world.traffic.load import Load
from rolloutsim.world.traffic.pods import UNBOUNDED, PodColumns
from rolloutsim.world.traffic.source import Source

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HAND = np.dtype(
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
"""Requests in hand: `end_s` is when the client has its answer, or none."""


class OpenLoops:
    """The coupled streams of a run, none of which waits for its answers; all advance together."""

    def __init__(self, sources: list[Source], pods: PodColumns, keepers: list[Keeper]) -> None:
        self.sources, self.keepers, self._pods = sources, keepers, pods
        self.tallies: list[tuple[Tally, ...]] = [() for _ in sources]
        self._patience_s = np.array([math.inf if source.stream.timeout is None else source.stream.timeout for source in sources])
        self._refused = [np.array(column) for column in zip(*(refusal_of(source.plane_name) for source in sources), strict=True)]
        self._aware = any(source.aware for source in sources)
        self._hand = np.zeros(0, dtype=HAND)
        self._now_s, self._played = 0.0, 0
        self._places: dict[int, list[float]] = {}
        self._lines: dict[int, deque[float]] = {}
        self._load = Load(len(sources))

    def advance(self, to_s: float) -> None:
        """Let everything before an instant happen; where it is cut changes nothing."""
        while self._now_s < to_s:
            until_s = min(source.draw(to_s) for source in self.sources)
            self._play([source.known(until_s) for source in self.sources])
            self._now_s = until_s
            self._record(until_s)

    def break_pod(self, now_s: float, ordinal: int) -> None:
        """A pod is gone at once: what is in it has no answer."""
        lost = (self._hand["pod"] == ordinal) & (self._hand["end_s"] > now_s) & ~np.isin(self._hand["outcome"], LOST)
        for column in ("end_s", "start_s"):
            self._hand[column][lost] = np.minimum(self._hand[column][lost], now_s)
        self._hand["outcome"][lost] = self._refused[2][self._hand["stream"][lost]]
        self._hand["latency_s"][lost] = now_s - self._hand["t_s"][lost]
        self._places.pop(ordinal, None)
        self._lines.pop(ordinal, None)
        self._load.forget(ordinal)

    def finish(self) -> None:
        """What is in hand is finished."""
        self._record(math.inf)

    # --- the next requests -----------------------------------------------------------------------------------------------------

    def _play(self, counts: list[int]) -> None:
        n = sum(counts)
        if n == 0:
            return
        laws = self._pods.laws
        parts = [source.columns(count, laws) for source, count in zip(self.sources, counts, strict=True)]
        t_s, error, _, _, _, work = (np.concatenate(column, axis=-1) for column in zip(*parts, strict=True))
        asked = [source.decisions(count, self._pods.ended) for source, count in zip(self.sources, counts, strict=True)]
        pick, pod, connection, refused = (np.concatenate(column) for column in zip(*asked, strict=True))
        stream = np.repeat(np.arange(len(counts)), counts)
        for source, count in zip(self.sources, counts, strict=True):
            source.sent(count)
            source.decided(count)
        if len(counts) > 1:
            order = np.argsort(t_s, kind="stable")
            t_s, error, pick, pod, connection, refused, stream = (c[order] for c in (t_s, error, pick, pod, connection, refused, stream))
            work = work[:, order]
        start_s, pod = self._balance(t_s, stream, pod, pick, refused, work) if self._aware else (self._serve(t_s, pod, refused, work), pod)
        self._take(stream, t_s, pod, connection, start_s, work, error)
        self._played += n

    def _take(self, stream: Ints, t_s: Floats, pod: Ints, connection: Ints, start_s: Floats, work: Floats, error: Floats) -> None:
        """How the requests end if their pods stay; they are in hand from now on."""
        new = np.zeros(len(t_s), dtype=HAND)
        service_s = work[self._pods.law[pod], np.arange(len(t_s))]
        latency_s = (start_s - t_s) + service_s
        outcome = np.where(error < self._pods.error_rate[pod], ERROR, OK)
        end_s = np.where(np.isnan(latency_s), t_s, start_s + np.nan_to_num(service_s))
        late = latency_s > self._patience_s[stream]
        outcome[late], latency_s[late] = TIMEOUT, self._patience_s[stream][late]
        end_s[late] = (t_s + latency_s)[late]
        turned_away = start_s < 0
        refused = start_s == turns.REFUSED
        words, after_s, _ = self._refused
        outcome[turned_away] = np.where(pod == turns.NOBODY, NO_ENDPOINT, np.where(refused, words[stream], REJECTED))[turned_away]
        latency_s[turned_away], end_s[turned_away] = np.nan, t_s[turned_away]
        refused &= pod != turns.NOBODY
        end_s[refused] += after_s[stream[refused]]
        latency_s[refused] = end_s[refused] - t_s[refused]
        columns = {"stream": stream, "pod": pod, "connection": connection, "outcome": outcome}
        for name, column in (columns | {"t_s": t_s, "start_s": start_s, "end_s": end_s, "latency_s": latency_s}).items():
            new[name] = column
        self._hand = np.concatenate([self._hand, new])

    def _serve(self, t_s: Floats, pod: Ints, refused: npt.NDArray[np.bool_], work: Floats) -> Floats:
        """When each is taken up, pod by pod, as nobody looks at the load."""
        start_s = np.where((pod == turns.NOBODY) | refused | self._pods.ended[pod], turns.REFUSED, t_s)
        for ordinal in np.unique(pod[start_s >= 0]).tolist():
            places = int(self._pods.concurrency[ordinal])
            if places == UNBOUNDED:
                continue
            mine = np.flatnonzero((pod == ordinal) & (start_s >= 0))
            services_s = np.nan_to_num(work[self._pods.law[ordinal], mine])
            free_s = self._places.setdefault(ordinal, [0.0] * places)
            line = self._lines.setdefault(ordinal, deque())
            start_s[mine] = turns.serve(t_s[mine].tolist(), services_s.tolist(), free_s, int(self._pods.queue[ordinal]), line)
        return start_s

    def _balance(self, t_s: Floats, stream: Ints, pod: Ints, pick: Floats, refused: npt.NDArray[np.bool_], work: Floats) -> tuple[Floats, Ints]:
        """When each is taken up, and by which pod."""
        pod = pod.astype(np.int64)
        pod[np.array([source.aware for source in self.sources])[stream]] = turns.LOAD
        start_s, services_s = np.zeros(len(t_s)), np.nan_to_num(work)
        by_pod = self._load.columns(self._pods, self.sources)
        with choosing([source.by_load for source in self.sources]) as (choose, memory):
            columns = turns.Turns(t_s, stream, pod, pick, refused, start_s, services_s, self._patience_s, memory=memory, **by_pod)
            kernel.run(turns.balance, choose, self._load.events, columns, len(t_s))
        return start_s, pod

    # --- what is over ----------------------------------------------------------------------------------------------------------

    def _record(self, now_s: float) -> None:
        """Tell the tallies what has ended, and write down the requests before the first that has not."""
        over = self._hand["end_s"] <= now_s
        new = over & ~self._hand["told"]
        if any(self.tallies) and new.any():
            self._hand["told"] |= new
            for s, ended in self._by_stream(self._hand[new]):
                for tally in self.tallies[s]:
                    tally.add(ended.t_s, ended.pod, ended.outcome, ended.latency_s)
        n = len(over) if over.all() else int(np.argmin(over))
        for s, ended in self._by_stream(self._hand[:n]):
            self.keepers[s].add(ended)
        self._hand = self._hand[n:]

    def _by_stream(self, hand: np.ndarray) -> list[tuple[int, Ended]]:
        parts = []
        for s in range(len(self.sources)):
            own = hand[hand["stream"] == s] if len(self.sources) > 1 else hand
            if len(own):
                wait_s = np.where(own["outcome"] <= ERROR, own["start_s"] - own["t_s"], np.nan)
                t_s, pod, connection, outcome, latency_s = (own[name].copy() for name in ("t_s", "pod", "connection", "outcome", "latency_s"))
                parts.append((s, Ended(t_s, pod, connection, outcome, latency_s, wait_s)))
        return parts
