"""Traces of arrivals in CSV files: `with_traces(scenario)` reads those that its streams name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rolloutsim.errors import Place, Problem
from rolloutsim.manifest.documents import LONGEST_NAME, Document, read_text, shown
from rolloutsim.quantities import parse_duration, parse_rate
from rolloutsim.scenario import ArrivalShape, Scenario, Stream

LARGEST_TRACE_BYTES = 100_000_000
MOST_PROBLEMS = 10
"""After so many wrong lines a file is read no further."""


def with_traces(scenario: Scenario, document: Document, problems: list[Problem]) -> Scenario:
    """The scenario with the times or rates of its trace files, which are named relative to the scenario file."""
    folder = Path(document.file).parent if document.file != "-" else Path()
    streams = tuple(_with_trace(stream, folder, problems) for stream in scenario.spec.traffic)
    return scenario.model_copy(update={"spec": scenario.spec.model_copy(update={"traffic": streams})})


def _with_trace(stream: Stream, folder: Path, problems: list[Problem]) -> Stream:
    shape = stream.arrivals
    trace = shape.trace if isinstance(shape, ArrivalShape) else None
    if not isinstance(shape, ArrivalShape) or trace is None or trace.file is None or trace.times is not None or trace.rates is not None:
        return stream
    found = read_trace(folder / trace.file, problems)
    if found is None:
        return stream
    return stream.model_copy(update={"arrivals": shape.model_copy(update={"trace": trace.model_copy(update={"file": None, **found})})})


def read_trace(file: Path, problems: list[Problem]) -> dict[str, Any] | None:
    """`times` of a CSV file with one column, `rates` of one with two; None for a wrong one, each wrong line of which becomes a problem."""
    text = read_text(file, problems, LARGEST_TRACE_BYTES)
    rows: list[tuple[float, ...]] = []
    columns, wrong = 0, 0
    for number, line in enumerate((text or "").splitlines(), start=1):
        cells = line.split(",")
        if not line.strip() or line.startswith("#"):
            continue
        columns, is_first = columns or len(cells), columns == 0
        if is_first and columns <= 2 and _row(cells[:1]) is None:
            continue  # a header
        row = _row(cells) if len(cells) == columns else None
        before = rows[-1][0] if rows else 0.0
        if row is None or columns > 2 or row[0] < before or (rows and columns == 2 and row[0] == before):
            at = Place(shown(str(file), LONGEST_NAME), number, source=shown(line, 120))
            problems.append(Problem(at, *_words(cells, columns, row, before)))
            wrong += 1
            if wrong == MOST_PROBLEMS or columns > 2:
                break
        else:
            rows.append(row)
    if text is not None and not rows and not wrong:
        problems.append(Problem(Place(shown(str(file), LONGEST_NAME)), "no times", "a trace has a time a line", "Name another file."))
    if wrong or not rows:
        return None
    return {"rates": tuple(rows)} if columns == 2 else {"times": tuple(row[0] for row in rows)}


def _row(cells: list[str]) -> tuple[float, ...] | None:
    """A time, and perhaps a rate; None if they are none."""
    try:
        return tuple(parse(_number(cell)) for parse, cell in zip((parse_duration, parse_rate), cells, strict=False))
    except ValueError:
        return None


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell.strip()


def _words(cells: list[str], columns: int, row: tuple[float, ...] | None, before: float) -> tuple[str, str, str]:
    """What is wrong with a line, the rule, and what to do."""
    if columns > 2:
        return f"{columns} columns", "a trace has a time a line, or a time and the rate from then on", "Keep the columns that say that."
    if len(cells) != columns:
        return f"{len(cells)} cells", f"all lines have as many as the first, {columns}", "Complete the line."
    if row is None:
        return "no number", "a time is seconds (or 1m30s), a rate requests per second (or 3000/m), neither negative", "Correct the line."
    return f"{row[0]:g} s after {before:g} s", "a trace is in order of time, and a rate has an instant of its own", "Sort the file."
