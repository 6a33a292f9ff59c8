"""The CI gate: expectations and a baseline against one run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rolloutsim.answers.capacity import capacity
from rolloutsim.answers.harm import harm
from rolloutsim.answers.intervals import Interval, draws_needed, verdict
from rolloutsim.answers.share import Share, Shares, share
from rolloutsim.control.phase import client_phase
from rolloutsim.errors import InputError, Place, Problem
from rolloutsim.record import Record
from rolloutsim.scenario import Expectation, ExpectErrors, ExpectPhase, ExpectPods, ExpectShare

BASELINE_KIND = "rolloutsim baseline 1"


class Expected(NamedTuple):
    """One expectation judged: `passed` is None when the data cannot tell; figures carry their interval and `unit`.

    `at` is the YAML path of what asks for it in the scenario.
    """

    name: str
    passed: bool | None
    found: float | str | None
    low: float | None
    high: float | None
    wanted: str
    unit: str = ""
    note: str = ""
    at: str = ""


class Regression(NamedTuple):
    """A figure that is worse than the baseline's by more than its tolerance."""

    name: str
    found: float
    baseline: float
    tolerance: float
    unit: str


class Checked(NamedTuple):
    """All expectations and regressions of a scenario."""

    scenario: str
    expectations: tuple[Expected, ...]
    regressions: tuple[Regression, ...] = ()

    @property
    def passed(self) -> bool | None:
        """False: something does not hold. None: nothing fails, but something is undecided."""
        if self.regressions or any(e.passed is False for e in self.expectations):
            return False
        return None if any(e.passed is None for e in self.expectations) else True


def check(record: Record, expectations: Sequence[Expectation], baseline: dict[str, Any] | None = None) -> Checked:
    """Judge a record against expectations and, if given, a baseline's figures."""
    judged: list[Expected] = []
    for i, expectation in enumerate(expectations):
        judged += [one._replace(at=f"spec.expect[{i}]") for one in _judged(record, expectation)]
    return Checked(record.header.scenario, tuple(judged), tuple(_regressions(record, baseline)) if baseline is not None else ())


def _judged(record: Record, expectation: Expectation) -> Iterator[Expected]:
    if expectation.share is not None:
        yield from _share(record, expectation.share)
    elif expectation.phase is not None:
        yield _phase(record, expectation.phase)
    elif expectation.pods is not None:
        yield _pods(record, expectation.pods)
    elif expectation.errors is not None:
        yield from _errors(record, expectation.errors)


# --- expectations --------------------------------------------------------------------------------------------------------------------


def _share(record: Record, wanted: ExpectShare) -> Iterator[Expected]:
    rows = _rows(share(record, tolerance=wanted.within), wanted)
    name = f"share of {wanted.of}" + (f" at step {wanted.step}" if wanted.step is not None else "")
    if not rows:
        yield Expected(name, None, None, None, None, "a measured share", "%", "no such step was reached, or no requests came")
    for row in rows:
        target = wanted.is_ if wanted.is_ is not None else (row.set_weight_percent or 0.0) / 100
        text = f"{100 * target:g} +- {100 * wanted.within:g} pp"
        label = f"{name}, {row.stream}" + (f", setWeight {row.set_weight_percent:g}" if row.set_weight_percent is not None else "")
        if row.share_percent is None:
            yield Expected(label, None, None, None, None, text, "%", "no requests")
            continue
        found = Interval(row.share_percent / 100, row.low_percent / 100, row.high_percent / 100, 0.0, row.covers)
        judged = verdict(found, target, wanted.within)
        note = row.reason
        if judged == "undecided":
            what = "connections" if row.covers == "connections" else "requests"
            note = f"the interval neither confirms nor excludes it: about {draws_needed(found.share, target, wanted.within):,} {what} are needed"
        passed = {"agrees": True, "off": False, "undecided": None}[judged]
        yield Expected(label, passed, row.share_percent, row.low_percent, row.high_percent, text, "%", note)


def _rows(shares: Shares, wanted: ExpectShare) -> list[Share]:
    new = wanted.of in ("canary", "preview")
    rows = [row for row in shares.rows if row.held and row.is_new == new and wanted.stream in (None, row.stream)]
    if wanted.is_ is None or wanted.step is not None:
        rows = [row for row in rows if row.step is not None and wanted.step in (None, row.step)]
    return rows


