"""When requests arrive: chunks of single requests, and counts over time with the same law."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import Nodes, generator
from rolloutsim.scenario import arrivals as scenario
from rolloutsim.scenario.arrivals import ArrivalShape
from rolloutsim.world.traffic.tempo import tempo_of
from rolloutsim.world.traffic.traces import Times, traced_rate

Floats = npt.NDArray[np.float64]

CHUNK = 8192
"""Requests whose draws share a generator; a block may be cut anywhere in it."""
HALVINGS = 24
"""A cell of counts is halved so often to find how many requests came before an instant: a resolution of cell / 2^24."""
CELLS = 4096
"""Cells of counts whose draws share a generator."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Requests `first` to `first + CHUNK` with all their draws: arrival, pick of a pod (uniform), error (uniform), latency (normal)."""

    first: int
    t_s: Floats
    pick: Floats
    error: Floats
    latency: Floats


class Arrivals:
    """The arrivals of one stream, keyed by (seed, replication, stream); a Poisson process and its counts follow the same law.

    `rate_rps` is the rate on the stream's own clock: the mean, or the highest one of a trace of rates.
    """

    def __init__(self, rate_rps: float | None, arrivals: scenario.Arrivals, key: tuple[int, int, str]) -> None:
        shape = arrivals if isinstance(arrivals, ArrivalShape) else ArrivalShape(process=arrivals)
        trace = shape.trace
        self._process, self._key = shape.process, key
        self.rate_rps = traced_rate(trace) if trace is not None else rate_rps or 0.0
        self._times = Times(trace) if trace is not None and trace.times else None
        self._tempo = tempo_of(shape, self.rate_rps, key)
        self._cell_s = max(1.0, 1000.0 / self.rate_rps) if self.rate_rps > 0 else math.inf
        self._halves = Nodes(key[0], key[1], "halves", key[2])
        self._cells: list[npt.NDArray[np.int64]] = []
        self._before: list[int] = [0]

    def chunk(self, number: int, after_s: float) -> Chunk:
        """The chunk of a number; `after_s` is the last arrival of the chunk before it. What never arrives does so at infinity."""
        seed, replication, stream = self._key
        draws = generator(seed, replication, "requests", stream, number)
        first = number * CHUNK
        if self._times is not None:
            t_s = self._times.between(first, first + CHUNK)
        elif self._process == "constant":
            t_s = self._instants(np.asarray((np.arange(first, first + CHUNK) + 0.5) / self.rate_rps, dtype=np.float64))
        else:
            own_s = np.cumsum(draws.standard_exponential(CHUNK))
            own_s /= self.rate_rps
            own_s += self._own(after_s)
            t_s = self._instants(own_s)
        return Chunk(first, t_s, draws.random(CHUNK), draws.random(CHUNK), draws.standard_normal(CHUNK))

    def count_before(self, t_s: float) -> int:
        """How many requests came before an instant; the same for the same instant whatever was asked before."""
        if self.rate_rps == 0 or t_s <= 0:
            return 0
        if self._times is not None:
            return self._times.before(t_s)
        own_s = self._own(t_s)
        if self._process == "constant":
            return max(0, math.ceil(own_s * self.rate_rps - 0.5))
        cell = int(own_s // self._cell_s)
        total = self._count_of_cells(cell)
        return total + self._count_within(cell, own_s / self._cell_s - cell)

    def _own(self, t_s: float) -> float:
        return t_s if self._tempo is None else self._tempo.own(t_s)

    def _instants(self, own_s: Floats) -> Floats:
        return own_s if self._tempo is None else self._tempo.instants(own_s)

    def _block(self, number: int) -> npt.NDArray[np.int64]:
        while len(self._cells) <= number:
            seed, replication, stream = self._key
            draws = generator(seed, replication, "cells", stream, len(self._cells))
            self._cells.append(draws.poisson(self.rate_rps * self._cell_s, CELLS).astype(np.int64))
            self._before.append(self._before[-1] + int(self._cells[-1].sum()))
        return self._cells[number]

    def _count_of_cells(self, cell: int) -> int:
        number, rest = divmod(cell, CELLS)
        within = int(self._block(number)[:rest].sum())
        return self._before[number] + within

    def _count_within(self, cell: int, fraction: float) -> int:
        """Requests of a cell before a fraction of it: the cell is halved again and again, each half binomial and keyed by its place."""
        number, rest = divmod(cell, CELLS)
        n, found, low, width, node = int(self._block(number)[rest]), 0, 0.0, 1.0, 1
        for _ in range(HALVINGS):
            if n == 0:
                break
            left = int(self._halves.at(cell, node).binomial(n, 0.5))
            width /= 2
            if fraction >= low + width:
                found, n, low, node = found + left, n - left, low + width, 2 * node + 1
            else:
                n, node = left, 2 * node
        return found


@lru_cache(maxsize=4096)
def lognormal(p50_s: float, p99_s: float | None) -> tuple[float, float]:
    """(mu, sigma) of a lognormal with that median and 99th percentile; sigma 0 without one."""
    return math.log(p50_s), math.log(p99_s / p50_s) / 2.3263478740408408 if p99_s is not None else 0.0
