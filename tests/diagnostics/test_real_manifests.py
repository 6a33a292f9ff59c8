"""Manifests as people write them get what an expert would say, and well-made ones get nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutsim.planning import plan
from tests.diagnostics.changes import HERE

REAL, WELL_MADE = (sorted((HERE / folder).glob("*.yaml")) for folder in ("real", "well_made"))


def expected(file: Path) -> set[str]:
    line = next(text for text in file.read_text(encoding="utf-8").splitlines() if text.startswith("# expect:"))
    return set(line.removeprefix("# expect:").split())


@pytest.mark.parametrize("file", REAL, ids=lambda file: file.stem)
def test_real_manifests_get_what_an_expert_would_say(file: Path) -> None:
    found = plan(file)
    assert {f.code for f in found.findings} == expected(file), "\n".join(f"{f.code} {f.place}: {f.message}" for f in found.findings)
    assert found.word == "accepted"


@pytest.mark.parametrize("file", WELL_MADE, ids=lambda file: file.stem)
def test_well_made_manifests_get_nothing(file: Path) -> None:
    found = plan(file)
    assert [f"{f.code} {f.place}: {f.message}" for f in found.findings] == []
    assert found.word == "accepted"
    assert all(not (rollout.weights and rollout.weights.missed) for rollout in found.rollouts)


def test_there_are_enough_of_both() -> None:
    assert len(REAL) >= 20 and len(WELL_MADE) >= 10
