"""What the language's functions take and give: overloads, or a check of the argument types in the original's words (expr v1.15.5, builtin)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rolloutsim.conditions.nodes import ConditionError
from rolloutsim.conditions.values import ANY, INT, INT64, NIL, NUMBERS, is_array


@dataclass(frozen=True, slots=True)
class Function:
    """A function: overloads as (parameter types, result), or a check of the argument types; and what it does."""

    call: Callable[..., Any]
    overloads: tuple[tuple[tuple[str, ...], str], ...] = ()
    check: Callable[[Sequence[str]], str] | None = None


def _shown(type_: str) -> str:
    """A type as Go's %s prints it: the nil type not at all well."""
    return "%!s(<nil>)" if type_ == NIL else type_


def one_of(name: str, allowed: Callable[[str], bool], gives: Callable[[str], str], text: str) -> Callable[[Sequence[str]], str]:
    """A check of functions of one argument: which types are allowed, what comes out, and the words otherwise."""

    def check(types: Sequence[str]) -> str:
        if len(types) != 1:
            raise ConditionError(f"invalid number of arguments (expected 1, got {len(types)})")
        if types[0] != ANY and not allowed(types[0]):
            raise ConditionError(text.format(name=name, type=_shown(types[0])))
        return gives(types[0])

    return check


def number(name: str, gives: Callable[[str], str], shown: str = "") -> Callable[[Sequence[str]], str]:
    """A check of functions of one number."""
    return one_of(shown or name, lambda t: t in NUMBERS, gives, "invalid argument for {name} (type {type})")


def extreme(name: str) -> Callable[[Sequence[str]], str]:
    """A check of `max` and `min`: numbers, at least one."""

    def check(types: Sequence[str]) -> str:
        if not types:
            raise ConditionError(f"not enough arguments to call {name}")
        for type_ in types:
            if type_ == ANY:
                return ANY
            if type_ not in NUMBERS:
                raise ConditionError(f"invalid argument for {name} (type {_shown(type_)})")
        return types[0]

    return check


def take_types(types: Sequence[str]) -> str:
    """A check of `take`: a list and a number."""
    if len(types) != 2:
        raise ConditionError(f"invalid number of arguments (expected 2, got {len(types)})")
    if types[0] != ANY and not is_array(types[0]):
        raise ConditionError(f"cannot take from {types[0]}")
    if types[1] not in (ANY, INT, INT64):
        raise ConditionError(f"cannot take {types[1]} elements")
    return types[0]
