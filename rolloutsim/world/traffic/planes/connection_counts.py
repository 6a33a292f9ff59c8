"""Kept connections, counted: which pod carries how many requests, at a cost that does not depend on the number of requests.

The same law as the pick request by request in `connection_random`: request i goes to slot i mod C, a life of a slot carries so many requests, a
connection that is refused (its pod has ended, but is still routed to) is tried again by the slot's next request.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from rolloutsim.randomness import generator
from rolloutsim.world.traffic.marks import Marks
from rolloutsim.world.traffic.planes.plane import NOBODY, Counts, Floats, Ints, Ordinals

FOREVER = 2**62
RARE = 1e-12
"""Runs of refusals less likely than this are cut short."""


class Row(Protocol):
    """An endless row of marks: what becomes of one life after the other."""

    def between(self, first: int, last: int) -> Ints:
        """How many of the marks `first` to `last` (not included) are 0, 1, ..."""

    def of(self, first: int, last: int) -> Ints:
        """The marks `first` to `last` (not included) themselves."""


class InTurn(Protocol):
    """Whose turn it is when connections are opened one after the other."""

    def row(self, first: int) -> Row:
        """The endpoints of the openings from the `first` one on, as marks."""


class ConnectionCounts:
    """State by slot as of the last request counted: which of its lives, on which pod, how many refusals are still to come, and if it is open."""

    def __init__(self, age: Ints, served: int | None, key: tuple[int, int, str], in_turn: InTurn | None = None) -> None:
        """Connections are opened `in_turn`, or at random; while a pod that has ended is still routed to, always at random."""
        n = len(age)
        self._slots, self._age, self._served, self._key = np.arange(n), age, served, key
        self._rank = np.empty(n, dtype=np.int64)
        self._rank[np.lexsort((self._slots, -age))] = self._slots  # the order in which slots begin another life
        self._life = np.zeros(n, dtype=np.int64)
        self._breaks = np.zeros(n, dtype=np.int64)
        self._pod = np.full(n, NOBODY, dtype=np.int64)
        self._refusals = np.full(n, FOREVER, dtype=np.int64)
        self._open = np.zeros(n, dtype=bool)
        self._endpoints: Ordinals = np.zeros(0, dtype=np.int32)
        self._ended: set[int] = set()
        self._dead = NOBODY
        self._events = 0
        self._shares: Floats = np.zeros(0)
        self._in_turn, self._upto, self._turns, self._since, self._fresh = in_turn, 0, 0, 0, np.zeros(0, dtype=np.int64)
        self._learn()

    def reroute(self, endpoints: Ordinals, shares: Floats, *, sticky: bool = False) -> None:
        """New lives go to these pods by their probabilities from now on, and so do connections that are not open.

        `sticky`: what is open to a pod that is not among them is open no more.
        """
        if sticky:
            left = self._open & ~np.isin(self._pod, endpoints)
            self._breaks[left] += 1
            self._open[left] = False
        if not np.array_equal(endpoints, self._endpoints) or not np.array_equal(shares, self._shares):
            self._endpoints, self._shares = endpoints, shares
            self._learn()

    def end_pod(self, ordinal: int) -> None:
        """Its connections break; while it is still routed to, it refuses."""
        broken = self._open & (self._pod == ordinal)
        self._breaks[broken] += 1
        self._open[broken] = False
        self._ended.add(ordinal)
        if broken.any() or ordinal in self._endpoints:
            self._learn()

    def reopen(self) -> None:
        """All connections break, while their pods live on."""
        self._breaks[self._open] += 1
        self._open[:] = False
        self._learn()

    def begin_pod(self, ordinal: int) -> None:
        """It refuses no more."""
        self._ended.discard(ordinal)
        if ordinal in self._endpoints:
            self._learn()

    def _learn(self) -> None:
        """What may become of a life that opens from now on: (refusals, pod) by probability; connections that are not open draw anew."""
        dead = np.isin(self._endpoints, list(self._ended))
        alive, shares = self._endpoints[~dead].astype(np.int64), self._shares[~dead]
        self._dead = int(self._endpoints[dead][0]) if dead.any() else NOBODY
        refuse = float(self._shares[dead].sum()) if len(dead) else 1.0
        if len(alive) == 0:
            tries, weights = np.array([FOREVER]), np.ones(1)
        else:
            most = 0 if refuse == 0 else math.ceil(math.log(RARE) / math.log(refuse))
            tries = np.arange(1 + most if self._served is None else 1 + min(most, self._served))
            weights = refuse ** tries.astype(float)
            weights[:-1] *= 1 - refuse
        pods = alive if len(alive) else np.array([NOBODY])
        self._mark_tries, self._mark_pods = np.repeat(tries, len(pods)), np.tile(pods, len(tries))
        self._weights: Floats = np.repeat(weights, len(pods)) * np.tile(shares / shares.sum() if len(alive) else np.ones(1), len(tries))
        self._marks: Row | None = None
        self._start = 0
        self._events += 1
        if self._in_turn is not None:
            self._turns += int((self._fresh < self._upto).sum()) + self._opened_before(self._upto) - self._since
            self._since, c = self._opened_before(self._upto), len(self._slots)
            self._fresh = np.sort((self._upto + (self._slots - self._upto) % c)[~self._open])
            if len(alive) and not dead.any():
                self._pod[self._fresh % c] = self._mark_pods[self._in_turn.row(self._turns).of(0, len(self._fresh))]
                self._refusals[:] = 0
                self._marks, self._start = self._in_turn.row(self._turns + len(self._fresh)), self._since
                return
        seed, replication, stream = self._key
        uniform = generator(seed, replication, "reopened", stream, self._events).random(len(self._slots))
        drawn = np.minimum(np.searchsorted(np.cumsum(self._weights), uniform, side="right"), len(self._weights) - 1)
        self._refusals = np.where(self._open, 0, self._mark_tries[drawn])
        self._pod = np.where(self._open, self._pod, self._mark_pods[drawn])

    def count(self, first: int, last: int) -> Counts:
        """Requests `first` to `last` (not included), by connection; whole lives in between are counted together."""
        c = len(self._slots)
        begin, end = -((self._slots - first) // c), -((self._slots - last) // c)
        asked = end > begin
        tail = self._life_of(np.maximum(end, 1) - 1)
        opened = np.where(asked, tail - self._life, 0)
        own = np.where(opened > 0, np.minimum(end - begin, self._life_end(begin)), end - begin)
        parts = self._single(asked & (own > 0), own)
        if opened.any():
            lives = self._opened_before(first), self._opened_before(last)
            parts += self._renewed(opened, tail, end, lives)
        self._upto = last
        return Counts(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _life_of(self, turn: Ints) -> Ints:
        """Which life of its slot carries a slot's so-manieth request."""
        return (turn + self._age) // self._served if self._served is not None else np.zeros_like(turn)

    def _life_end(self, begin: Ints) -> Ints:
        """How many requests are left, from a turn on, to the life that the slot was in before; 0 if the turn begins another."""
        if self._served is None:
            return np.full_like(begin, FOREVER)
        left: Ints = np.maximum(0, (self._life + 1) * self._served - self._age - begin)
        return left

    def _opened_before(self, index: int) -> int:
        """How many lives, each slot's first one left out, begin before a request: they begin one after the other in the slots' order."""
        c = len(self._slots)
        turns = -((self._slots - index) // c)
        return int(np.maximum(0, self._life_of(turns - 1)).sum())

    def _single(self, which: np.ndarray, requests: Ints) -> list[Counts]:
        """Requests of the present life of some slots: refusals first, then its pod's."""
        refused = np.minimum(self._refusals, requests) * which
        served = requests * which - refused
        self._refusals -= refused
        self._open |= served > 0
        if self._dead == NOBODY:  # nobody to refuse: they found no endpoint
            refused_by = np.full(len(self._slots), NOBODY)
        else:
            refused_by = np.full(len(self._slots), self._dead)
        names = self._slots + len(self._slots) * (self._life + self._breaks)
        ones = np.ones(len(self._slots), dtype=np.int64)
        parts = [Counts(self._pod, names, ones, served), Counts(refused_by, names, ones, refused)]
        return [Counts(*(column[part.requests > 0].copy() for column in part)) for part in parts]

    def _renewed(self, opened: Ints, tail: Ints, end: Ints, lives: tuple[int, int]) -> list[Counts]:
        """Lives that begin in the stretch: those that also end in it together, the last one of each slot by itself."""
        assert self._served is not None
        if self._marks is None:
            seed, replication, stream = self._key
            self._marks, self._start = Marks(self._weights, seed, replication, "lives", stream, self._events), lives[0]
        c, renewed = len(self._slots), opened > 0
        low = max(lives[0], lives[1] - c)
        recent = self._marks.of(low - self._start, lives[1] - self._start)
        mark = recent[((tail - 1) * c + self._rank - low)[renewed]]
        whole = self._marks.between(lives[0] - self._start, lives[1] - self._start) - np.bincount(mark, minlength=len(self._weights))
        self._life[renewed], self._pod[renewed], self._refusals[renewed] = tail[renewed], self._mark_pods[mark], self._mark_tries[mark]
        self._open[renewed] = False
        parts = self._single(renewed, (end - 1 + self._age) % self._served + 1)
        none = np.full(len(whole), NOBODY)
        refused = np.minimum(self._mark_tries, self._served)
        for pods, each in ((self._mark_pods, self._served - refused), (np.full(len(whole), self._dead), refused)):
            some = (whole > 0) & (each > 0)
            parts.append(Counts(pods[some], none[some], whole[some], (whole * each)[some]))
        return parts
