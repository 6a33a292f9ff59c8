"""What the original does to a checked condition before it runs (expr v1.15.5, optimizer and checker)."""

from __future__ import annotations

from rolloutsim.conditions.nodes import ConditionError, Node, node


def as_floats(at: Node) -> Node:
    """Whole numbers in an argument that takes a float become floats, through signs and sums (traverseAndReplaceIntegerNodesWithFloatNodes)."""
    if at.kind == "int":
        return node("float", float(at.value))
    if at.kind == "unary" or (at.kind == "binary" and at.value in ("+", "-", "*")):
        return node(at.kind, at.value, *[as_floats(child) for child in at.children])
    return at


def folded(operator: str, a: Node, b: Node) -> Node:
    """What the optimizer does before anything runs: constants of `&&`, `||` and `==` (optimizer/fold.go), a text in a list of texts."""
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
    return node("binary", operator, a, b)
