"""The tutorial and the controller, on demand: `python -m pytest -m slow tests/speed/test_speed.py -s`; processor time, and ratios where possible."""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

import pytest

from rolloutsim.control.rollout import reconcile
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.simulation import setup_of, simulate
from rolloutsim.world import rollout_controller
from rolloutsim.world.world import World
from tests.conftest import SCENARIOS
from tests.speed.table import median_ms

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _watched() -> None:
    """Benchmarks run without the invariants."""


def test_the_tutorial_is_2000_times_faster_than_the_clock() -> None:
    """Where its operator does not wait for a minute."""
    scenario = load_scenario([SCENARIOS / "notifications-canary"], ["Scenario:spec.timeline[1].after=8s", "Scenario:spec.timeline[0].at=1s"])
    rollout_s, took_ms = simulate(scenario).end_s, median_ms(lambda: simulate(scenario))
    print(f"\ntutorial canary: {rollout_s:.1f} s of rollout in {took_ms:.1f} ms of simulation, {1e3 * rollout_s / took_ms:,.0f} times the clock")
    assert 1e3 * rollout_s / took_ms >= 2000


class Cost(NamedTuple):
    passes: int
    controller_ms: float
    whole_ms: float


@pytest.fixture
def cost_of(monkeypatch: pytest.MonkeyPatch) -> dict[int, Cost]:
    """The tutorial by replicas, without traffic."""
    spent = [0.0]

    def timed(*arguments: object) -> object:
        begin = time.process_time()
        decided = reconcile(*arguments)  # type: ignore[arg-type]
        spent[0] += time.process_time() - begin
        return decided

    monkeypatch.setattr(rollout_controller, "reconcile", timed)
    costs: dict[int, Cost] = {}
    for replicas in (10, 100, 1000):
        overrides = [f"Rollout:spec.replicas={replicas}", "Scenario:spec.traffic=[]", "Scenario:spec.expect=[]"]
        scenario = load_scenario([SCENARIOS / "notifications-canary"], overrides)
        runs = []
        for _ in range(5):
            spent[0], begin = 0.0, time.process_time()
            world = World(setup_of(scenario))
            world.advance(120.0)
            runs.append((1e3 * spent[0], 1e3 * (time.process_time() - begin)))
        controller_ms, whole_ms = (statistics.median(column) for column in zip(*runs, strict=True))
        costs[replicas] = Cost(world.controller.passes, controller_ms, whole_ms)
        print(f"\n{replicas} replicas: controller {controller_ms:.1f} ms in {world.controller.passes} passes, whole run {whole_ms:.0f} ms", end="")
    return costs


def test_cost_of_the_controller_by_replicas(cost_of: dict[int, Cost]) -> None:
    """1,000 replicas cost at most 20 times what 10 cost; passes grow at most as what changes does, and none costs more as there are more pods."""
    ten, hundred, thousand = (cost_of[replicas] for replicas in (10, 100, 1000))
    print(f"\nratio of the controller's cost {thousand.controller_ms / ten.controller_ms:.1f}, of passes {thousand.passes / ten.passes:.1f}")
    assert thousand.controller_ms / ten.controller_ms <= 20
    assert hundred.passes <= 10 * ten.passes and thousand.passes <= 10 * hundred.passes
    assert thousand.controller_ms / thousand.passes <= 1.5 * ten.controller_ms / ten.passes
    assert thousand.whole_ms <= 20 * hundred.whole_ms
