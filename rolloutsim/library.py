"""What a notebook starts with: `load` a scenario, `replicate` it over seeds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.record import Record
from rolloutsim.scenario import Scenario
from rolloutsim.simulation import simulate


def load(*paths: str, set: tuple[str, ...] = (), seed: int | None = None) -> Scenario:
    """A scenario from a folder, a file, or several files; `set` are overrides PATH=VALUE. Raises InputError with every problem."""
    return load_scenario(paths, set, seed)


def replicate(scenario: Scenario, *, runs: int, workers: int = 1, reduce: Callable[[Record], Any] | None = None) -> list[Any]:
    """Records of `runs` replications, or what `reduce` makes of each; the order and the bytes do not depend on the number of workers."""
    one = partial(_one, scenario, reduce)
    if workers <= 1:
        return [one(replication) for replication in range(runs)]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(one, range(runs), chunksize=max(1, runs // (4 * workers))))


def _one(scenario: Scenario, reduce: Callable[[Record], Any] | None, replication: int) -> Any:
    record = simulate(scenario, replication=replication)
    return record if reduce is None else reduce(record)
