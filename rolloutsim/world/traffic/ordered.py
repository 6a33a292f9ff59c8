"""Streams whose requests depend on each other, played together in order of time: by load, by queues in pods, by clients that wait."""

from __future__ import annotations

import math
from heapq import heappush
from typing import Any

import numpy as np

from rolloutsim.randomness import generator
from rolloutsim.record import BAD_GATEWAY, REFUSED, RESET, TIMEOUT, UNAVAILABLE
from rolloutsim.world.series.tally import Tally
from rolloutsim.world.traffic import columns
from rolloutsim.world.traffic.connection_pool import ConnectionPool
from rolloutsim.world.traffic.events import AGAIN, BREAK, KINDS, SEND, UNDECIDED, Events
from rolloutsim.world.traffic.keeping import Ended, Keeper
from rolloutsim.world.traffic.planes.plane import NOBODY, Ints
from rolloutsim.world.traffic.pods import PodColumns
from rolloutsim.world.traffic.source import MANY, Source, service_times
from rolloutsim.world.traffic.state import Clients, Connections, Feed, Pods, Rows, State, Streams

FAILED = (RESET, REFUSED, BAD_GATEWAY, UNAVAILABLE)
"""Outcomes without an answer of a pod, which the client hears of after a while."""
_FLOAT = {"t_s", "start_s", "end_s", "due_s", "service_s", "error", "think_s", "normal", "uniform"}


