"""Worked timelines of AnalysisRuns, exact to the second, and the closed forms of their outcomes (spec/analysis.md 12 and 13)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rolloutsim.control.analysis.run import conclude, look
from rolloutsim.control.observed import Now
from rolloutsim.manifest.analysis import AnalysisRun, DryRun, Measurement, RunSpec
from rolloutsim.manifest.meta import Meta

PHASES = {"S": "Successful", "F": "Failed", "I": "Inconclusive", "E": "Error"}
EPSILON_S = 1e-6
Outcomes = Callable[[str, int], str]


def played(
    metrics: Sequence[Mapping[str, Any]],
    outcomes: Outcomes,
    *,
    created_s: float = 0.0,
    latency_s: Mapping[str, float] | float = 0.0,
    terminate_s: float = math.inf,
    dry_run: Sequence[str] = (),
) -> tuple[dict[str, list[float]], float, AnalysisRun]:
    """Measurement starts by metric, the end, and the run, as an event loop without any other delay plays it."""
    trees = [{"provider": {"web": {"url": "x"}}, **metric} for metric in metrics]
    run = AnalysisRun(Meta("run"), RunSpec(tuple(trees), dry_run=tuple(DryRun(name) for name in dry_run)))
    now_s, starts, taken = created_s, {str(metric["name"]): [] for metric in metrics}, dict[str, int]()
    for _ in range(10_000):
        if now_s >= terminate_s:
            run = replace(run, spec=replace(run.spec, terminate=True))
        seen = look(run, Now(now_s))
        measured: dict[str, Measurement] = {}
        spent_s = 0.0
        for name in seen.due:
            starts[name].append(now_s)
            spent_s = max(spent_s, latency := latency_s if isinstance(latency_s, float) else latency_s.get(name, 0.0))
            taken[name] = taken.get(name, 0) + 1
            phase = PHASES[outcomes(name, taken[name] - 1)]
            measured[name] = Measurement(phase, Now(now_s).whole_s, Now(now_s + latency).whole_s, message="no" if phase == "Error" else "")
        now_s += spent_s
        decided = conclude(run, seen, measured, Now(now_s))
        changed = decided.status != run.status
        run = replace(run, status=decided.status)
        if run.is_completed:
            return starts, now_s, run
        if not changed:
            assert decided.wake_up_at_s is not None
            now_s = min(max(now_s, decided.wake_up_at_s + EPSILON_S), terminate_s if terminate_s > now_s else math.inf)
    raise AssertionError("the run does not end")


def row(text: str) -> Outcomes:
    """`S F F` one after the other; the last one for ever."""
    letters = text.split()
    return lambda _, i: letters[min(i, len(letters) - 1)]


def by_metric(**rows: str) -> Outcomes:
    return lambda name, i: row(rows[name])(name, i)


def metric(name: str = "m", **fields: Any) -> dict[str, Any]:
    return {"name": name, **fields}


CASES: dict[str, tuple[dict[str, Any], Outcomes, dict[str, Any], list[float], str, float]] = {
    "W1": (metric(interval="60s", count=3), row("S"), {}, [0, 60, 120], "Successful", 120),
    "W2": (metric(interval="30s", count=5, failureLimit=2), row("S F F S F"), {}, [0, 30, 60, 90, 120], "Failed", 120),
    "W3": (metric(), row("E S"), {}, [0, 10], "Successful", 10),
    "W4": (metric(interval="300s"), row("E"), {}, [0, 10, 20, 30, 40], "Error", 40),
    "W6": (metric(interval="5s", inconclusiveLimit=3), row("I"), {}, [0, 5, 10, 15], "Inconclusive", 15),
    "W7": (metric(interval="20s", initialDelay="300s"), row("S"), {"terminate_s": 120.0}, [], "Successful", 120),
    "W7b": (metric(interval="60s", failureLimit=3), row("S F S"), {"terminate_s": 150.0}, [0, 60, 120], "Successful", 150),
    "W8": (metric(interval="10s", failureLimit=-1, consecutiveSuccessLimit=4), row("F S S F S S S S"), {}, list(range(0, 80, 10)), "Successful", 70),
    "W8b": (
        metric(interval="10s", count=7, failureLimit=3, consecutiveSuccessLimit=4),
        row("S F S S S F S"),
        {},
        list(range(0, 70, 10)),
        "Inconclusive",
        60,
    ),
    "W8b, no failureLimit": (
        metric(interval="10s", count=7, failureLimit=-1, consecutiveSuccessLimit=4),
        row("S F S S S F S"),
        {},
        list(range(0, 70, 10)),
        "Failed",
        60,
    ),
    "W11": (metric(interval="30s", count=4), row("S"), {"created_s": 0.2, "latency_s": 2.4}, [0.2, 32, 64, 96], "Successful", 98.4),
    "W11b": (metric(interval="30s", count=4), row("S"), {"created_s": 0.5, "latency_s": 0.3}, [0.5, 30, 60, 90], "Successful", 90.3),
    "W12": (metric(interval="60s", count=3), row("S E E S S"), {}, [0, 60, 70, 80, 140], "Successful", 140),
    "W14": (metric(interval="60s", count=3), row("E E E E S E"), {}, [0, 10, 20, 30, 40, 100, 110, 120, 130, 140], "Error", 140),
    "W16": (metric(interval="20s", count=3, initialDelay="60s", failureLimit=1), row("F"), {}, [60, 80], "Failed", 80),
}


@pytest.mark.parametrize("case", list(CASES))
def test_worked_timeline(case: str) -> None:
    spec, outcomes, options, starts, phase, end_s = CASES[case]
    found, ended_s, run = played([spec], outcomes, **options)
    assert found["m"] == pytest.approx(starts, abs=1e-3)
    assert (run.status.phase, ended_s) == (phase, pytest.approx(end_s, abs=1e-3))


def test_a_failing_metric_ends_its_siblings() -> None:
    """W5: the sibling that is due in the same look is still measured."""
    metrics = [metric("a", interval="60s"), metric("b", interval="20s", count=10, initialDelay="40s")]
    starts, end_s, run = played(metrics, by_metric(a="S", b="S F"))
    assert starts["a"] == pytest.approx([0, 60], abs=1e-3)
    assert starts["b"] == pytest.approx([40, 60], abs=1e-3)
    assert (run.status.phase, end_s) == ("Failed", pytest.approx(60, abs=1e-3))
    assert run.status.message == 'Metric "b" assessed Failed due to failed (1) > failureLimit (0)'
    assert [result.phase for result in run.status.metric_results] == ["Successful", "Failed"]
    assert (run.status.run_summary.count, run.status.run_summary.successful, run.status.run_summary.failed) == (2, 1, 1)


def test_a_slow_metric_holds_back_the_others() -> None:
    """W9: all measurements of a look are waited for."""
    metrics = [metric("fast", interval="10s", count=4), metric("slow", interval="30s", count=2)]
    starts, end_s, run = played(metrics, row("S"), latency_s={"fast": 0.01, "slow": 12.0})
    assert starts["fast"] == pytest.approx([0, 12, 22, 32], abs=1e-3)
    assert starts["slow"] == pytest.approx([0, 42], abs=1e-3)
    assert (run.status.phase, end_s) == ("Successful", pytest.approx(54, abs=1e-3))


def test_a_dry_run_cannot_fail_a_run() -> None:
    """W13."""
    metrics = [metric("dry", interval="10s", count=5), metric("real", interval="10s", count=3)]
    starts, end_s, run = played(metrics, by_metric(dry="F", real="S"), dry_run=["dry"])
    assert (len(starts["dry"]), len(starts["real"])) == (1, 3)
    assert (run.status.phase, end_s) == ("Successful", pytest.approx(20, abs=1e-3))
    dry = run.status.result("dry")
    assert dry is not None and dry.message == "Metric assessed Failed due to failed (1) > failureLimit (0)"
    assert run.status.dry_run_summary.failed == 1


# --- closed forms --------------------------------------------------------------------------------------------------------------------


def _closed(n: int, f: int, j: int, e: int, p: Mapping[str, float]) -> dict[str, float]:
    """P(Failed), P(Inconclusive), P(Successful), P(Error) of one metric (spec/analysis.md 13)."""
    s, phi, iota = (p[x] / (1 - p["E"]) for x in "SFI")
    theta = p["E"] ** (e + 1)
    g = 1 - theta

    def ways(k: int, *fixed: int) -> float:
        rest = k - sum(fixed)
        if rest < 0:
            return 0.0
        return math.factorial(k) / math.prod(math.factorial(x) for x in (*fixed, rest))

    failed = sum(
        g**k * sum(ways(k - 1, f, b) * phi ** (f + 1) * iota**b * s ** (k - 1 - f - b) for b in range(min(j, k - 1 - f) + 1))
        for k in range(f + 1, n + 1)
    )
    parked = sum(
        g**k * sum(ways(k - 1, j, a) * iota ** (j + 1) * phi**a * s ** (k - 1 - j - a) for a in range(min(f, k - 1 - j) + 1))
        for k in range(j + 1, n + 1)
    )
    passed = g**n * sum(ways(n, a, b) * phi**a * iota**b * s ** (n - a - b) for a in range(f + 1) for b in range(j + 1) if a + b <= n)
    return {"Failed": failed, "Inconclusive": parked, "Successful": passed, "Error": 1 - failed - parked - passed}


@pytest.mark.parametrize(
    ("n", "f", "j", "e", "p"),
    [
        (5, 1, 0, 4, {"S": 0.9, "F": 0.1, "I": 0.0, "E": 0.0}),
        (10, 2, 3, 4, {"S": 0.7, "F": 0.15, "I": 0.15, "E": 0.0}),
        (6, 2, 1, 2, {"S": 0.45, "F": 0.15, "I": 0.1, "E": 0.3}),
        (3, 0, 0, 0, {"S": 0.8, "F": 0.05, "I": 0.05, "E": 0.1}),
    ],
)
def test_outcomes_follow_the_closed_form(n: int, f: int, j: int, e: int, p: dict[str, float]) -> None:
    draws, runs = np.random.default_rng(20261125), 1500
    spec = metric(interval="30s", count=n, failureLimit=f, inconclusiveLimit=j, consecutiveErrorLimit=e)
    found = dict.fromkeys(("Failed", "Inconclusive", "Successful", "Error"), 0)
    for _ in range(runs):
        letters = draws.choice(list(p), p=list(p.values()), size=120)
        _, _, run = played([spec], lambda _, i, letters=letters: str(letters[i]))  # type: ignore[misc]
        found[run.status.phase] += 1
    for phase, expected in _closed(n, f, j, e, p).items():
        error = math.sqrt(max(expected * (1 - expected), 1e-9) / runs)
        assert abs(found[phase] / runs - expected) <= 4 * error + 1e-9, (phase, found[phase] / runs, expected)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"count": 1, "failureLimit": 3}, "count (1) must be >= failureLimit + consecutiveSuccessLimit (3 + 0) if both >= 0"),
        ({"count": 2}, "interval must be specified when count > 1"),
        ({"interval": "5"}, 'invalid interval string: time: missing unit in duration "5"'),
        ({"failureLimit": -1}, "failureLimit and consecutiveSuccessLimit cannot both be disabled"),
        ({"failureLimit": -2}, "failureLimit must be >= 0, or -1 to be disabled"),
        ({"consecutiveSuccessLimit": -1}, "consecutiveSuccessLimit must be >= 0"),
        ({"inconclusiveLimit": -1}, "inconclusiveLimit must be >= 0"),
        ({"consecutiveErrorLimit": -1}, "consecutiveErrorLimit must be >= 0"),
        ({"failureLimit": -1, "consecutiveSuccessLimit": 3, "count": 2, "interval": "1s"}, "count must be >= consecutiveSuccessLimit"),
        ({"count": 2, "interval": "1s", "inconclusiveLimit": 3}, "count must be >= inconclusiveLimit"),
        ({"initialDelay": "x"}, 'invalid startDelay string: time: invalid duration "x"'),
        ({"provider": {}}, "no provider specified"),
        ({"provider": {"web": {}, "job": {}}}, "multiple providers specified"),
    ],
)
def test_an_invalid_metric_is_an_error_at_once(fields: dict[str, Any], text: str) -> None:
    starts, end_s, run = played([metric(**fields)], row("S"))
    assert (run.status.phase, run.status.message, run.status.started_s) == ("Error", f"Analysis spec invalid: metrics[0]: {text}", None)
    assert (starts["m"], end_s) == ([], 0.0)


def test_what_is_not_resolved_or_matched() -> None:
    _, _, run = played([metric(successCondition="result == {{args.x}}")], row("S"))
    assert run.status.message == "Unable to resolve metric arguments: failed to resolve {{args.x}}"
    _, _, run = played([metric()], row("S"), dry_run=["*"])
    assert run.status.message == "Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)"
    _, _, run = played([metric(), metric()], row("S"))
    assert run.status.message == "Analysis spec invalid: metrics[1]: duplicate name 'm'"
