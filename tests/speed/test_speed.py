"""Benchmarks, on demand: `python -m pytest -m slow tests/speed -s`; figures are printed, ratios are what is held."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest

from rolloutsim.control.rollout import reconcile
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.simulation import setup_of, simulate
from rolloutsim.world import rollout_controller
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


def test_a_thousand_replicas_cost_the_controller_at_most_20_times_what_10_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = [0.0]

    def timed(*arguments: object) -> object:
        begin = time.perf_counter()
        decided = reconcile(*arguments)  # type: ignore[arg-type]
        spent[0] += time.perf_counter() - begin
        return decided

    monkeypatch.setattr(rollout_controller, "reconcile", timed)
    cost: dict[int, float] = {}
    for replicas in (10, 1000):
        overrides = [f"Rollout:spec.replicas={replicas}", "Scenario:spec.traffic=[]", "Scenario:spec.expect=[]"]
        scenario = load_scenario([SCENARIOS / "notifications-canary"], overrides)
        costs, wholes = [], []
        for _ in range(5):
            spent[0], begin = 0.0, time.perf_counter()
            world = World(setup_of(scenario))
            world.advance(120.0)
            costs.append(spent[0])
            wholes.append(time.perf_counter() - begin)
        cost[replicas] = statistics.median(costs)
        whole_ms = 1e3 * statistics.median(wholes)
        print(f"\n{replicas} replicas: controller {1e3 * cost[replicas]:.1f} ms in {world.controller.passes} passes, whole run {whole_ms:.0f} ms")
    print(f"ratio of the controller's cost {cost[1000] / cost[10]:.1f}")
    assert cost[1000] / cost[10] <= 20
