"""Success and failure conditions of a metric: `evaluate(value, success, failure)` (spec/analysis.md 5 and 6)."""

from __future__ import annotations

import functools
import re
from typing import Any, Literal, NamedTuple

__all__ = ["Evaluation", "evaluate", "evaluate_conditions"]

_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character, which Go reads as U+FFFD."""
ResultType = Literal["vector", "scalar", "json"]


class Evaluation(NamedTuple):
    """What a measurement comes to: Successful, Failed, Inconclusive or Error, with the evaluator's words for an error."""

    phase: Literal["Successful", "Failed", "Inconclusive", "Error"]
    error: str = ""


def evaluate(value: Any, success_condition: str = "", failure_condition: str = "", type: ResultType = "json") -> Evaluation:
    """The phase of a value under two conditions, either of which may be empty.

    `type` says how the provider hands the value over: `vector` a list of floats, `scalar` a float, `json` decoded JSON (all numbers floats).
    Source: argo-rollouts utils/evaluate/evaluate.go on expr v1.15.5.
    """
    from rolloutsim.conditions.nodes import ConditionError

    result = _as_go(value, type)
    try:
        success = _holds(success_condition, result) if success_condition else None
        failure = _holds(failure_condition, result) if failure_condition else None
    except ConditionError as error:
        return Evaluation("Error", str(error))
    if failure or (failure is None and success is False):
        return Evaluation("Failed")
    if success is False:
        return Evaluation("Inconclusive")
    return Evaluation("Successful")


def evaluate_conditions(
    result: Any,
    *,
    success_condition: str = "",
    failure_condition: str = "",
    type: ResultType = "json",
) -> Evaluation:
    """The phase of a measured result under a metric's conditions, as the AnalysisRun controller would see it.

    `evaluate_conditions([0.97], success_condition="result[0] >= 0.95", type="vector").phase` is `Successful`.
    """
    return evaluate(result, success_condition, failure_condition, type)


def _as_go(value: Any, kind: ResultType) -> Any:
    from rolloutsim.conditions.evaluator import vector

    if kind == "vector":
        return vector([_number(item) for item in value])
    if kind == "scalar":
        return None if value is None else _number(value)
    return _json(value)


def _number(value: Any) -> float:
    return float(value)


def _json(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, dict):
        return {_json(str(key)): _json(item) for key, item in value.items()}
    return [_json(item) for item in value]


@functools.lru_cache(maxsize=1024)
def _checked(condition: str, result_type: str) -> Any:
    from rolloutsim.conditions.checker import Checker
    from rolloutsim.conditions.grammar import parsed

    return Checker(result_type).check(parsed(condition))[1]


def _holds(condition: str, result: Any) -> bool:
    from rolloutsim.conditions.evaluator import Evaluator
    from rolloutsim.conditions.nodes import ConditionError
    from rolloutsim.conditions.values import type_of

    found = Evaluator(result).run(_checked(_SURROGATE.sub("\ufffd", condition), type_of(result)))
    if not isinstance(found, bool):
        raise ConditionError(f"expected bool, but got {type_of(found)}")
    return found
