"""Random generators keyed by what they are for, never by the order in which they are asked.

A generator is a function of (seed, replication, stream, entity): the same request, pod or grid cell gets the same draws whatever else is
measured, wherever a block is cut, and however many workers share the runs.
"""

from __future__ import annotations

import zlib

import numpy as np


def _word(key: int | str) -> int:
    return key & 0xFFFFFFFF if isinstance(key, int) else zlib.crc32(key.encode())


def generator(seed: int, *keys: int | str) -> np.random.Generator:
    """The generator of one purpose: `generator(seed, replication, "arrivals", "users", chunk)`; texts are keyed by their CRC-32."""
    words = [seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF, *(_word(key) for key in keys)]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(np.array(words, dtype=np.uint32))))


class Nodes:
    """The generators of the nodes of a tree, keyed by (seed, *keys) and the node's place; one at a time, as the next is the same object.

    It is Philox with the place as its counter, which costs a tenth of seeding another generator.
    """

    def __init__(self, seed: int, *keys: int | str) -> None:
        self._bits = np.random.Philox(key=generator(seed, *keys).integers(0, 2**64, 2, dtype=np.uint64))
        self._draws = np.random.Generator(self._bits)
        self._state = self._bits.state
        self._counter = self._state["state"]["counter"]

    def at(self, tree: int, node: int) -> np.random.Generator:
        """The generator of a node."""
        self._counter[1], self._counter[2] = node, tree
        self._bits.state = self._state  # with an empty buffer, as at the start
        return self._draws
