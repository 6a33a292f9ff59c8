"""Weights of pods as whole numbers, which is what proxies are given."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from rolloutsim.world.traffic.planes.plane import Floats, Ints

LONGEST_CYCLE = 20_000
"""Weights whose sum would be larger are rounded to 1/LONGEST_CYCLE of the whole."""


def whole_weights(weights: Floats, n: int) -> Ints:
    """The least whole numbers in the ratio of `n` probabilities (none: all alike); what they lack to 1 is one more at the end, if anything."""
    if len(weights) == 0:
        return np.ones(n, dtype=np.int64)
    rest = 1.0 - float(weights.sum())
    shares = [Fraction(w).limit_denominator(LONGEST_CYCLE) for w in (*weights.tolist(), *([rest] if rest > 1e-9 else []))]
    scale = math.lcm(*(share.denominator for share in shares))
    whole = [int(share * scale) for share in shares]
    divisor = math.gcd(*whole)
    if sum(whole) > LONGEST_CYCLE * divisor:
        whole = [max(1, round(share * LONGEST_CYCLE)) if share else 0 for share in shares]
        divisor = math.gcd(*whole)
    return np.array(whole, dtype=np.int64) // divisor


def percent_weights(weights: Floats, n: int, most: int) -> Ints:
    """Weights as somebody writes them into a proxy's configuration: percent where those are whole numbers, else up to `most`; alike: 1."""
    if len(weights) == 0:
        return np.ones(n, dtype=np.int64)
    percent = 100 * weights
    if (np.abs(percent - np.round(percent)) < 1e-6).all() and percent.max() <= most:
        return np.round(percent).astype(np.int64)
    scaled: Ints = np.maximum(weights > 0, np.round(weights / weights.max() * most)).astype(np.int64)
    return scaled
