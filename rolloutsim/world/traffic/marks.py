"""Endless rows of independent marks, counted without drawing them one by one: the same counts wherever a row is cut."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import Nodes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Each = list[int]
"""A number for each kind of mark: they are few, so that a list is quicker than an array."""

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
        self._nodes = Nodes(seed, *keys)
        self._blocks: list[Each] = []
        self._before_block: list[Each] = [[0] * len(weights)]
        self._path: dict[tuple[int, int], Each] = {}
        self._last: tuple[int, Ints] = (0, np.zeros(len(weights), dtype=np.int64))
        self._leaf: tuple[tuple[int, int], Ints] | None = None

    def before(self, n: int) -> Ints:
        """How many of the first `n` marks are 0, 1, ...; shape (marks,)."""
        if n != self._last[0]:
            found, _, leaf, within = self._descend(n)
            self._last = (n, np.bincount(leaf[:within], minlength=len(found)) + found)
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

    def _descend(self, n: int) -> tuple[Each, int, Ints, int]:
        """The leaf of a place: counts before the leaf, the leaf's first place, its marks, and the place within it."""
        number = (n // LEAF).bit_length()
        begin, size = block_at(number)
        found, here = self._up_to(number)
        path: dict[tuple[int, int], Each] = {}
        node = 1
        while size > LEAF:
            left = self._path.get((number, node))
            if left is None:
                left = _halved(self._nodes.at(number, node), here, size)
            path[number, node] = left
            size //= 2
            if n - begin >= size:
                found = [a + b for a, b in zip(found, left, strict=True)]
                here = [a - b for a, b in zip(here, left, strict=True)]
                begin, node = begin + size, 2 * node + 1
            else:
                here, node = left, 2 * node
        self._path = path  # the next place is often near
        return found, begin, self._marks(number, node, here), n - begin

    def _up_to(self, number: int) -> tuple[Each, Each]:
        """Counts before a block, and in it."""
        while number >= len(self._blocks):
            block = len(self._blocks)
            self._blocks.append(self._nodes.at(block, 0).multinomial(block_at(block)[1], self._weights).tolist())
            self._before_block.append([a + b for a, b in zip(self._before_block[-1], self._blocks[-1], strict=True)])
        return self._before_block[number], self._blocks[number]

    def _marks(self, number: int, node: int, counts: Each) -> Ints:
        if self._leaf is None or self._leaf[0] != (number, node):
            row = np.repeat(np.arange(len(counts)), counts)
            self._leaf = ((number, node), self._nodes.at(number, node).permutation(row))
        return self._leaf[1]


def block_at(number: int) -> tuple[int, int]:
    """Where a block begins, and its length: LEAF, LEAF, 2 LEAF, 4 LEAF, ..."""
    begin = LEAF << number >> 1 if number else 0
    return begin, begin or LEAF


def _halved(draws: np.random.Generator, counts: Each, size: int) -> Each:
    """How many of each mark of a block fall on its left half."""
    rest, sample, left = size, size // 2, []
    for count in counts[:-1]:
        found = hypergeometric(draws, count, rest, sample)
        left.append(found)
        rest -= count
        sample -= found
    return [*left, sample]


def hypergeometric(draws: np.random.Generator, good: int, size: int, sample: int) -> int:
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
