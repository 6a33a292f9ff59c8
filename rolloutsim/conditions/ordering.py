"""`sort` and `sortBy`: lists of one type in order (expr v1.15.5, builtin/sort.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rolloutsim.conditions.nodes import ConditionError
from rolloutsim.conditions.values import ANY, ARRAY, NIL, NUMBERS, STRING, is_array, reflected, type_of


def order_types(least: int) -> Any:
    """A check of the argument types: a list, a field's name for `sortBy`, and "asc" or "desc"."""

    def check(types: Sequence[str]) -> str:
        if not least <= len(types) <= least + 1:
            raise ConditionError(f"invalid number of arguments (expected {least} or {least + 1}, got {len(types)})")
        if types[0] != ANY and not is_array(types[0]):
            raise ConditionError(f"cannot sort {_shown(types[0])}")
        if any(type_ not in (ANY, STRING) for type_ in types[1:]):
            raise ConditionError(f"invalid argument for sort (expected string, got {_shown(types[1])})")
        return ARRAY

    return check


def sort(values: Any, direction: Any = "asc") -> list[Any]:
    """A list in order; ConditionError for elements of several types, or of one that has no order."""
    return _ordered(values, "", direction)


def sort_by(values: Any, field: Any, direction: Any = "asc") -> list[Any]:
    """A list of maps in the order of one of their members."""
    if isinstance(values, list) and not isinstance(field, str):
        raise ConditionError(f"invalid argument for sort (expected string, got {_shown(type_of(field))})")
    return _ordered(values, field, direction)


def _ordered(values: Any, field: Any, direction: Any) -> list[Any]:
    if not isinstance(values, list):
        raise ConditionError(f"cannot sort {reflected(values, nothing='invalid')}")
    descending = _is_descending(direction)
    keys = [_key(value, field) for value in values]
    for key in keys[1:]:
        if type_of(key) != type_of(keys[0]):
            raise ConditionError(f"cannot sort array of different types ({_name(key)} and {_name(keys[0])})")
    if len(keys) > 1 and type_of(keys[0]) not in {*NUMBERS, STRING}:
        raise ConditionError(f"sort: unsupported type {reflected(keys[0], nothing='interface')}")
    found = sorted(zip(keys, values, strict=True), key=lambda pair: pair[0].encode() if isinstance(pair[0], str) else pair[0])
    return [value for _, value in (reversed(found) if descending else found)]


def _is_descending(direction: Any) -> bool:
    if not isinstance(direction, str):
        raise ConditionError(f"invalid argument for sort (expected string, got {_shown(type_of(direction))})")
    if direction not in ("asc", "desc"):
        raise ConditionError(f'invalid argument for sort (expected "asc" or "desc", got "{direction}")')
    return direction == "desc"


def _key(value: Any, field: str) -> Any:
    if not isinstance(value, dict):
        return value
    if field not in value:
        raise ConditionError("cannot deref <invalid reflect.Value>")
    return value[field]


def _name(value: Any) -> str:
    return "interface {}" if value is None else type_of(value)


def _shown(type_: str) -> str:
    """A type as Go's %s prints it: the nil type not at all well."""
    return "%!s(<nil>)" if type_ == NIL else type_
