"""The table of speeds: `python -m tests.speed.table` measures and prints it, `--write` puts it into README.md.

All columns are measured in one run, in turn, `RUNS` times; figures are medians of requests by second of processor time on one core, ratios
are taken within a turn. Ciw, salabim and numba are left out where they are not installed.
"""

from __future__ import annotations

import importlib.util
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rolloutsim.world.traffic import kernel
from tests.conftest import ROOT
from tests.speed import ours, rivals
from tests.speed.rivals import Model

RUNS = 9
BEGIN, END = "<!-- speed -->", "<!-- /speed -->"
ROWS: dict[str, tuple[Model, bool]] = {
    "each with a random pod of four, a latency, an error or not; all are kept": ("detail", True),
    "the same; tallies of them are kept": ("detail", False),
    "four pods serve 16 at once, others wait; a random pod": ("queues", True),
    "the same; the pod with the fewest in flight": ("least connections", True),
}
"""What is played, and whether each request is kept."""
PLAIN, FAST, SIMPY, NUMPY = "rolloutsim", "with `[fast]`", "SimPy", "NumPy alone"


class Speed(NamedTuple):
    """Requests a second in each turn."""

    rps: list[float]

    @property
    def median_rps(self) -> float:
        return statistics.median(self.rps)

    def times(self, other: Speed) -> tuple[float, float]:
        """How many times as fast as another: median and least over the turns."""
        ratios = [a / b for a, b in zip(self.rps, other.rps, strict=True)]
        return statistics.median(ratios), min(ratios)


def measured(model: Model, keep_each: bool = True, runs: int = RUNS) -> dict[str, Speed]:
    """A model in every column that can play it; Ciw and salabim once, however much is kept."""
    plain = {"detail": 1_000_000, "queues": 500_000, "least connections": 200_000}[model]
    plays: dict[str, Callable[[], int]] = {PLAIN: lambda: _plainly(model, plain, keep_each)}
    if kernel.has_numba() and model == "least connections":
        plays[FAST] = lambda: _compiled(model, 1_000_000)
    plays[SIMPY] = lambda: rivals.with_simpy(model, 10_000)
    if keep_each and importlib.util.find_spec("ciw"):
        plays["Ciw"] = lambda: rivals.with_ciw(model, 4_000)
    if keep_each and importlib.util.find_spec("salabim"):
        plays["salabim"] = lambda: rivals.with_salabim(model, 1_000)
    if model == "detail":
        plays[NUMPY] = lambda: rivals.with_numpy(plain)
    for play in plays.values():
        play()
    rps: dict[str, list[float]] = {name: [] for name in plays}
    for _ in range(runs):
        for name, play in plays.items():
            begin = time.process_time()
            requests = play()
            rps[name].append(requests / (time.process_time() - begin))
    return {name: Speed(found) for name, found in rps.items()}


def _plainly(model: Model, n: int, keep_each: bool) -> int:
    with_numba, kernel.has_numba = kernel.has_numba, lambda: False  # type: ignore[assignment]
    try:
        return ours.with_rolloutsim(model, n, keep_each=keep_each)
    finally:
        kernel.has_numba = with_numba


def _compiled(model: Model, n: int) -> int:
    pays_after, kernel.PAYS_AFTER = kernel.PAYS_AFTER, 0
    try:
        return ours.with_rolloutsim(model, n)
    finally:
        kernel.PAYS_AFTER = pays_after


def median_ms(call: Callable[[], object], runs: int = 15) -> float:
    """Milliseconds of processor time."""
    call()
    times = []
    for _ in range(runs):
        begin = time.process_time()
        call()
        times.append(time.process_time() - begin)
    return 1e3 * statistics.median(times)


def table() -> str:
    """Markdown, with what it was measured on."""
    found = {title: measured(model, keep_each) for title, (model, keep_each) in ROWS.items()}
    columns = [name for name in (PLAIN, FAST, SIMPY, "Ciw", "salabim", NUMPY) if any(name in speeds for speeds in found.values())]
    lines = [
        f"| requests a second on one core | {' | '.join(columns)} |",
        f"|---|{'---|' * len(columns)}",
    ]
    for title, speeds in found.items():
        cells = [_cell(name, speeds) if name in speeds else "" for name in columns]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    tutorial, end_s = median_ms(ours.the_tutorial), ours.the_tutorial().end_s
    lines += [
        "",
        f"In brackets: times SimPy's speed, median of {RUNS} runs in turn (and the least). SimPy, Ciw and salabim as one writes these models by their "
        "manuals; NumPy alone draws the same numbers and counts them, nothing else.",
        f"The tutorial above, {end_s:.0f} s with two streams, takes {tutorial:.0f} ms request by request; with 10^12 requests, as counts, "
        f"{median_ms(lambda: ours.the_tutorial(requests=1e12)):.0f} ms.",
        f"`python -m tests.speed.table` measures all of it again (here: {_processor()}, Python {platform.python_version()}, NumPy {np.__version__}).",
    ]
    return "\n".join(lines)


def _cell(name: str, speeds: dict[str, Speed]) -> str:
    text = _figure(speeds[name].median_rps)
    if name in (PLAIN, FAST):
        median, least = speeds[name].times(speeds[SIMPY])
        text += f" ({median:.0f}; {least:.0f})"
    return text


def _figure(rps: float) -> str:
    if rps >= 1e6:
        return f"{rps / 1e6:.3g} million"
    return f"{float(f'{rps:.2g}'):,.0f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


def head() -> list[str]:
    """What the first column of the table in README.md has to name."""
    return ["requests a second on one core", *ROWS]


def main() -> None:
    """Print the table, and write it into README.md if asked to."""
    text = table()
    print(text)
    if "--write" in sys.argv:
        readme = ROOT / "README.md"
        before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
        readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
