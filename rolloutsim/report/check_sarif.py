"""Checked scenarios as SARIF: a result for each expectation that does not hold or is undecided, and for each figure worse than the baseline's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rolloutsim.errors import Place
from rolloutsim.gate import Checked, Expected, Regression
from rolloutsim.report import sarif
from rolloutsim.report.junit import describe, worse

_RULES = (
    ("expectation", "an expectation does not hold", "What spec.expect asks for was not found in the simulated run.", "error"),
    ("undecided", "an expectation is undecided", "The data cannot tell whether the expectation holds; the message says what is needed.", "warning"),
    ("regression", "a figure is worse than the baseline", "A figure is worse than in the baseline file by more than its tolerance.", "error"),
)


def check_sarif(checked: Sequence[Checked], place_of: Callable[[str, str], Place]) -> dict[str, Any]:
    """The log; `place_of(scenario, path)` says where a path of a scenario's document stands."""
    rules = [sarif.rule(code, title, text, "Run rolloutsim run on the scenario to see what happens.", level) for code, title, text, level in _RULES]
    results = []
    for scenario in checked:
        missed = [expected for expected in scenario.expectations if expected.passed is not True]
        results += [_result(int(e.passed is None), _words(e), scenario.scenario, place_of(scenario.scenario, e.at)) for e in missed]
        at = place_of(scenario.scenario, "metadata.name")
        results += [_result(2, _words(regression), scenario.scenario, at) for regression in scenario.regressions]
    return sarif.log(rules, results)


def _words(found: Expected | Regression) -> str:
    return f"{found.name}: {describe(found) if isinstance(found, Expected) else worse(found)}"


def _result(index: int, text: str, scenario: str, place: Place) -> dict[str, Any]:
    code, _, _, level = _RULES[index]
    return sarif.result(code, index, level, text, place, f"Scenario/{scenario}")
