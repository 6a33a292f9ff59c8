"""Open loops whose requests depend on each other by load and by queues in pods: all streams in one order of time.

Nobody waits for an answer before asking again, so the end of a request is known when it arrives; it is recorded once it is over, as its pod
may be gone before.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt

from rolloutsim.world.series.tally import Tally
from rolloutsim.world.traffic import kernel, turns
from rolloutsim.world.traffic.choosing import choosing
from rolloutsim.world.traffic.hand import Asked, Hand
from rolloutsim.world.traffic.keeping import Keeper
from rolloutsim.world.traffic.load import Load
from rolloutsim.world.traffic.pods import UNBOUNDED, PodColumns
from rolloutsim.world.traffic.source import Source

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class OpenLoops:
    """The coupled streams of a run, none of which waits for its answers; all advance together."""

    def __init__(self, sources: list[Source], pods: PodColumns, keepers: list[Keeper]) -> None:
        self.sources, self.keepers, self._pods = sources, keepers, pods
        self.tallies: list[tuple[Tally, ...]] = [() for _ in sources]
        self._by_load = any(source.aware for source in sources)
        self._now_s = 0.0
        self._hand = Hand(sources, pods)
        self._places: dict[int, list[float]] = {}
        self._lines: dict[int, deque[float]] = {}
        self._load = Load(len(sources))

    def advance(self, to_s: float) -> None:
        """Let everything before an instant happen; where it is cut changes nothing."""
        while self._now_s < to_s:
            until_s = min(source.draw(to_s) for source in self.sources)
            counts = [source.known(until_s) for source in self.sources]
            if any(counts):
                asked = self._asked(counts)
                self._hand.take(asked, self._balance(asked) if self._by_load else self._serve(asked))
            self._now_s = until_s
            self._record(until_s)

    def break_pod(self, now_s: float, ordinal: int) -> None:
        """A pod is gone at once: what is in it has no answer."""
        self._hand.break_pod(now_s, ordinal)
        self._places.pop(ordinal, None)
        self._lines.pop(ordinal, None)
        self._load.forget(ordinal)

    def finish(self) -> None:
        """What is in hand is finished."""
        self._record(math.inf)

    def _asked(self, counts: list[int]) -> Asked:
        """The next requests, so many of each stream."""
        parts = []
        for s, (source, count) in enumerate(zip(self.sources, counts, strict=True)):
            t_s, error, _, _, _, services_s = source.columns(count, self._pods.laws)
            pick, pod, connection, refused = source.decisions(count, self._pods.ended)
            to = np.full(count, turns.LOAD) if source.aware else pod.astype(np.int64)
            parts.append(Asked(t_s, np.full(count, s), to, connection.astype(np.int64), refused, pick, error, services_s))
            source.sent(count)
            source.decided(count)
        asked = Asked(*(np.concatenate(column, axis=-1) for column in zip(*parts, strict=True)))
        return asked.in_order() if len(parts) > 1 else asked

    def _serve(self, asked: Asked) -> Floats:
        """When each is taken up, pod by pod, as nobody looks at the load."""
        pod = asked.pod
        start_s = np.where((pod == turns.NOBODY) | asked.refused | self._pods.ended[pod], turns.REFUSED, asked.t_s)
        for ordinal in np.unique(pod[start_s >= 0]).tolist():
            places = int(self._pods.concurrency[ordinal])
            if places == UNBOUNDED:
                continue
            mine = np.flatnonzero((pod == ordinal) & (start_s >= 0))
            services_s = np.nan_to_num(asked.services_s[self._pods.law[ordinal], mine])
            free_s = self._places.setdefault(ordinal, [0.0] * places)
            line = self._lines.setdefault(ordinal, deque())
            start_s[mine] = turns.serve(asked.t_s[mine].tolist(), services_s.tolist(), free_s, int(self._pods.queue[ordinal]), line)
        return start_s

    def _balance(self, asked: Asked) -> Floats:
        """When each is taken up; the pod is filled in where the load says which."""
        start_s, services_s = np.zeros(len(asked.t_s)), np.nan_to_num(asked.services_s)
        by_pod = self._load.columns(self._pods, self.sources)
        with choosing([source.by_load for source in self.sources]) as (choose, memory):
            by_request = (asked.t_s, asked.stream, asked.pod, asked.pick, asked.refused, start_s, services_s)
            columns = turns.Turns(*by_request, patience_s=self._hand.patience_s, memory=memory, **by_pod)
            kernel.run(turns.balance, choose, self._load.events, columns, len(start_s))
        return start_s

    def _record(self, now_s: float) -> None:
        """Tell the tallies what has ended, and write down what is in hand no more."""
        if any(self.tallies):
            for s, ended in self._hand.news(now_s):
                for tally in self.tallies[s]:
                    tally.add(ended.t_s, ended.pod, ended.outcome, ended.latency_s)
        for s, ended in self._hand.let_go(now_s):
            self.keepers[s].add(ended)
