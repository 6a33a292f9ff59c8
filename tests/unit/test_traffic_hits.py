"""Hits: the same whatever was asked before, never fewer further on, and binomial."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rolloutsim.world.traffic.hits import RESOLUTION, Hits
from rolloutsim.world.traffic.marks import LEAF

BIG = 5 * RESOLUTION * LEAF


def test_the_order_of_questions_changes_nothing() -> None:
    places = [0, 1, 7, LEAF - 1, LEAF, LEAF + 1, 5 * LEAF + 17, 10**6 + 3, BIG + 1, BIG + 2, 3 * 10**12]
    fresh = [Hits(0.1, 1, "a").before(n) for n in places]
    asked = Hits(0.1, 1, "a")
    for n in np.random.default_rng(0).permutation(places * 2).tolist():
        assert asked.before(int(n)) == fresh[places.index(n)]
    assert fresh == sorted(fresh) and Hits(0.1, 1, "b").before(10**6) != fresh[-3]


@pytest.mark.parametrize(("probability", "hits"), [(0.0, 0), (1.0, 10**6 + 3)])
def test_never_and_always(probability: float, hits: int) -> None:
    assert Hits(probability, 1, "a").before(10**6 + 3) == hits


@pytest.mark.parametrize("around", [0, 40 * LEAF, BIG])
def test_one_more_trial_is_at_most_one_more_hit(around: int) -> None:
    hits = Hits(0.3, 2, "c")
    steps = np.diff([hits.before(n) for n in range(around, around + 3 * LEAF)])
    assert set(steps.tolist()) == {0, 1} and abs(steps.mean() - 0.3) < 4 * math.sqrt(0.21 / len(steps))


@pytest.mark.parametrize(("first", "n"), [(0, 300), (0, 3 * LEAF + 100), (777, 5 * 10**4), (10**9, 5 * 10**7 + 1), (0, 6 * 10**9), (BIG, 10**8)])
@pytest.mark.parametrize("probability", [0.001, 0.3])
def test_hits_of_a_stretch_are_binomial(first: int, n: int, probability: float) -> None:
    runs = 1200
    counts = np.array([Hits(probability, seed, "n").between(first, first + n) for seed in range(runs)], dtype=float)
    mean, variance = probability * n, probability * (1 - probability) * n
    fourth = 3 + (1 - 6 * probability * (1 - probability)) / variance
    assert abs(counts.mean() - mean) < 4 * math.sqrt(variance / runs)
    assert abs(counts.var(ddof=1) / variance - 1) < 4 * math.sqrt((fourth - 1) / runs)
