"""PromQL arithmetic by worked numbers, and the store of time series that scrapes fill."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rolloutsim.world.series import promql
from rolloutsim.world.series import tally as tally_module
from rolloutsim.world.series.store import Labels, TimeSeries
from rolloutsim.world.series.tally import Tally

# Each number is derived by hand from extrapolatedRate (prometheus promql/functions.go): growth with resets added back, times
# (sampled + to the start + to the end) / sampled. `a` is the average distance of the samples; an edge is near below 1.1 a.
INCREASES = [
    # 10 .. 40 by 10 each 15 s in (0, 60]: start 10 s and end 5 s are near: 30 * (45 + 10 + 5) / 45 = 40
    pytest.param([10, 25, 40, 55], [110, 120, 130, 140], 60, 60, 40.0, id="to both edges"),
    # the same, but it began at 0: no extrapolation below zero: start 0 s: 30 * (45 + 0 + 5) / 45
    pytest.param([10, 25, 40, 55], [0, 10, 20, 30], 60, 60, 30 * 50 / 45, id="a counter is never below zero"),
    # zero point 45 * 5 / 30 = 7.5 s before the first sample is nearer than the edge (10 s): 30 * (45 + 7.5 + 5) / 45
    pytest.param([10, 25, 40, 55], [5, 15, 25, 35], 60, 60, 30 * 57.5 / 45, id="to the zero point"),
    # starts 25 s inside (>= 1.1 * 15 = 16.5): half of 15 instead: 20 * (30 + 7.5 + 5) / 30
    pytest.param([25, 40, 55], [100, 110, 120], 60, 60, 20 * 42.5 / 30, id="begins inside the window"),
    # ends 30 s before the window does: half of 15: 20 * (30 + 0 + 7.5) / 30, its start lies on the edge
    pytest.param([1, 16, 31], [100, 110, 120], 61, 60, 20 * 37.5 / 30, id="ends inside the window"),
    # 120 -> 5 is a reset: 15 - 100 + 120 = 35; zero is 45 * 100 / 35 s away: 35 * (45 + 10 + 5) / 45
    pytest.param([10, 25, 40, 55], [100, 120, 5, 15], 60, 60, 35 * 60 / 45, id="reset"),
    # exactly 16.5 s = 1.1 a is not near any more: 10 * (15 + 7.5 + 0) / 15
    pytest.param([16.5, 31.5], [100, 110], 31.5, 31.5, 10 * 22.5 / 15, id="the threshold itself is far"),
    pytest.param([10, 25], [7, 7], 30, 30, 0.0, id="no growth"),
    pytest.param([10], [7], 30, 30, None, id="one sample"),
    pytest.param([], [], 30, 30, None, id="no sample"),
]


@pytest.mark.parametrize(("times_s", "values", "end_s", "window_s", "wanted"), INCREASES)
def test_increase_and_rate(times_s: list[float], values: list[float], end_s: float, window_s: float, wanted: float | None) -> None:
    found = promql.increase(times_s, values, end_s, window_s)
    assert found == (None if wanted is None else pytest.approx(wanted, rel=1e-12))
    assert promql.rate(times_s, values, end_s, window_s) == (None if wanted is None else pytest.approx(wanted / window_s, rel=1e-12))


def test_irate_takes_the_last_two_samples() -> None:
    assert promql.irate([0, 15, 30], [0, 900, 930], 31, 60) == 2.0
    assert promql.irate([0, 15, 30], [0, 900, 45], 31, 60) == 3.0  # reset: it grew from 0
    assert promql.irate([30], [45], 31, 60) is None


def test_a_window_is_open_at_its_begin() -> None:
    assert promql.within([0.0, 15.0, 30.0, 45.0, 60.0], 60.0, 60.0) == slice(1, 5)
    assert promql.within([0.0, 15.0, 30.0], 29.9995, 15.0) == slice(2, 3)  # stamps are whole milliseconds


INF = math.inf


@pytest.mark.parametrize(
    ("q", "bounds", "cumulative", "wanted"),
    [
        (0.5, (0.1, 0.5, INF), (10, 20, 20), 0.1),  # rank 10 is the end of the first bucket
        (0.95, (0.1, 0.5, INF), (10, 20, 20), 0.1 + 0.4 * 9 / 10),  # rank 19: 9 of 10 into (0.1, 0.5]
        (0.25, (0.1, 0.5, INF), (10, 20, 20), 0.05),  # from 0 in the first bucket
        (0.99, (0.1, 0.5, INF), (10, 20, 40), 0.5),  # in the last bucket: its lower bound
        (0.5, (0.1, 0.5, INF), (0, 0, 0), math.nan),
        (0.5, (INF,), (3,), math.nan),
        (0.5, (0.1, 0.5), (3, 4), math.nan),  # no infinite bucket
        (1.1, (0.1, INF), (3, 4), INF),
        (-0.1, (0.1, INF), (3, 4), -INF),
        (0.5, (0.1, 0.5, INF), (10, 9, 20), 0.1),  # made monotonic: 10, 10, 20
        (1.1, (0.1, 0.5), (3, 4), INF),  # q is looked at before the buckets are
        (math.nan, (0.1, INF), (3, 4), math.nan),
        (0.0, (0.1, 0.5, INF), (0, 4, 4), math.nan),  # rank 0 is in the empty first bucket: 0 / 0
        (0.0, (0.1, 0.5, INF), (2, 4, 4), 0.0),
        (1.0, (0.1, 0.5, INF), (2, 4, 4), 0.5),
        (1.0, (0.1, 0.5, INF), (0.1, 0.3, 0.1 + 0.2), 0.5),  # 0.30000000000000004 is a rounding: no observation beyond 0.5
        (1.0, (0.1, 0.5, INF), (0.1, 0.3, 0.3 + 1e-9), 0.5),  # one that is: the lower bound of the last bucket
        (0.5, (-1.0, 0.5, INF), (3, 4, 4), -1.0),  # a first bucket that ends below zero
    ],
)
def test_quantile(q: float, bounds: tuple[float, ...], cumulative: tuple[float, ...], wanted: float) -> None:
    assert promql.quantile(q, bounds, cumulative) == pytest.approx(wanted, nan_ok=True)


def test_a_status_that_never_occurred_has_no_series() -> None:
    series = TimeSeries((0.1,))
    good, bad = (Labels("pods", 0, "h", "s", "x", status) for status in ("2xx", "5xx"))
    for t_s, ok in ((0, 10), (15, 25), (30, 40)):
        series.append(t_s, good, ok, np.array([ok, 0]))
        series.append(t_s, bad, 0, np.array([0, 0]))
    assert series.summed(promql.rate, lambda labels: labels.status == "5xx", 30, 60) is None
    assert series.summed(promql.rate, lambda labels: labels.status == "2xx", 29, 60) == pytest.approx(15 * (15 + 7.5 + 14) / 15 / 60)
    assert series.quantile(0.5, promql.rate, lambda labels: labels.status == "2xx", 30, 60) == pytest.approx(0.05)
    assert series.quantile(0.5, promql.rate, lambda labels: labels.status == "5xx", 30, 60) is None


def test_requests_count_when_they_are_answered_and_a_restart_begins_at_zero() -> None:
    tally = Tally((0.1, INF))
    pods, outcome = np.array([0, 0, 70, -1], dtype=np.int32), np.array([0, 1, 0, 2], dtype=np.uint8)
    tally.add(np.array([1.0, 1.1, 1.2, 1.3]), pods, outcome, np.array([0.05, 2.0, np.nan, np.nan]))
    assert tally.of(0, 1.06).tolist() == [[1, 1, 0], [0, 0, 0]]
    assert tally.of(70, 1.2).tolist() == [[1, 0, 0], [0, 0, 0]]  # no latency: no observation
    tally.restart(0, 2.0)
    assert tally.of(0, 9.0).tolist() == [[0, 0, 0], [0, 0, 0]]  # what it had not answered is lost


@pytest.mark.parametrize("router", [False, True])
def test_what_is_over_may_be_counted_before_anybody_asks(router: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(most_pending: int) -> list[list[int]]:
        monkeypatch.setattr(tally_module, "MOST_PENDING", most_pending)
        tally, draws, found = Tally((0.1, 0.5, INF), router=router), np.random.default_rng(1), []
        for second in range(20):
            t_s, pods = second + np.sort(draws.random(300)), draws.integers(-1, 90, 300).astype(np.int32)
            tally.add(t_s, pods, draws.integers(0, 4, 300).astype(np.uint8), np.where(draws.random(300) < 0.1, np.nan, 3 * draws.random(300)))
            if second % 3 == 2:
                found += [tally.of(pod, second + 1.0).tolist() for pod in (-1, 0, 7, 89)]
                tally.restart(7, second + 1.0)
        return found

    assert counted(10**6) == counted(0) == counted(700)
