"""Memory of whole processes that play requests in full detail and keep tallies: `python -m pytest -m slow tests/speed/test_memory.py -s`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow
MOST_MIB = 300
PEAK = "\nimport resource; print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
COMMAND = "import sys; from rolloutsim.cli import main; sys.argv = ['rolloutsim', *sys.argv[1:]]\ntry: main()\nexcept SystemExit: pass"
QUEUES = "from tests.speed.ours import played; print('lost: of', played('queues', 2e7, keep_each=False).requests.sum())"
STORIES = {
    "notifications-canary": ("Scenario:spec.traffic[0].rate=600000/s", "Scenario:spec.traffic[1].rate=300000/s"),
    "stopped-by-analysis": ("Scenario:spec.traffic[0].rate=900000/s",),  # its analysis measures what pods have counted
}


def peak_mib(program: str, *arguments: str) -> int:
    ended = subprocess.run([sys.executable, "-c", program + PEAK, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    print(f"\n{' '.join(arguments)}: {lines[-1]} MiB; {next(line for line in lines if line.startswith('lost:'))}")
    return int(lines[-1].split()[1])


@pytest.mark.parametrize("story", STORIES)
def test_10_to_the_8_requests_fit_in_300_mib(story: str) -> None:
    overrides = ["Scenario:spec.keep=tallies", *STORIES[story]]
    assert peak_mib(COMMAND, "run", f"scenarios/{story}", *(word for override in overrides for word in ("--set", override))) <= MOST_MIB


def test_pods_that_serve_hold_what_is_in_flight_and_no_more() -> None:
    assert peak_mib(QUEUES) <= MOST_MIB
