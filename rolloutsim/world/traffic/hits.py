"""Endless rows of independent trials of which a few are hits: how many so far, without drawing them one by one, wherever the row is cut."""

from __future__ import annotations

from rolloutsim.randomness import Nodes
from rolloutsim.world.traffic.marks import LEAF, block_at, hypergeometric

RESOLUTION = 1 << 14
"""A block is halved into so many parts at most; within one, hits lie evenly. That takes less than 10^-4 from the variance of a count."""


class Hits:
    """Trials that are hits with one probability, keyed by (seed, *keys): what `Marks` of two kinds are, counted several times as fast."""

    def __init__(self, probability: float, seed: int, *keys: int | str) -> None:
        self._probability, self._nodes = probability, Nodes(seed, *keys)
        self._blocks: list[int] = []
        self._before_block = [0]
        self._last = (0, 0)

    def between(self, first: int, last: int) -> int:
        """How many of the trials `first` to `last` (not included) are hits."""
        begin = self.before(first)
        return self.before(last) - begin

    def before(self, n: int) -> int:
        """How many of the first `n` trials are hits; the same whatever was asked before."""
        if n != self._last[0]:
            self._last = (n, self._found(n))
        return self._last[1]

    def _found(self, n: int) -> int:
        number = (n // LEAF).bit_length()
        while number >= len(self._blocks):
            block = len(self._blocks)
            self._blocks.append(int(self._nodes.at(block, 0).binomial(block_at(block)[1], self._probability)))
            self._before_block.append(self._before_block[-1] + self._blocks[-1])
        found, here = self._before_block[number], self._blocks[number]
        begin, size = block_at(number)
        within, node, least = n - begin, 1, size // RESOLUTION
        while size > 1 and size > least and 0 < here < size:
            left = hypergeometric(self._nodes.at(number, node), here, size, size // 2)
            size //= 2
            if within >= size:
                found, here, within, node = found + left, here - left, within - size, 2 * node + 1
            else:
                here, node = left, 2 * node
        return found + here * within // size
