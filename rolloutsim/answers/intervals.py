"""Intervals of a share: what they cover decides what is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

Covers = Literal["requests", "connections", "bound"]
Z95 = 1.959963984540054
TOLERANCE = 0.02
"""How far from setWeight a share may lie and still agree: 2 percentage points."""
WORKERS = 2
"""Cycles of a deterministic data plane, each with a place of its own."""


class Interval(NamedTuple):
    """A fraction with its 95 % interval (or bound), and the number of independent draws behind it."""

    share: float
    low: float
    high: float
    draws: float
    covers: Covers


def wilson(share: float, draws: float) -> tuple[float, float]:
    """95 % score interval of a binomial fraction (Wilson 1927); `draws` may be an effective number."""
    if draws <= 0:
        return 0.0, 1.0
    z2 = Z95 * Z95
    centre = (share + z2 / (2 * draws)) / (1 + z2 / draws)
    half = Z95 / (1 + z2 / draws) * math.sqrt(share * (1 - share) / draws + z2 / (4 * draws * draws))
    return max(0.0, centre - half), min(1.0, centre + half)


def cycle_strays(cycle: Sequence[bool]) -> float:
    """By how many requests a stretch of a fixed cycle may be off its share, wherever it begins and ends.

    Pods of one version that stand together are asked one after the other: 10 of 20 in a row may be off by 5, 1 of 4 by 0.75.
    """
    share, at, low, high = sum(cycle) / max(1, len(cycle)), 0.0, 0.0, 0.0
    for hit in cycle:
        at += hit - share
        low, high = min(low, at), max(high, at)
    return high - low


def interval(hits: int, requests: int, covers: Covers, squares: float = 0.0, *, off: float = WORKERS) -> Interval:
    """The share `hits / requests` with its interval.

    requests: each is an independent draw. connections: each connection is one; `squares` is the sum over connections of (its requests)^2, and
    the effective number of draws requests^2 / squares (Kish). bound: a deterministic split is off by at most `off` requests (WORKERS times
    `cycle_strays` for each cycle that ran).
    """
    if requests == 0:
        return Interval(math.nan, 0.0, 1.0, 0.0, covers)
    share = hits / requests
    if covers == "bound":
        return Interval(share, max(0.0, share - off / requests), min(1.0, share + off / requests), requests, covers)
    draws = float(requests) if covers == "requests" or squares <= 0 else requests * requests / squares
    return Interval(share, *wilson(share, draws), draws, covers)


def verdict(found: Interval, wanted: float, tolerance: float = TOLERANCE) -> Literal["agrees", "off", "undecided"]:
    """agrees: the whole interval lies within the tolerance of what is wanted; off: none of it does; undecided: the data cannot tell."""
    if found.low >= wanted - tolerance - 1e-12 and found.high <= wanted + tolerance + 1e-12:
        return "agrees"
    if found.high < wanted - tolerance or found.low > wanted + tolerance:
        return "off"
    return "undecided"


def draws_needed(share: float, wanted: float, tolerance: float = TOLERANCE) -> int:
    """Independent draws after which a share like this one would be known to lie within the tolerance, or outside (normal approximation)."""
    p = min(max(share, 0.01), 0.99)
    room = max(abs(tolerance - abs(share - wanted)), 0.1 * tolerance)
    return math.ceil(Z95 * Z95 * p * (1 - p) / (room * room))
