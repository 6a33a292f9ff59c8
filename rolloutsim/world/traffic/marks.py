"""Endless rows of independent marks, counted without drawing them one by one: the same counts wherever a row is cut."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAF = 1024
"""So many marks are drawn one by one, in an order of their own."""
EXACT = 10**9
"""NumPy's hypergeometric draws end here; beyond, the normal law stands in (its error is below 1e-4 of a standard deviation)."""
FEW = 10**5
"""Marks so rare in a large block fall on its halves as in a binomial."""


class Marks:
    """Independent marks 0, 1, ... with the probabilities `weights`, keyed by (seed, *keys).

    The row is cut into blocks that double in length; a block is halved again and again (how many of each mark fall on the left half is
    hypergeometric) until the place asked for is found. So `before(n)` costs O(log n), and is the same whatever was asked before.
    """

    def __init__(self, weights: Floats, seed: int, *keys: int | str) -> None:
        self._weights = weights / weights.sum()
        self._bits = np.random.Philox(key=generator(seed, *keys).integers(0, 2**64, 2, dtype=np.uint64))
        self._draws = np.random.Generator(self._bits)
        self._state = self._bits.state
        self._totals: list[Ints] = []
        self._last: tuple[int, Ints] = (0, np.zeros(len(weights), dtype=np.int64))
        self._leaf: tuple[tuple[int, int], Ints] | None = None

    def before(self, n: int) -> Ints:
        """How many of the first `n` marks are 0, 1, ...; shape (marks,)."""
        if n != self._last[0]:
            found, _, leaf, within = self._descend(n)
            self._last = (n, found + np.bincount(leaf[:within], minlength=len(found)))
        return self._last[1]

    def between(self, first: int, last: int) -> Ints:
        """How many of the marks `first` to `last` (not included) are 0, 1, ...; shape (marks,)."""
        begin = self.before(first)
        return self.before(last) - begin

    def of(self, first: int, last: int) -> Ints:
        """The marks `first` to `last` (not included) themselves; shape (last - first,)."""
        parts = [np.zeros(0, dtype=np.int64)]
        while first < last:
            _, begin, leaf, within = self._descend(first)
            parts.append(leaf[within : last - begin])
            first = begin + LEAF
        return np.concatenate(parts)

    def _descend(self, n: int) -> tuple[Ints, int, Ints, int]:
        """The leaf of a place: counts before the leaf, the leaf's first place, its marks, and the place within it."""
        found, octave, size, begin = np.zeros(len(self._weights), dtype=np.int64), 0, LEAF, 0
        while n - begin >= size:
            found = found + self._total(octave, size)
            begin += size
            octave += 1
            size = LEAF << (octave - 1)
        here, node = self._total(octave, size), 1
        while size > LEAF:
            left = _halved(self._at(octave, node), here, size)
            size //= 2
            if n - begin >= size:
                found, here, begin, node = found + left, here - left, begin + size, 2 * node + 1
            else:
                here, node = left, 2 * node
        return found, begin, self._marks(octave, node, here), n - begin

    def _total(self, octave: int, size: int) -> Ints:
        if octave == len(self._totals):
            self._totals.append(self._at(octave, 0).multinomial(size, self._weights))
        return self._totals[octave]

    def _marks(self, octave: int, node: int, counts: Ints) -> Ints:
        if self._leaf is None or self._leaf[0] != (octave, node):
            row = np.repeat(np.arange(len(counts)), counts)
            self._leaf = ((octave, node), self._at(octave, node).permutation(row))
        return self._leaf[1]

    def _at(self, octave: int, node: int) -> np.random.Generator:
        """The generator of one node: Philox with the node as its counter, which is much cheaper than seeding another one."""
        self._state["state"]["counter"][:] = (0, node, octave, 0)
        self._state["buffer_pos"], self._state["has_uint32"] = 4, 0
        self._bits.state = self._state
        return self._draws


def _halved(draws: np.random.Generator, counts: Ints, size: int) -> Ints:
    """How many of each mark of a block fall on its left half."""
    if size < EXACT:
        return draws.multivariate_hypergeometric(counts, size // 2, method="marginals")
    left, rest, sample = np.zeros_like(counts), size, size // 2
    for i, count in enumerate(counts[:-1].tolist()):
        left[i] = _hypergeometric(draws, count, rest, sample)
        rest -= count
        sample -= int(left[i])
    left[-1] = sample
    return left


def _hypergeometric(draws: np.random.Generator, good: int, size: int, sample: int) -> int:
    """How many of `good` among `size` are in a sample."""
    if size < EXACT:
        return int(draws.hypergeometric(good, size - good, sample))
    if good < FEW:
        found = int(draws.binomial(good, sample / size))
    elif size - good < FEW:
        found = sample - int(draws.binomial(size - good, sample / size))
    else:
        share = good / size
        found = round(sample * share + math.sqrt(sample * share * (1 - share) * (1 - sample / size)) * draws.standard_normal())
    return min(max(found, sample - (size - good), 0), good, sample)
