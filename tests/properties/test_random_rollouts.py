"""2,000 random rollouts under random operators, delays and failing pods: no impossible state, and each ends at a fixed point.

A failure prints the command that repeats it. More seeds: ROLLOUTSIM_SEEDS=20000 python -m pytest tests/properties.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor

from rolloutsim.errors import ImpossibleState
from tests.properties.random_rollouts import is_fixed_point, is_known_loop, plan, play

SEEDS = int(os.environ.get("ROLLOUTSIM_SEEDS", "2000"))
FIRST = int(os.environ.get("ROLLOUTSIM_FIRST_SEED", "0"))


def verdict(seed: int) -> str:
    try:
        world = play(plan(seed))
        return "" if is_fixed_point(world) or is_known_loop(world) else f"does not come to rest ({world.rollout.status.phase})"
    except ImpossibleState as impossible:
        return str(impossible)


def test_random_rollouts() -> None:
    seeds = range(FIRST, FIRST + SEEDS)
    with ProcessPoolExecutor(2) as pool:
        found = [(seed, words) for seed, words in zip(seeds, pool.map(verdict, seeds, chunksize=50), strict=True) if words]
    assert not found, "\n".join(f"python -m tests.properties.random_rollouts {seed}   # {words}" for seed, words in found[:20])
