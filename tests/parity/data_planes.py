"""Recorded splits of real data planes, simulated ones beside them, and whether the two are alike within their joint sampling error.

Five figures are compared: the share, the dispersion over 20, 100 and 1000 requests, and lag 1. A cell agrees if all that it has lie in the 99 %
band together: each in its 99.8 % band (Bonferroni). Where the errors come from, for a simulated run of m requests beside a real one of n:

random     independent draws: share and lag 1 from the binomial, variance p(1-p)(1/n + 1/m) and 1/n + 1/m; dispersions are ratios of sample
           variances, whose logarithms have the variance of chi squares with the excess kurtosis of a binomial window.
cycle      deterministic: the count within one request of each worker (blocks and cycles of pods: a whole cycle is exact); one connection: the
           sequence itself, from where the cycle begins.
connection the share by the binomial over connections; what depends on the order in which connections take turns from simulated runs.
load       from simulated runs: their spread, pooled over the cells of a mode and policy, in units that do not depend on the weight.
"""

from __future__ import annotations

import json
import lzma
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import rolloutsim as rs
from rolloutsim.world.traffic.planes import BY_CONNECTION, make_plane
from rolloutsim.world.traffic.planes.cycle import Cycle
from rolloutsim.world.traffic.planes.plane import LoadAware
from rolloutsim.world.traffic.planes.ring_random import ring_shares

FIGURES = ("share", "dispersion_20", "dispersion_100", "dispersion_1000", "lag1")
Z = {99.0: 2.5758, 99.8: 3.0902}
RUNS, RUN_REQUESTS, CYCLE_REQUESTS = 5, 8000, 2000
LEAST_LOG = 0.01
"""Dispersions are compared as log(d + this): two that are next to nothing are alike."""


@dataclass(slots=True)
class Cell:
    """A recorded cell, its twin, and which figures lie outside their bands."""

    row: dict[str, str]
    name: str
    plane: str
    kind: str
    weight: float
    policy: str
    n: int
    connections: int
    real: dict[str, float]
    found: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    """By figure: the difference in units of its joint standard error, brought to the scale of a normal law."""
    why: str = ""

    def agrees(self, level: float = 99.8) -> bool:
        """Whether all figures lie within the band of this level."""
        return not self.why and all(abs(score) <= Z[level] for score in self.scores.values())


@lru_cache(maxsize=1)
def recorded() -> dict[str, Any]:
    """The recorded tables, rows as dictionaries, and sequences by cell."""
    found = json.loads(lzma.decompress((Path(__file__).parent / "data_planes.json.xz").read_bytes()))
    tables = {
        name: [dict(zip(found[name]["columns"], row, strict=True)) for row in found[name]["rows"]] for name in ("shares", "replicates", "latency")
    }
    return tables | {"sequences": found["sequences"]}


def cells() -> list[Cell]:
    """All cells of shares.csv."""
    return [_cell(row) for row in recorded()["shares"]]


def _cell(row: dict[str, str]) -> Cell:
    name = f"{row['dataplane']}/{row['mode']}"
    plane = name.partition(" ")[0].removesuffix("_20pods")
    made = make_plane(plane, None, (1, 0, "s"))
    by_connection = plane in BY_CONNECTION and row["policy"] != "new"
    idle = plane == "haproxy/random" and row["policy"] == "ka1"
    kind = "load" if isinstance(made, LoadAware) and not idle else "connection" if by_connection else "cycle" if isinstance(made, Cycle) else "random"
    if by_connection and isinstance(made, Cycle):
        kind = "connections in turn"
    real = {figure: float(row[figure]) for figure in FIGURES if row[figure] != ""}
    return Cell(row, name, plane, kind, float(row["weight"]), row["policy"], int(row["n"]), int(row["connections"]), real)


def law(cell: Cell) -> float:
    """The probability of the canary where draws are independent."""
    weight = cell.weight / 100
    if cell.plane.startswith("haproxy/random"):
        return float(ring_shares(np.array([1 - weight, weight]), 2)[1])
    return 0.5 if cell.plane == "envoy/endpoint_random" else weight