class Ordered:
    """The coupled streams of a run; all advance together."""

    def __init__(self, sources: list[Source], pods: PodColumns, keepers: list[Keeper], key: tuple[int, int]) -> None:
        self.sources, self.keepers, self._columns, self._now_s = sources, keepers, pods, 0.0
        self._events: Events = []
        self._first, self._used, self._told = 0, 0, np.zeros(0, dtype=bool)
        self._rows = _rows(0, 0)
        self.tallies: list[tuple[Tally, ...]] = [() for _ in sources]
        self._serving = _serving(0)
        self._in_flight = np.zeros((len(sources), 0), dtype=np.int64)
        self._sent = np.zeros(len(sources), dtype=np.int64)
        self._clients, self._connections, self._kept = self._open(key)
        self._pools = [_pool(source, kept) for source, kept in zip(sources, self._kept, strict=True)]

    def _open(self, key: tuple[int, int]) -> tuple[Clients, Connections, list[int]]:
        """Clients and connections at t = 0; closed loops begin within a thinking time."""
        of, shared, kept, left, until_s = [], [], [], [], []
        slots = 0
        for s, source in enumerate(self.sources):
            given = source.stream.clients
            draws = generator(*key, "clients", source.stream.name)
            kept.append(slots if source.connections else NOBODY)
            if source.closed and given is not None:
                for client in range(given.connections * given.requests_at_once):
                    of.append(s)
                    shared.append(slots + client // given.requests_at_once if source.connections else NOBODY)
                begins_s = source.first_thoughts(len(of) - of.index(s), draws)
                self._events += [(t, KINDS * (of.index(s) + i) + SEND) for i, t in enumerate(begins_s)]
            if source.connections and given is not None:
                per = given.requests_per_connection or MANY
                left += (1 + draws.integers(0, per, source.connections)).tolist()
                until_s += source.first_lives(source.connections, draws)
                slots += source.connections
        self._events.sort()
        ints = [np.array(column, dtype=np.int64) for column in (of, shared, left)]
        fresh = np.full(slots, NOBODY, dtype=np.int64)
        zeros = np.zeros(slots, dtype=np.int64)
        return Clients(*ints[:2]), Connections(fresh, zeros, np.zeros(slots), fresh.copy(), ints[2], np.array(until_s)), kept

    # --- time passes -----------------------------------------------------------------------------------------------------------

    def advance(self, to_s: float) -> None:
        """Let everything before an instant happen; where it is cut changes nothing."""
        done = to_s <= self._now_s
        while not done:
            until_s = min(source.draw(to_s) for source in self.sources)
            done = self._run(until_s, [source.known(until_s) for source in self.sources]) and until_s >= to_s
        self._now_s = max(self._now_s, to_s)
        for source in self.sources:
            source.now_s = self._now_s

    def break_pod(self, now_s: float, ordinal: int) -> None:
        """A pod is gone at once: what is in it has no answer."""
        heappush(self._events, (now_s, KINDS * ordinal + BREAK))

    def finish(self) -> None:
        """Nobody sends any more; what is in hand is finished."""
        self._let_go()
        while self._events:
            self._run(math.inf, [0] * len(self.sources))
            self._let_go()
        self._record()

    def _let_go(self) -> None:
        """Clients send nothing any more, again or for the first time; a proxy goes on with its tries."""
        kept = []
        for at_s, code in self._events:
            number, kind = divmod(code, KINDS)
            row = number - self._first
            if kind == SEND:
                continue
            if kind == BREAK:
                kept.append((at_s, code))
                continue
            if kind == AGAIN and not self._goes_on(row):
                if self._rows.outcome[row] == UNDECIDED:
                    self._rows.outcome[row], self._rows.end_s[row] = self._rows.fails[row], self._now_s
                continue
            kept.append((at_s, code))
        self._events = sorted(kept)

    def _goes_on(self, row: int) -> bool:
        """Whether a request that is sent again is not its client's second thought: it waits for a connection, or a proxy tries again."""
        stream = int(self._rows.stream[row])
        proxy = self.sources[stream].proxy
        if self._pools[stream] is not None and self._rows.connection[row] == NOBODY:
            return True
        return proxy is not None and proxy.is_trying(self._first + row)

    def _run(self, to_s: float, counts: list[int]) -> bool:
        """One run of the loop over the next requests of each stream."""
        self._break_connections()
        feed, stop, decisions = self._feed(counts)
        self._make_room(sum(counts))
        begin, first_decision = np.concatenate([[0], stop[:-1]]), np.concatenate([[0], decisions[:-1]])
        streams = self._streams(begin, stop, first_decision, decisions)
        endpoints = np.concatenate([source.endpoints for source in self.sources]).astype(np.int64)
        state = State(
            self._rows,
            feed,
            streams,
            self._pods(),
            self._clients,
            self._connections,
            endpoints,
            self._in_flight,
            self._pools,
            [s.proxy for s in self.sources],
        )
        self._used, done = columns.run(to_s, self._first, self._used, self._events, state, self._choose)
        for s, source in enumerate(self.sources):
            source.sent(int(streams.cursor[s] - begin[s]))
            source.decided(int(streams.decision[s] - first_decision[s]))
        self._sent = streams.sent
        self._tell()
        return done

    def _break_connections(self) -> None:
        """Connections to pods that have ended are closed, and all of them after a reload; the next request opens another."""
        for source, begin in zip(self.sources, self._kept, strict=True):
            own = self._connections.pod[begin : begin + source.connections]
            own[np.isin(own, source.broken) | source.reopened] = NOBODY
            source.broken.clear()
            source.reopened = False

    def _choose(self, uniform: float, in_flight: list[int], stream: int) -> int:
        return self.sources[stream].choose(uniform, in_flight)

    def _feed(self, counts: list[int]) -> tuple[Feed, Ints, Ints]:
        """The next requests and decisions of all streams, and where each stream's part of either ends."""
        laws, parts, decided = self._columns.laws, [], []
        for source, n in zip(self.sources, counts, strict=True):
            parts.append(source.columns(n, laws))
            decisions = source.decisions(n, self._columns.ended)
            decided.append((*decisions, *source.lives(len(decisions[0]))))
        by_request = [np.concatenate(column, axis=-1) for column in zip(*parts, strict=True)]
        pick, pod, connection, refused, life_s, served = (np.concatenate(column) for column in zip(*decided, strict=True))
        t_s, error, think_s, normal, uniform, work = by_request
        pod, connection, refused = (column.astype(np.int64) for column in (pod, connection, refused))
        feed = Feed(t_s, error, think_s, normal, uniform, work, pick, pod, connection, refused, life_s, served)
        return feed, np.cumsum(counts), np.cumsum([len(d[0]) for d in decided])

    def _streams(self, begin: Ints, stop: Ints, first_decision: Ints, decisions: Ints) -> Streams:
        given = [source.stream for source in self.sources]
        ends = np.cumsum([len(source.endpoints) for source in self.sources])
        return Streams(
            cursor=begin.copy(),
            stop=stop,
            decision=first_decision.copy(),
            last_decision=decisions,
            closed=np.array([source.closed for source in self.sources], dtype=np.int64),
            timeout_s=np.array([math.inf if stream.timeout is None else stream.timeout for stream in given]),
            retries=np.array([stream.retries for stream in given], dtype=np.int64),
            retry_after_s=np.array([stream.retry_after for stream in given], dtype=np.float64),
            refused=np.array([source.software.refused for source in self.sources], dtype=np.int64),
            broken=np.array([source.software.broken for source in self.sources], dtype=np.int64),
            refused_after_s=np.array([source.failover.refused_after for source in self.sources]),
            aware=np.array([source.aware for source in self.sources], dtype=np.int64),
            kept=np.array(self._kept, dtype=np.int64),
            connections=np.array([source.connections for source in self.sources], dtype=np.int64),
            sent=self._sent.copy(),
            first_endpoint=np.concatenate([[0], ends[:-1]]).astype(np.int64),
            last_endpoint=ends,
        )

    def _pods(self) -> Pods:
        """The pods as they are now, with what is in them."""
        known, here = self._columns, self._serving
        n = len(known.error_rate)
        if n > len(here["busy"]):
            more = _serving(n)
            for name, column in here.items():
                more[name][: len(column)] = column
            self._serving = here = more
            grown = np.zeros((len(self.sources), n), dtype=np.int64)
            grown[:, : self._in_flight.shape[1]] = self._in_flight
            self._in_flight = grown
        return Pods(known.law, known.error_rate, known.concurrency, known.queue, known.ended.astype(np.int64), **here)

    # --- the rows --------------------------------------------------------------------------------------------------------------

    def _make_room(self, n: int) -> None:
        """Rows for so many more requests, and service times for each law; those at the front that are over are recorded."""
        self._record()
        rows = _rows(self._used + n, len(self._columns.laws))
        for old, new in zip(self._rows[:-1], rows[:-1], strict=True):
            new[: self._used] = old[: self._used]
        rows.work[:, : self._used] = service_times(self._columns.laws, rows.normal[: self._used], rows.uniform[: self._used])
        self._rows, self._told = rows, np.append(self._told[: self._used], np.zeros(n, dtype=bool))

    def _record(self) -> None:
        """Write down the requests before the first that has not ended, or is still in a pod."""
        open_ = np.flatnonzero((self._rows.outcome[: self._used] == UNDECIDED) | (self._rows.inside[: self._used] != 0))
        n = int(open_[0]) if len(open_) else self._used
        if n == 0:
            return
        for s, found in self._found(np.arange(n)):
            self.keepers[s].add(found)
        self._rows = Rows(*(column[..., n:] for column in self._rows))
        self._told, self._first, self._used = self._told[n:], self._first + n, self._used - n

    def _tell(self) -> None:
        """Let the tallies know what has ended."""
        if not any(self.tallies):
            return
        new = np.flatnonzero((self._rows.outcome[: self._used] != UNDECIDED) & ~self._told[: self._used])
        self._told[new] = True
        for s, ended in self._found(new):
            for tally in self.tallies[s]:
                tally.add(ended.t_s, ended.pod, ended.outcome, ended.latency_s)

    def _found(self, which: Ints) -> list[tuple[int, Ended]]:
        """Columns of a record's Requests for some rows that have ended, by stream."""
        rows = self._rows
        parts: list[tuple[int, Ended]] = []
        for s in range(len(self.sources)):
            i = which[rows.stream[which] == s]
            outcome, t_s = rows.outcome[i].astype(np.uint8), rows.t_s[i]
            answered = outcome <= 1
            wait_s = np.where(answered, rows.start_s[i] - t_s, np.nan)
            latency_s = np.where(answered, wait_s + rows.service_s[i], np.nan)
            failed = np.isin(outcome, FAILED)
            latency_s[failed] = (rows.end_s[i] - t_s)[failed]
            latency_s[outcome == TIMEOUT] = self.sources[s].stream.timeout or math.nan
            if len(i):
                ended = Ended(t_s, rows.pod[i].astype(np.int32), rows.connection[i].astype(np.int32), outcome, latency_s, wait_s)
                parts.append((s, ended))
        return parts


def _pool(source: Source, kept: int) -> ConnectionPool | None:
    clients = source.stream.clients
    if clients is None or clients.pool is None or not source.connections:
        return None
    return ConnectionPool(kept, source.connections, clients.requests_at_once, clients.pool.idle_timeout)


def _rows(n: int, laws: int) -> Rows:
    made = {name: np.zeros(n, dtype=np.float64 if name in _FLOAT else np.int64) for name in Rows._fields[:-1]}
    return Rows(**made, work=np.zeros((laws, n)))


def _serving(n: int) -> dict[str, Any]:
    nobody = np.full(n, NOBODY, dtype=np.int64)
    return {"busy": np.zeros(n, dtype=np.int64), "waiting": np.zeros(n, dtype=np.int64), "head": nobody, "tail": nobody.copy()}
