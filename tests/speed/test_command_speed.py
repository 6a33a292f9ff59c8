"""Whole processes, on demand: `python -m pytest -m slow tests/speed/test_command_speed.py -s`; medians of 10 from start to exit."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.diagnostics.changes import BASES, changed

pytestmark = pytest.mark.slow
RUNS = 10


def median_s(*arguments: str) -> float:
    command = [sys.executable, "-m", "rolloutsim", *arguments]

    def took_s() -> float:
        begin = time.perf_counter()
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        assert ended.returncode in (0, 1), ended.stderr
        return time.perf_counter() - begin

    took_s()
    found = statistics.median(took_s() for _ in range(RUNS))
    print(f"{' '.join(arguments)}: {found:.2f} s")
    return found


def test_help_comes_at_once() -> None:
    assert median_s("--help") <= 0.4


def test_the_tutorial_is_planned_in_a_blink() -> None:
    assert median_s("plan", "scenarios/notifications-canary") <= 0.6


def test_the_tutorial_is_played_within_a_second() -> None:
    assert median_s("run", "scenarios/notifications-canary") <= 1.0


def test_a_folder_of_200_manifests(tmp_path: Path) -> None:
    for i in range(200):
        name = list(BASES)[i % len(BASES)]
        things = [{**t, "metadata": {**t["metadata"], "namespace": f"team-{i}"}} for t in yaml.safe_load_all(changed(name, {}))]
        file = tmp_path / f"team-{i % 20}" / f"app-{i}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump_all(things), encoding="utf-8")
    assert median_s("plan", str(tmp_path)) <= 3.0
