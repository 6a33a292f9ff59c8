"""Operators by binding strength: a flat row of operands, prefixes, operators and pipes into one tree, as the original's parser climbs it.

Its ways are kept where they surprise: a `not` before an operator that binds too weakly is lost (`-1 not in x` is `-1 in x`), a pipe takes all that
stands before it and goes on as an operand. Source: expr v1.15.5, parser/parser.go, parseExpression; parser/operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rolloutsim.conditions.nodes import DEEPEST, ConditionError, Node, Unsupported, node

PREFIXES = {"not": 50, "!": 50, "-": 90, "+": 90}
_LEVELS = (
    (10, ("or", "||")),
    (15, ("and", "&&")),
    (20, ("==", "!=", "<", ">", ">=", "<=", "in", "matches", "contains", "startsWith", "endsWith")),
    (25, ("..",)),
    (30, ("+", "-")),
    (60, ("*", "/", "%")),
    (100, ("**", "^")),
    (500, ("??",)),
)
STRENGTHS = {operator: strength for strength, operators in _LEVELS for operator in operators}
_FROM_THE_RIGHT = frozenset(["**", "^"])


class Pipe(NamedTuple):
    """`| name(arguments)`: a call whose first argument is what stands before it."""

    name: str
    arguments: tuple[Node, ...]

    def of(self, first: Node) -> Node:
        """The call."""
        return node("call", self.name, first, *self.arguments)


class Row:
    """A row of parts, read from left to right."""

    def __init__(self, parts: Sequence[Node | Pipe | str]) -> None:
        self._parts = parts
        self._at = 0
        self._nesting = 0

    def tree(self) -> Node:
        """The tree of all parts; ConditionError for one that is left over."""
        found = self._operation(0)
        if self._at < len(self._parts):
            raise ConditionError(f'unexpected token Operator("{self._parts[self._at]}")')
        return found

    def _operation(self, weakest: int) -> Node:
        self._nesting += 1
        if self._nesting > DEEPEST:
            raise Unsupported(f"more than {DEEPEST} levels of nesting")
        found = self._climbed(weakest)
        self._nesting -= 1
        return found

    def _climbed(self, weakest: int) -> Node:
        left, before = self._operand(), ""
        while self._at < len(self._parts):
            part, negated = self._parts[self._at], False
            if part == "not":
                self._at, negated = self._at + 1, True
                part = self._parts[self._at]
            if isinstance(part, Pipe):
                if weakest > 0:
                    break
                self._at += 1
                left, before = part.of(left), "|"
                continue
            assert isinstance(part, str)
            strength = STRENGTHS[part]
            if strength < weakest:
                break
            self._at += 1
            if before == "??" != part:
                raise ConditionError(f"Operator ({part}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.")
            right = self._operation(strength if part in _FROM_THE_RIGHT else strength + 1)
            left, before = node("binary", part, left, right), part
            if negated:
                left = node("unary", "not", left)
        return left

    def _operand(self) -> Node:
        part = self._parts[self._at]
        self._at += 1
        if isinstance(part, str):
            return node("unary", part, self._operation(PREFIXES[part]))
        assert isinstance(part, Node)
        return part
