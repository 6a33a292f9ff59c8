"""Every World that a test builds is watched by the invariants; `--update-golden` rewrites the printed results."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from rolloutsim import invariants
from rolloutsim.world import world

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "scenarios"

settings.register_profile("fixed", deadline=None, derandomize=True)  # the same examples on every machine, however slow
settings.load_profile("fixed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the printed results anew instead of comparing")


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "always_observed_by", invariants.checkers)
