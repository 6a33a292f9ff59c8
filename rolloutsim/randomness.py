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