def run(cell: Cell, requests: int, seed: int) -> rs.Split:  # type: ignore[name-defined]
    """The twin of a cell."""
    return rs.split(cell.name, None if " " in cell.name else cell.weight, cell.policy, requests, seed=seed)


def figures(split: Any) -> dict[str, float]:
    """The five figures of a simulated split; those that it cannot have are left out."""
    found = {"share": split.share_percent / 100, **{f"dispersion_{k}": d for k, d in split.dispersion.items()}, "lag1": split.lag1}
    return {name: float(value) for name, value in found.items() if value is not None}


# --- errors ----------------------------------------------------------------------------------------------------------------------------


def normal_of_t(t: float, dof: float) -> float:
    """The score of a normal law that is as far out as `t` of Student's with `dof` degrees of freedom (Wallace 1959)."""
    return math.copysign((8 * dof + 1) / (8 * dof + 3) * math.sqrt(dof * math.log1p(t * t / dof)), t)


def log_variance(p: float, window: int, n: int) -> float:
    """Variance of the logarithm of a dispersion of independent draws: 2 / (windows - 1) and the kurtosis of a window's count."""
    windows = n // window
    return 2 / (windows - 1) + max(0.0, (1 - 6 * p * (1 - p)) / (p * (1 - p) * window)) / windows


