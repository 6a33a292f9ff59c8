"""What the original does to a checked condition before it runs (expr v1.15.5, optimizer and checker)."""

from __future__ import annotations

from rolloutsim.conditions.nodes import ConditionError, Node, node
from rolloutsim.conditions.values import OPERATORS, wrapped

_NUMBERS = ("int", "float")


def as_floats(at: Node) -> Node:
    """Whole numbers in an argument that takes a float become floats, through signs and sums (traverseAndReplaceIntegerNodesWithFloatNodes)."""
    if at.kind == "int":
        return node("float", float(at.value))
    if at.kind == "unary" or (at.kind == "binary" and at.value in ("+", "-", "*")):
        return node(at.kind, at.value, *[as_floats(child) for child in at.children])
    return at


def folded(operator: str, a: Node, b: Node) -> Node:
    """What the optimizer does before anything runs: constants, and `x in 1..9` of a whole number (optimizer/fold.go, in_range.go)."""
    if operator in ("&&", "||"):
        neutral = operator == "&&"
        for one, other in ((a, b), (b, a)):
            if one.kind == "bool" and one.value is neutral:
                return other
        if "bool" in (a.kind, b.kind):
            return node("bool", not neutral)
    if operator == "==" and a.kind == b.kind and a.kind in ("int", "string", "bool"):
        return node("bool", a.value == b.value)
    if operator == "%" and a.kind == b.kind == "int" and b.value == 0:
        raise ConditionError("integer divide by zero")
    if a.kind in _NUMBERS and b.kind in _NUMBERS and operator in ("+", "-", "*", "/", "**"):
        value = OPERATORS[operator](a.value, b.value)
        return node("float" if isinstance(value, float) else "int", value)
    if a.kind == b.kind == "string" and operator == "+":
        return node("string", a.value + b.value)
    return node("binary", operator, a, b)


def within(a: Node, values: Node) -> Node | None:
    """`x in 1..9` of a whole number as two comparisons, so that no range is made; None for anything else."""
    if values.kind != "binary" or values.value != ".." or any(end.kind != "int" for end in values.children):
        return None
    first, last = values.children
    return node("binary", "&&", node("binary", ">=", a, first), node("binary", "<=", a, last))


def signed(operator: str, at: Node) -> Node:
    """A sign before a constant number is part of it."""
    if at.kind in _NUMBERS:
        value = -at.value if operator == "-" else at.value
        return node(at.kind, wrapped(value) if at.kind == "int" else value)
    return node("unary", operator, at)
