"""PromQL arithmetic over the samples of one series: `increase`, `rate`, `irate`, and `quantile` over buckets.

Source: prometheus promql/functions.go (extrapolatedRate, instantValue) and promql/quantile.go (BucketQuantile), release 3.x: a range
selector takes the samples of (end - window, end], and the zero point of a counter is looked at after the threshold.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

SMALL_DELTA = 1e-12
"""Counts of neighbouring buckets that differ by less, relative to their sum, are the same (smallDeltaTolerance)."""
NEAR = 1.1
"""A series reaches the window's edge if the gap is below so many average distances of its samples."""


def within(times_s: Sequence[float], end_s: float, window_s: float) -> slice:
    """Which samples a range selector takes; samples have millisecond stamps."""
    return slice(bisect_right(times_s, round(end_s - window_s, 3)), bisect_right(times_s, round(end_s, 3)))


def increase(times_s: Sequence[float], values: Sequence[float], end_s: float, window_s: float) -> float | None:
    """How much a counter grew over the window that ends at `end_s`, extrapolated to its edges; None for fewer than two samples in it.

    A value below the one before it is a reset: the counter began again from 0.
    """
    n = len(times_s) - 1
    if n < 1:
        return None
    resets = sum(before for before, value in pairwise(values) if value < before)
    grown = values[-1] - values[0] + resets
    sampled_s = times_s[-1] - times_s[0]
    average_s = sampled_s / n
    before_s, after_s = times_s[0] - (end_s - window_s), end_s - times_s[-1]
    if before_s >= average_s * NEAR:
        before_s = average_s / 2
    if grown > 0 and values[0] >= 0:  # a counter is not extrapolated below zero
        before_s = min(before_s, sampled_s * values[0] / grown)
    if after_s >= average_s * NEAR:
        after_s = average_s / 2
    return grown * ((sampled_s + before_s + after_s) / sampled_s)


def rate(times_s: Sequence[float], values: Sequence[float], end_s: float, window_s: float) -> float | None:
    """`increase` per second of the window; None for fewer than two samples."""
    found = increase(times_s, values, end_s, window_s)
    return None if found is None else found / window_s


def irate(times_s: Sequence[float], values: Sequence[float], end_s: float, window_s: float) -> float | None:
    """The growth between the last two samples, per second; None for fewer than two."""
    if len(times_s) < 2:
        return None
    grown = values[-1] - values[-2] if values[-1] >= values[-2] else values[-1]
    return grown / (times_s[-1] - times_s[-2])


def quantile(q: float, bounds: Sequence[float], cumulative: Sequence[float]) -> float:
    """`histogram_quantile`: `cumulative` counts up to each of the ascending `bounds`, the last of which is infinite.

    NaN without observations; even inside a bucket; in the last bucket its lower bound.
    """
    if math.isnan(q):
        return math.nan
    if q < 0 or q > 1:
        return math.copysign(math.inf, q - 0.5)
    if len(bounds) < 2 or not math.isinf(bounds[-1]):
        return math.nan
    counts = _monotonic(cumulative)
    if counts[-1] == 0:
        return math.nan
    rank = q * counts[-1]
    b = bisect_left(counts, rank, 0, len(counts) - 1)
    if b == len(counts) - 1:
        return bounds[-2]
    if b == 0 and bounds[0] <= 0:
        return bounds[0]
    low, below = (bounds[b - 1], counts[b - 1]) if b else (0.0, 0.0)
    inside = counts[b] - below
    return low + (bounds[b] - low) * ((rank - below) / inside) if inside else math.nan  # q = 0 over an empty first bucket


def _monotonic(counts: Sequence[float]) -> list[float]:
    """Counts that never fall; a difference that only rounding makes is none (ensureMonotonicAndIgnoreSmallDeltas)."""
    found = [counts[0]]
    for count in counts[1:]:
        before = found[-1]
        found.append(before if count < before or abs(count - before) < SMALL_DELTA * (count + before) else count)
    return found