def _phase(record: Record, wanted: ExpectPhase) -> Expected:
    name = f"phase {wanted.is_}" + (f" before {wanted.before:g} s" if wanted.before is not None else " at the end")
    states = record.rollouts()
    if wanted.before is None:
        found = client_phase(states[-1][1])[0]
        return Expected(name, found == wanted.is_, found, None, None, wanted.is_)
    changed_s = _first_change_s(record)
    reached = next((t_s for t_s, rollout in states if t_s >= changed_s and client_phase(rollout)[0] == wanted.is_), None)
    note = "" if reached is not None else f"not reached by {record.end_s:.1f} s"
    return Expected(name, reached is not None and reached <= wanted.before, reached, None, None, f"<= {wanted.before:g}", "s", note)


def _first_change_s(record: Record) -> float:
    """When the operator first did something; a phase from before does not count."""
    return record.deeds[0].t_s + 1e-9 if record.deeds else 0.0


def _pods(record: Record, wanted: ExpectPods) -> Expected:
    peak = capacity(record).peak_pods
    return Expected("pods at peak", peak <= wanted.at_most, peak, None, None, f"<= {wanted.at_most}", "pods")


def _errors(record: Record, wanted: ExpectErrors) -> Iterator[Expected]:
    found = harm(record)
    if wanted.no_endpoint is not None:
        lost = found.no_endpoint + found.refused
        yield Expected("requests without an endpoint", lost <= wanted.no_endpoint, lost, None, None, f"<= {wanted.no_endpoint}", "requests")
    if wanted.at_most is not None:
        broken = found.errors + found.no_endpoint + found.refused
        rate = broken / found.requests if found.requests else 0.0
        passed = None if not found.requests else rate <= wanted.at_most
        yield Expected(
            "failed requests", passed, 100 * rate, None, None, f"<= {100 * wanted.at_most:g}", "%", "" if found.requests else "no requests"
        )


# --- baseline ------------------------------------------------------------------------------------------------------------------------


def figures(record: Record) -> dict[str, float]:
    """The figures that a baseline holds: how far each share lies from setWeight, peak pods, lost requests."""
    found = {f"distance from setWeight, {row.stream}, step {row.step}": abs(row.share_percent - row.set_weight_percent) for row in _held(record)}
    lost = harm(record)
    return {**found, "pods at peak": float(capacity(record).peak_pods), "requests without an endpoint": float(lost.no_endpoint + lost.refused)}


def _held(record: Record) -> Iterator[Any]:
    return (row for row in share(record).held() if row.share_percent is not None and row.set_weight_percent is not None)


def _regressions(record: Record, baseline: dict[str, Any]) -> Iterator[Regression]:
    widths = {f"distance from setWeight, {r.stream}, step {r.step}": max(1.0, (r.high_percent - r.low_percent) / 2) for r in _held(record)}
    before = baseline["scenarios"].get(record.header.scenario, {})
    for name, value in figures(record).items():
        tolerance = widths.get(name, 0.0)
        if name in before and value > before[name] + tolerance:
            unit = "pp" if name.startswith("distance") else "pods" if "pods" in name else "requests"
            yield Regression(name, value, before[name], tolerance, unit)


def read_baseline(path: str | Path) -> dict[str, Any]:
    """A baseline file; InputError if it is none."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        if data.get("kind") == BASELINE_KIND and isinstance(data.get("scenarios"), dict):
            return data  # type: ignore[no-any-return]
        found = "another kind of file"
    except FileNotFoundError:
        found = "no such file"
    except (OSError, UnicodeDecodeError, ValueError, AttributeError):
        found = "a file that cannot be read as JSON"
    raise InputError([Problem(Place(str(path)), found, f"a baseline is JSON of kind {BASELINE_KIND!r}", "Write one with --update-baseline.")])


def baseline_text(records: Sequence[Record]) -> str:
    """The text of a baseline file for some runs."""
    scenarios = {record.header.scenario: {name: round(value, 4) for name, value in figures(record).items()} for record in records}
    return json.dumps({"kind": BASELINE_KIND, "scenarios": scenarios}, indent=2, sort_keys=True) + "\n"
