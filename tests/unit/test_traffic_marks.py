"""Marks: the same whatever was asked before, and independent with their probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rolloutsim.world.traffic.marks import EXACT, LEAF, Marks, hypergeometric

WEIGHTS = np.array([0.5, 0.3, 0.2])


def test_the_order_of_questions_changes_nothing() -> None:
    places = [0, 1, LEAF - 1, LEAF, LEAF + 1, 5 * LEAF + 17, 10**6 + 3, 3 * 10**12]
    fresh = [Marks(WEIGHTS, 1, "a").before(n).tolist() for n in places]
    asked = Marks(WEIGHTS, 1, "a")
    for n in np.random.default_rng(0).permutation(places * 2).tolist():
        assert asked.before(int(n)).tolist() == fresh[places.index(n)]
    assert [sum(counts) for counts in fresh] == places
    assert Marks(WEIGHTS, 1, "b").before(10**6).tolist() != Marks(WEIGHTS, 1, "a").before(10**6).tolist()


def test_counts_are_those_of_the_marks_themselves() -> None:
    marks = Marks(WEIGHTS, 4, "x")
    row = marks.of(0, 9 * LEAF)
    for first, last in ((0, 0), (0, 10), (1000, 1030), (LEAF, 3 * LEAF + 5), (17, 9 * LEAF)):
        assert marks.of(first, last).tolist() == row[first:last].tolist()
        assert marks.between(first, last).tolist() == np.bincount(row[first:last], minlength=3).tolist()


@pytest.mark.parametrize("n", [300, 3 * LEAF + 100, 5 * 10**7 + 1, 6 * 10**9])
def test_counts_are_binomial(n: int) -> None:
    runs = 1500
    counts = np.array([Marks(WEIGHTS, seed, "n").before(n)[1] for seed in range(runs)], dtype=float)
    mean, variance = 0.3 * n, 0.21 * n
    assert abs(counts.mean() - mean) < 4 * math.sqrt(variance / runs)
    assert abs(counts.var(ddof=1) / variance - 1) < 4 * math.sqrt(2 / (runs - 1))


def test_stretches_that_do_not_overlap_are_independent() -> None:
    runs = 1500
    rows = np.array([[Marks(WEIGHTS, seed, "i").between(a, a + 1500)[0] for a in (200, 1700, 3200)] for seed in range(runs)])
    off = np.corrcoef(rows.T)[np.triu_indices(3, 1)]
    assert (np.abs(off) < 4 / math.sqrt(runs)).all()


@pytest.mark.parametrize("good", [50, 10**9])
def test_beyond_numpys_range_mean_and_variance_are_those_of_the_hypergeometric_law(good: int) -> None:
    size, sample, runs = 8 * EXACT, 4 * EXACT, 4000
    draws = np.random.default_rng(3)
    found = np.array([hypergeometric(draws, good, size, sample) for _ in range(runs)], dtype=float)
    variance = sample * (good / size) * (1 - good / size) * (size - sample) / (size - 1)
    assert abs(found.mean() - good / 2) < 4 * math.sqrt(variance / runs)
    assert abs(found.var(ddof=1) / variance - 1) < 4 * math.sqrt(2 / (runs - 1))
