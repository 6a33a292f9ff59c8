"""What a metric's conditions make of the values that its query can give: tried out with the condition language itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rolloutsim.conditions import evaluate
from rolloutsim.conditions.nodes import ConditionError, Node, Unsupported
from rolloutsim.conditions.values import ANY, BOOL, FLOAT
from rolloutsim.diagnostics.metric import MetricSubject

VECTOR = "[]float64"
USUAL = (0.0, 1e-3, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
LARGE = (2.0, 5.0, 10.0, 100.0, 1e3, 1e4, 1e6, 1e9)
NEAR = 1e-3


class Tried(NamedTuple):
    """Phases by value; `empty` and `nan` are those of no series at all and of a division by zero."""

    phases: tuple[tuple[float, str], ...]
    empty: str
    nan: str


@lru_cache(maxsize=512)
def tree_of(condition: str) -> Node | None:
    """A condition as a tree; None if it cannot be read."""
    from rolloutsim.conditions.grammar import parsed  # late: building the parser takes longer than most plans

    try:
        return parsed(condition)
    except ConditionError:
        return None


def unreadable(condition: str) -> str:
    """Why a condition cannot be read, in the words of the original; "" if it can, or if it lies outside what is understood here."""
    from rolloutsim.conditions.grammar import parsed

    try:
        parsed(condition)
    except Unsupported:
        return ""
    except ConditionError as error:
        return str(error)
    return ""


def ill_typed(condition: str, result: str) -> str:
    """What the original's compiler says of a condition for a type of result; "" if it fits."""
    from rolloutsim.conditions.checker import Checker

    tree = tree_of(condition)
    if tree is None:
        return ""
    try:
        found, _ = Checker(result).check(tree)
    except Unsupported:
        return ""
    except ConditionError as error:
        return str(error)
    return "" if found in (BOOL, ANY) else f"expected bool, but got {found}"


def result_type(metric: MetricSubject) -> str:
    """The type that the metric's provider hands over: a list for a Prometheus query, a number for a scalar one, else any."""
    if not metric.query_text:
        return ANY
    return FLOAT if metric.query is not None and metric.query.is_scalar else VECTOR


def walk(tree: Node | None) -> Iterator[Node]:
    """A tree's nodes."""
    if tree is not None:
        yield tree
        for child in tree.children:
            yield from walk(child)


def calls(metric: MetricSubject) -> set[str]:
    """The functions that the metric's conditions call."""
    return {str(node.value) for condition in metric.conditions if condition for node in walk(tree_of(condition)) if node.kind == "call"}


def tried(metric: MetricSubject) -> Tried | None:
    """The conditions of a Prometheus metric tried out; None where they cannot be, or where that would prove nothing."""
    success, failure = metric.conditions
    if metric.query is None or any(tree_of(c) is None or ill_typed(c, result_type(metric)) for c in (success, failure) if c):
        return None
    if "{{" in str(metric.tree.get("successCondition")) + str(metric.tree.get("failureCondition")):
        return None
    kind = result_type(metric)

    def phase(value: float) -> str:
        return evaluate([value], success, failure, "vector").phase if kind == VECTOR else evaluate(value, success, failure, "scalar").phase

    empty = evaluate([], success, failure, "vector").phase if kind == VECTOR else ""
    return Tried(tuple((value, phase(value)) for value in values(metric)), empty, phase(math.nan))


def values(metric: MetricSubject) -> list[float]:
    """Values that the query can give: a share lies between 0 and its scale, anything else may be large; and all around the conditions' bounds."""
    query = metric.query
    assert query is not None
    constants = {
        float(node.value) for condition in metric.conditions if condition for node in walk(tree_of(condition)) if node.kind in ("int", "float")
    }
    around = {c + step for c in constants for step in (0.0, NEAR * max(1e-6, abs(c)), -NEAR * max(1e-6, abs(c)))}
    if query.is_share:
        found = {value * query.scale for value in USUAL} | around
        return sorted(value for value in found if 0 <= value <= query.scale)
    found = {*USUAL, *LARGE} | around
    if "-" in metric.query_text:  # a difference may be negative
        found |= {-value for value in found}
    return sorted(found if "-" in metric.query_text else (value for value in found if value >= 0))