def judge(all_cells: Sequence[Cell]) -> None:
    """Play the twin of each cell and score its figures."""
    for seed, cell in enumerate(all_cells):
        if cell.kind == "random":
            _random(cell, seed)
        elif cell.kind == "cycle":
            _cycle(cell, seed)
        elif cell.kind == "connections in turn":
            cell.found = figures(run(cell, cell.n, seed))
            if abs(cell.found["share"] - cell.real["share"]) > 1 / cell.connections + 2 / cell.n * cell.connections:
                cell.why = "share"
    groups: dict[tuple[Any, ...], dict[Any, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for number, cell in enumerate(all_cells):
        if cell.kind in ("load", "connection"):
            where = cell.plane if cell.kind == "load" else cell.plane.startswith("kube-proxy")
            groups[where, cell.policy][number if cell.kind == "load" else round(law(cell), 4)].append(cell)
    for group in groups.values():
        _from_runs(list(group.values()))


def _random(cell: Cell, seed: int) -> None:
    n, p = cell.n, law(cell)
    cell.found = figures(run(cell, n, seed))
    for name in cell.real.keys() & cell.found.keys():
        real, found = cell.real[name], cell.found[name]
        if name == "share":
            cell.scores[name] = (real - found) / math.sqrt(2 * p * (1 - p) / n)
        elif name == "lag1":
            cell.scores[name] = (real - found) / math.sqrt(2 / n)
        else:
            cell.scores[name] = math.log(real / found) / math.sqrt(2 * log_variance(p, int(name.rpartition("_")[2]), n))


def _cycle(cell: Cell, seed: int) -> None:
    alone = cell.policy == "ka1"
    split = run(cell, cell.n if alone else CYCLE_REQUESTS, seed)
    cell.found = figures(split)
    off = split.workers * (1 / cell.n + 1 / split.requests)
    if abs(cell.real["share"] - cell.found["share"]) > off + 1e-4:
        cell.why = "share"
    sequence = recorded()["sequences"].get(cell.row["cell"])
    if alone and sequence is not None and not same_cycle(sequence, split.canary, 0.02 if cell.plane.startswith("envoy") else 0.0):
        cell.why = "sequence"
    if alone and abs(cell.real["lag1"] - cell.found["lag1"]) > 0.001:
        cell.why = "lag1"


def same_cycle(sequence: str, canary: Any, ties: float) -> bool:
    """Whether a recorded sequence is the simulated one from some place on; but for so large a part, where floating-point ties fall otherwise."""
    real = np.frombuffer(sequence.encode(), dtype=np.uint8) - ord("0")
    length = len(real) - 300
    return any((real[:length] != canary[begin : begin + length]).mean() <= ties for begin in range(300))


def _from_runs(laws: list[list[Cell]]) -> None:
    """Cells whose errors come from simulated runs, by law; the spread between runs of a law is pooled over the laws of a group."""
    runs = [[figures(run(alike[0], RUN_REQUESTS, seed)) for seed in range(RUNS)] for alike in laws]
    for name in FIGURES:
        if name == "share" and laws[0][0].kind == "connection":
            continue
        scaled = [[_scaled(name, found) for found in of_law if name in found] for of_law in runs]
        spreads = [(len(values) - 1, float(np.var(values, ddof=1))) for values in scaled if len(values) > 1]
        dof = sum(n for n, _ in spreads)
        if dof < 2:
            continue
        spread = math.sqrt(sum(n * v for n, v in spreads) / dof)
        for alike, values, of_law in zip(laws, scaled, runs, strict=True):
            for cell in alike if values else ():
                if name in cell.real:
                    cell.found[name] = float(np.mean([found[name] for found in of_law if name in found]))
                    error = max(spread * math.sqrt(1 + 1 / len(values)), _resolution(name, cell))
                    cell.scores[name] = normal_of_t((_scaled(name, cell.real) - float(np.mean(values))) / error, dof)
    for alike, of_law in zip(laws, runs, strict=True):
        for cell in alike if alike[0].kind == "connection" else ():
            p, lives = law(cell), cell.connections if cell.n // cell.connections > 100 else RUN_REQUESTS // 100
            cell.found["share"] = float(np.mean([found["share"] for found in of_law]))
            variance = p * (1 - p) * (1 / cell.connections + 1 / (len(of_law) * lives))
            cell.scores["share"] = (cell.real["share"] - cell.found["share"]) / math.sqrt(variance)


def _scaled(name: str, found: dict[str, float]) -> float:
    """A figure in units whose spread does not depend on the weight: the angle of a share, the logarithm of a dispersion."""
    if name == "share":
        return 2 * math.asin(math.sqrt(min(1.0, max(0.0, found[name]))))
    return found[name] if name == "lag1" else math.log(found[name] + LEAST_LOG)


def _resolution(name: str, cell: Cell) -> float:
    """What is never told apart: a request or two, the last digit of a table."""
    if name == "share":
        return 1 / math.sqrt(cell.n * cell.n * max(cell.real["share"] * (1 - cell.real["share"]), 1 / cell.n))
    return 0.002 if name == "lag1" else 0.1


# --- the table -------------------------------------------------------------------------------------------------------------------------


def table(all_cells: Sequence[Cell]) -> str:
    """Agreement by data plane: cells in the joint band, and the figures of those that are not."""
    lines = [f"{'data plane, mode':44} {'kind':20} cells agree  each figure at 99 %"]
    by_name: dict[str, list[Cell]] = defaultdict(list)
    for cell in all_cells:
        by_name[cell.name.partition(" ")[0]].append(cell)
    for name, own in by_name.items():
        kinds = sorted({cell.kind for cell in own})
        lines.append(f"{name:44} {', '.join(kinds):20} {len(own):5} {sum(c.agrees() for c in own):5}  {sum(c.agrees(99.0) for c in own):5}")
    total = f"{sum(c.agrees() for c in all_cells):5}  {sum(c.agrees(99.0) for c in all_cells):5}"
    lines.append(f"{'all':44} {'':20} {len(all_cells):5} {total}")
    for cell in all_cells:
        if not cell.agrees():
            out = [f"{k} {cell.real[k]:.4f} for {cell.found[k]:.4f}" for k, z in cell.scores.items() if abs(z) > Z[99.8]] or [cell.why]
            lines.append(f"  {cell.name} weight {cell.weight:g} {cell.policy}: {', '.join(out)}")
    return "\n".join(lines)
