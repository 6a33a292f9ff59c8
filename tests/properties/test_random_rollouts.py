"""2,000 random rollouts under random operators, delays and failing pods: no impossible state, no unknown loop, and each comes to rest.

A failure prints the command that repeats it. More seeds: ROLLOUTSIM_SEEDS=20000 python -m pytest tests/properties/test_random_rollouts.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import pytest

from rolloutsim.control import canary, canary_sizes, replicas
from rolloutsim.control.context import Context
from rolloutsim.control.operations import PatchReplicaSet
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import RolloutStatus, TrafficWeights
from tests.properties.random_rollouts import verdict

SEEDS = int(os.environ.get("ROLLOUTSIM_SEEDS", "2000"))
FIRST = int(os.environ.get("ROLLOUTSIM_FIRST_SEED", "0"))


def test_random_rollouts() -> None:
    seeds = range(FIRST, FIRST + SEEDS)
    with ProcessPoolExecutor(2) as pool:
        found = [(seed, words) for seed, words in zip(seeds, pool.map(verdict, seeds, chunksize=25), strict=True) if words]
    assert not found, "\n".join(f"python -m tests.properties.random_rollouts {seed}   # {words}" for seed, words in found[:20])


def mutated_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary surges one pod more than it may."""

    def sizes(ctx: Context, weights: TrafficWeights | None) -> tuple[int, int]:
        new, stable = real(ctx, weights)
        return (new + 1 if new else new), stable

    real = canary_sizes.sizes
    monkeypatch.setattr(canary_sizes, "sizes", sizes)


def mutated_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods count as available though they are not."""
    monkeypatch.setattr(replicas, "_counted", lambda rs, *, ignore_availability: 0 if rs is None else rs.replicas)


def mutated_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that is done goes back to the one before."""
    real = canary._decided

    def decided(ctx: Context, draft: RolloutStatus) -> RolloutStatus:
        found = real(ctx, draft)
        done = found.current_step_index is not None and found.current_step_index == (ctx.status.current_step_index or 0) + 1
        return replace(found, current_step_index=max(0, found.current_step_index - 2)) if done and found.current_step_index else found

    monkeypatch.setattr(canary, "_decided", decided)


def mutated_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline is written anew in every pass."""

    def remove(ctx: Context) -> None:
        for rs in ctx.others:
            if rs.scale_down_deadline_s is not None:
                ctx.do(PatchReplicaSet(rs.meta.name, {"scale_down_deadline_s": ctx.now.s + 30.0}))

    monkeypatch.setattr(canary_sizes, "remove_deadlines", remove)


@pytest.mark.parametrize(
    ("mutate", "words"),
    [
        (mutated_sizes, "replicas, at most"),
        (mutated_budget, "ready pods, N - U"),
        (mutated_steps, "went back"),
        (mutated_deadline, "livelock"),
    ],
)
def test_a_broken_rule_is_found(mutate: Callable[[pytest.MonkeyPatch], None], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rules of control/ broken one at a time: the first hundred seeds find each."""
    mutate(monkeypatch)
    assert any(words in verdict(seed) for seed in range(100))
