"""Data planes against the recorded ones: 592 cells, the spread between 560 runs, and 40 cells with latencies. `-s` prints the table."""

from __future__ import annotations

import math
from collections import defaultdict

import pytest

import rolloutsim as rs
from tests.parity.data_planes import cells, judge, recorded, table

CELLS_AGREE = 0.97
CHI2_99 = {39: (19.996, 65.476)}
"""The 99 % band of chi square with so many degrees of freedom (0.5 and 99.5 %)."""
LATENCY_POINTS = 2.0


def test_cells_of_every_data_plane_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """Share, dispersions and lag 1 of each cell within the 99 % band of the joint sampling error; deterministic ones within a request per worker."""
    found = cells()
    judge(found)
    assert len(found) == 592
    with capsys.disabled():
        print(f"\n{table(found)}")
    agreeing = sum(cell.agrees() for cell in found)
    assert agreeing >= CELLS_AGREE * len(found)
    exact = [cell for cell in found if cell.kind in ("cycle", "connections in turn")]
    assert all(cell.agrees() for cell in exact), [cell.name for cell in exact if not cell.agrees()]
    assert {cell.row["cell"] for cell in exact if cell.policy == "ka1"} & recorded()["sequences"].keys()


def test_runs_differ_as_the_recorded_ones_do(capsys: pytest.CaptureFixture[str]) -> None:
    """40 runs each: the variance between runs over that of C independent connections is a chi square; those in turn keep to a connection."""
    groups: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for row in recorded()["replicates"]:
        key = (f"{row['dataplane']}/{row['mode']}", row["weight"], row["policy"], row["connections"], row["n"])
        groups[key].append(float(row["share"]))
    lines, agree = [], 0
    for (name, weight, policy, connections, n), real in groups.items():
        given = None if " " in name else float(weight)
        found = [rs.split(name, given, policy, int(n), seed=seed).share_percent / 100 for seed in range(len(real))]
        mean = sum(found) / len(found)
        if "roundrobin" in name:
            # a whole number of connections either way: 3 or 4 of 10
            near = [round(float(weight) / 100 * int(connections)) + extra for extra in (-1, 0, 1)]
            fits = all(min(abs(share * int(connections) - k) for k in near) < 0.2 for share in (*real, *found))
            lines.append(f"{name} {weight} % {policy}: whole connections")
        else:
            binomial = mean * (1 - mean) / int(connections)
            squares = [sum((share - sum(shares) / len(shares)) ** 2 for share in shares) / binomial for shares in (real, found)]
            low, high = CHI2_99[len(real) - 1]
            z = (sum(real) / len(real) - mean) / math.sqrt(2 * binomial / len(real))
            fits = all(low <= square <= high for square in squares) and abs(z) < 2.58
            lines.append(
                f"{name} {weight} % {policy}: index {squares[0] / 39:.2f} real, {squares[1] / 39:.2f} simulated; means apart by {z:.1f} errors"
            )
        agree += fits
        lines[-1] += "" if fits else "  <-- apart"
    with capsys.disabled():
        print("\n" + "\n".join(lines) + f"\nreplicates: {agree}/{len(groups)}")
    assert len(groups) == 14
    assert agree >= 13


def test_latencies_move_shares_as_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """Stable answers in 5 ms, the canary in 5 or 20 ms: within 2 points of the recorded share."""
    rows, apart = recorded()["latency"], []
    for seed, row in enumerate(rows):
        latency_s, canary_s = float(row["stable_ms"]) / 1000, float(row["canary_ms"]) / 1000
        name, policy = f"{row['dataplane']}/{row['mode']}", f"ka{row['in_flight']}"
        found = rs.split(name, float(row["weight"]), policy, int(row["n"]), latency=latency_s, canary_latency=canary_s, seed=seed)
        if abs(found.share_percent - 100 * float(row["share"])) > LATENCY_POINTS:
            apart.append(f"{name} {row['weight']} % {policy} {row['canary_ms']} ms: {100 * float(row['share']):.1f} for {found.share_percent:.1f}")
    with capsys.disabled():
        print(f"\nlatencies: {len(rows) - len(apart)}/{len(rows)} " + "; ".join(apart))
    assert len(rows) == 40
    assert not apart
