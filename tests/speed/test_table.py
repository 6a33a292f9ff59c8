"""What the table of speeds has to show: `python -m pytest -m slow tests/speed/test_table.py -s`."""

from __future__ import annotations

import pytest

from rolloutsim.world.traffic import kernel
from tests.speed import ours
from tests.speed.table import FAST, NUMPY, PLAIN, SIMPY, Speed, measured, median_ms

pytestmark = pytest.mark.slow


def shown(speeds: dict[str, Speed]) -> dict[str, Speed]:
    for name, speed in speeds.items():
        print(f"\n{name}: {speed.median_rps:,.0f} requests/s", end="")
    return speeds


@pytest.mark.parametrize("keep_each", [True, False], ids=["kept", "tallied"])
def test_full_detail_is_20_million_a_second_or_150_times_simpy_and_a_third_of_what_the_draws_cost(keep_each: bool) -> None:
    speeds = shown(measured("detail", keep_each))
    assert speeds[PLAIN].times(speeds[NUMPY])[0] >= 1 / 3
    assert speeds[PLAIN].median_rps >= 20e6 or speeds[PLAIN].times(speeds[SIMPY])[0] >= 150


def test_queues_are_20_times_simpy() -> None:
    speeds = shown(measured("queues"))
    assert speeds[PLAIN].times(speeds[SIMPY])[0] >= 20


def test_least_connections_are_20_times_simpy_with_numba() -> None:
    if not kernel.has_numba():
        pytest.skip("numba is not installed")
    speeds = shown(measured("least connections"))
    assert speeds[FAST].times(speeds[SIMPY])[0] >= 20
    assert speeds[PLAIN].times(speeds[SIMPY])[0] >= 3


def test_counts_of_10_to_the_12_requests_take_50_ms() -> None:
    found = ours.the_tutorial(requests=1e12)
    assert sum(int(tallies.requests.sum()) for tallies in found.traffic.values()) >= 1e12  # type: ignore[union-attr]
    took_ms = median_ms(lambda: ours.the_tutorial(requests=1e12))
    print(f"\n10^12 requests: {took_ms:.1f} ms")
    assert took_ms <= 50
