"""Traces of arrivals in CSV files: found beside the scenario, read into it, and refused line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.errors import InputError
from rolloutsim.record import Requests
from rolloutsim.scenario import ArrivalShape
from tests.unit.test_bad_input import WHOLE

TRACED = WHOLE.replace("rate: 10/s", "arrivals: {trace: {file: t.csv}}").replace("  timeline", "  duration: 20s\n  timeline")


def written(folder: Path, trace: str) -> Path:
    (folder / "t.csv").write_text(trace, encoding="utf-8")
    (folder / "scenario.yaml").write_text(TRACED, encoding="utf-8")
    return folder


def test_times_arrive_as_they_stand(tmp_path: Path) -> None:
    record = rs.simulate(rs.load(written(tmp_path, "t_s\n0.5\n0.5\n# lunch\n\n12.25\n1m\n")))
    found = record.traffic["users"]
    assert isinstance(found, Requests)
    assert found.t_s.tolist() == [0.5, 0.5, 12.25]


def test_times_and_rates(tmp_path: Path) -> None:
    shape = rs.load(written(tmp_path, "from,rate\n0,100/s\n10s,600/m\n")).spec.traffic[0].arrivals
    assert isinstance(shape, ArrivalShape) and shape.trace is not None
    assert shape.trace.rates == ((0.0, 100.0), (10.0, 10.0))


@pytest.mark.parametrize(
    ("trace", "line", "words"),
    [
        ("1\n2\n1.5\n", 3, "1.5 s after 2 s"),
        ("t\n1\nx\n", 3, "no number"),
        ("1\n-2\n", 2, "no number"),
        ("0,5\n1\n", 2, "1 cells"),
        ("0,5\n0,6\n", 2, "0 s after 0 s"),
        ("a,b,c\n1,2,3\n", 1, "3 columns"),
        ("1\nnan\n", 2, "no number"),
        ("t\n", None, "no times"),
        ("", None, "no times"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, trace: str, line: int | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        rs.load(written(tmp_path, trace))
    (problem,) = caught.value.problems
    assert problem.place.file == str(tmp_path / "t.csv")
    assert problem.place.line == line
    assert words in problem.found


def test_a_file_of_nonsense_ends_soon(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        rs.load(written(tmp_path, "1\n" + "x\n" * 100_000))
    assert len(caught.value.problems) == 10
