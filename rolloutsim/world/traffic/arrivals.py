"""When requests arrive: chunks of single requests, and counts over time with the same law."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator

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
    """The arrivals of one stream, keyed by (seed, replication, stream)."""

    def __init__(self, rate_rps: float, kind: str, key: tuple[int, int, str]) -> None:
        self.rate_rps, self._kind, self._key = rate_rps, kind, key
        self._cell_s = max(1.0, 1000.0 / rate_rps) if rate_rps > 0 else math.inf
        self._cells: list[npt.NDArray[np.int64]] = []
        self._before: list[int] = [0]

    def chunk(self, number: int, after_s: float) -> Chunk:
        """The chunk of a number; `after_s` is the last arrival of the chunk before it."""
        seed, replication, stream = self._key
        draws = generator(seed, replication, "requests", stream, number)
        if self._kind == "constant":
            t_s = np.asarray((np.arange(number * CHUNK, (number + 1) * CHUNK) + 0.5) / self.rate_rps, dtype=np.float64)
        else:
            t_s = after_s + np.cumsum(draws.standard_exponential(CHUNK)) / self.rate_rps
        return Chunk(number * CHUNK, t_s, draws.random(CHUNK), draws.random(CHUNK), draws.standard_normal(CHUNK))

    def count_before(self, t_s: float) -> int:
        """How many requests came before an instant; the same for the same instant whatever was asked before."""
        if self.rate_rps == 0 or t_s <= 0:
            return 0
        if self._kind == "constant":
            return max(0, math.ceil(t_s * self.rate_rps - 0.5))
        cell = int(t_s // self._cell_s)
        total = self._count_of_cells(cell)
        return total + self._count_within(cell, t_s / self._cell_s - cell)

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
        seed, replication, stream = self._key
        for _ in range(HALVINGS):
            if n == 0:
                break
            left = int(generator(seed, replication, "halves", stream, cell, node).binomial(n, 0.5))
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
