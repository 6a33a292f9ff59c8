"""Every branch of the controller is reached by the tests of its rules in this room: `python -m pytest -m slow tests/unit/control`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_every_branch_of_the_controller_is_reached(tmp_path: Path) -> None:
    """By hand: `coverage run -m pytest tests/unit/control && coverage report` (what is measured stands in pyproject.toml)."""
    pytest.importorskip("coverage")
    environment = {**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage")}

    def coverage(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "coverage", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    tests = coverage("run", "-m", "pytest", "-q", "tests/unit/control")
    assert tests.returncode == 0, tests.stdout
    report = coverage("report")
    assert report.returncode == 0, report.stdout
