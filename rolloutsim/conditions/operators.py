"""Types that operators take and give (expr v1.15.5, checker.go, BinaryNode)."""

from __future__ import annotations

from collections.abc import Mapping

from rolloutsim.conditions.values import ANY, BOOL, DURATION, FLOAT, INT, INT64, NIL, NUMBERS, STRING, TIME, is_array

WHOLE = frozenset([INT, INT64])
_TRUTH = frozenset([BOOL])
_ORDERED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("<", ">", "<=", ">="), NUMBERS | {STRING, TIME}),
    "-": NUMBERS | {TIME},
    "*": NUMBERS,
    "/": NUMBERS,
    "**": NUMBERS,
    "%": WHOLE,
    "+": NUMBERS | {STRING, TIME, DURATION},
    "..": WHOLE,
    "&&": _TRUTH,
    "||": _TRUTH,
    **dict.fromkeys(("matches", "contains", "startsWith", "endsWith"), frozenset([STRING])),
}
_GIVES = {"/": FLOAT, "**": FLOAT, "..": "[]int"}
_BOOLEAN = frozenset(["<", ">", "<=", ">=", "&&", "||", "matches", "contains", "startsWith", "endsWith"])


def kind(type_: str) -> str:
    """Go's reflect.Kind of a type."""
    return "slice" if is_array(type_) else {DURATION: INT64}.get(type_, type_)


def type_of_operation(operator: str, left: str, right: str) -> str | None:
    """The type of an operation on two types, None if there is none; `==`, `in`, `??` and the pattern of `matches` are looked at elsewhere."""
    if operator == "-" and (left, right) == (TIME, TIME):
        return DURATION
    if (left, operator, right) in ((TIME, "-", DURATION), (TIME, "+", DURATION), (DURATION, "+", TIME)):
        return TIME
    allowed = _ORDERED[operator]
    l_kind, r_kind = (INT64 if t == DURATION and operator not in ("+",) else t for t in (left, right))
    if not _fits(operator, l_kind, r_kind, allowed):
        return None
    if operator in _BOOLEAN:
        return BOOL
    if operator in _GIVES:
        return _GIVES[operator]
    if ANY in (left, right):
        return ANY
    if left == right:
        return left
    return FLOAT if FLOAT in (left, right) else INT


def _fits(operator: str, left: str, right: str, allowed: frozenset[str]) -> bool:
    if left == ANY and right == ANY:
        return True
    if left == ANY:
        return right in allowed
    if right == ANY:
        return left in allowed
    if operator in ("&&", "||"):
        return left == BOOL and right == BOOL
    numbers = WHOLE if operator in ("%", "..") else NUMBERS
    if left in numbers and right in numbers and numbers & allowed:
        return True
    if DURATION in (left, right) and operator == "+":
        return (left in NUMBERS or left == DURATION) and (right in NUMBERS or right == DURATION)
    return left == right and left in (STRING, TIME) and left in allowed and not (operator == "+" and left == TIME)


def comparable(left: str, right: str) -> bool:
    """Whether two types may be compared for equality."""
    if NIL in (left, right) or ANY in (left, right):
        return True
    return kind(left) == kind(right) or (kind(left) in NUMBERS and kind(right) in NUMBERS)
