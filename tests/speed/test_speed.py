"""Benchmarks, on demand: `python -m pytest -m slow tests/speed -s`; figures are printed, ratios are what is held."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest

from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.simulate import setup_of, simulate
from rolloutsim.world.world import World
from tests.conftest import SCENARIOS

pytestmark = pytest.mark.slow


def median_s(call: Callable[[], object], runs: int = 15) -> float:
    call()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


@pytest.fixture(autouse=True)
def _watched() -> None:
    """Benchmarks run without the invariants."""


def test_the_tutorial_is_2000_times_faster_than_the_clock() -> None:
    scenario = load_scenario([SCENARIOS / "notifications-canary"], ["Scenario:spec.timeline[1].after=8s", "Scenario:spec.timeline[0].at=1s"])
    record = simulate(scenario)
    rollout_s = record.end_s
    took_s = median_s(lambda: simulate(scenario))
    print(f"\ntutorial canary: {rollout_s:.1f} s of rollout in {1e3 * took_s:.1f} ms of simulation, {rollout_s / took_s:,.0f} times the clock")
    assert rollout_s / took_s >= 2000


def test_a_thousand_replicas_cost_the_controller_little_more_than_ten() -> None:
    times = {}
    for replicas in (10, 1000):
        scenario = load_scenario(
            [SCENARIOS / "notifications-canary"], [f"Rollout:spec.replicas={replicas}", "Scenario:spec.traffic=[]", "Scenario:spec.expect=[]"]
        )
        passes = []

        def play(scenario=scenario, passes=passes) -> None:
            world = World(setup_of(scenario))
            world.advance(120.0)
            passes.append(world.controller.passes)

        times[replicas] = median_s(play, runs=3)
        print(f"\n{replicas} replicas: {1e3 * times[replicas]:.0f} ms, {passes[-1]} passes of the controller")
    print(f"ratio {times[1000] / times[10]:.1f}")
    assert times[1000] / times[10] <= 100
