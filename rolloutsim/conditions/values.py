"""Values as Go has them: what a type is called, what is equal, and arithmetic (expr v1.15.5, vm/runtime)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from rolloutsim.conditions.nodes import ConditionError

ANY, NIL, BOOL, INT, INT64, BYTE, FLOAT, STRING = "interface {}", "<nil>", "bool", "int", "int64", "uint8", "float64", "string"
ARRAY, MAP, TIME, DURATION, FUNCTION = (
    "[]interface {}",
    "map[string]interface {}",
    "time.Time",
    "time.Duration",
    "func(...interface {}) (interface {}, error)",
)
NUMBERS = frozenset([INT, INT64, FLOAT])


class Int64(int):
    """An int64, which asInt gives; a plain `int` is Go's int."""


class Byte(int):
    """A uint8: a byte of a text."""


class Instant(float):
    """A time.Time, as seconds of an arbitrary clock."""


class Span(float):
    """A time.Duration, in seconds."""


class Typed(list[Any]):
    """A slice of one type: []float64, []int or []string."""

    def __init__(self, items: Sequence[Any], of: str) -> None:
        super().__init__(items)
        self.of = of


def type_of(value: Any) -> str:
    """What Go's %T prints for a value."""
    match value:
        case None:
            return NIL
        case bool():
            return BOOL
        case Int64():
            return INT64
        case Byte():
            return BYTE
        case int():
            return INT
        case Instant():
            return TIME
        case Span():
            return DURATION
        case float():
            return FLOAT
        case str():
            return STRING
        case Typed():
            return f"[]{value.of}"
        case list():
            return ARRAY
        case dict():
            return MAP
    raise TypeError(value)  # pragma: no cover


def reflected(value: Any, nothing: str = "zero") -> str:
    """Go's reflect.Kind of a value; `nothing` for nil, which each error calls differently."""
    go = type_of(value)
    return "slice" if is_array(go) else {MAP: "map", NIL: nothing, TIME: "struct", DURATION: INT64}.get(go, go)


def element(type_: str) -> str:
    """The element type of a slice, or the value type of a map."""
    return type_.removeprefix("[]") if type_.startswith("[]") else ANY


def is_array(type_: str) -> bool:
    """Whether a type is a slice."""
    return type_.startswith("[]")


def wrapped(value: int) -> int:
    """A whole number in 64 bits, as Go lets it overflow."""
    return (value + 2**63) % 2**64 - 2**63


def to_int(value: Any) -> int:
    """A number cut to an int (runtime.ToInt)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or isinstance(value, Instant | Span):
        raise ConditionError(f"invalid operation: int({type_of(value)})")
    if isinstance(value, float):
        if not math.isfinite(value) or abs(value) >= 2**63:
            return -(2**63)
        return int(value)
    return int(value)


def is_number(value: Any) -> bool:
    """Whether a value is an int or a float, not a bool or a time."""
    return isinstance(value, int | float) and not isinstance(value, bool | Instant | Span)


def size(value: Any, most: int) -> int:
    """How much there is to go through in a value: elements at every depth, and texts; counting ends once it is above `most`."""
    found, waiting = 0, [value]
    while waiting and found <= most:
        item = waiting.pop()
        found += 1
        if isinstance(item, str):
            found += len(item) // 10
        elif isinstance(item, Typed) and item.of != STRING:
            found += len(item)
        elif isinstance(item, list):
            if len(item) > most:
                return found + len(item)
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
    return found


def equal(a: Any, b: Any) -> bool:
    """runtime.Equal: numbers across types, else deeply equal values of the same type; NaN is not equal, but a list is to itself."""
    if isinstance(a, list | dict) and a is b:
        return True
    if is_number(a) and is_number(b):
        return (float(a) == float(b)) if isinstance(a, float) or isinstance(b, float) else int(a) == int(b)
    if isinstance(a, list) and isinstance(b, list):
        return type_of(a) == type_of(b) and len(a) == len(b) and all(_deeply(x, y) for x, y in zip(a, b, strict=True))
    return _deeply(a, b)


def _deeply(a: Any, b: Any) -> bool:
    if type_of(a) != type_of(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(_deeply(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_deeply(a[key], b[key]) for key in a)
    return bool(a == b)


def _compared(symbol: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def apply(a: Any, b: Any) -> bool:
        same = type(a) is type(b) and isinstance(a, str | Instant | Span)
        if not same and not (is_number(a) and is_number(b)):
            raise ConditionError(f"invalid operation: {type_of(a)} {symbol} {type_of(b)}")
        if isinstance(a, str):
            return compare(a.encode(), b.encode())
        return compare(a, b)

    return apply


def _computed(symbol: str, compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(a: Any, b: Any) -> Any:
        if not (is_number(a) and is_number(b)):
            raise ConditionError(f"invalid operation: {type_of(a)} {symbol} {type_of(b)}")
        if isinstance(a, float) or isinstance(b, float):
            return _floats(compute, float(a), float(b))
        return wrapped(compute(int(a), int(b)))

    return apply


def _floats(compute: Callable[[Any, Any], Any], a: float, b: float) -> float:
    try:
        return float(compute(a, b))
    except OverflowError:
        return math.inf


def add(a: Any, b: Any) -> Any:
    """Numbers, texts, and times with durations."""
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    if (
        isinstance(a, Instant | Span)
        and isinstance(b, Instant | Span)
        and (isinstance(a, Instant) or isinstance(b, Instant))
        and type(a) is not type(b)
    ):
        return Instant(float(a) + float(b))
    if isinstance(a, Span) and isinstance(b, Span):
        return Span(float(a) + float(b))
    return _computed("+", lambda x, y: x + y)(a, b)


def subtract(a: Any, b: Any) -> Any:
    """Numbers, and times."""
    if isinstance(a, Instant) and isinstance(b, Instant):
        return Span(float(a) - float(b))
    if isinstance(a, Instant | Span) and isinstance(b, Span):
        return type(a)(float(a) - float(b))
    return _computed("-", lambda x, y: x - y)(a, b)


def divide(a: Any, b: Any) -> float:
    """Always a float; by zero an infinity or NaN."""
    if not (is_number(a) and is_number(b)):
        raise ConditionError(f"invalid operation: {type_of(a)} / {type_of(b)}")
    x, y = float(a), float(b)
    if y == 0:
        return math.nan if x == 0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1, y)
    return x / y


def modulo(a: Any, b: Any) -> int:
    """Of whole numbers, with the sign of the first."""
    whole = isinstance(a, int) and isinstance(b, int) and not isinstance(a, bool) and not isinstance(b, bool)
    if not whole:
        raise ConditionError(f"invalid operation: {type_of(a)} % {type_of(b)}")
    if b == 0:
        raise ConditionError("runtime error: integer divide by zero")
    return int(math.copysign(1, a)) * (abs(a) % abs(b)) if a else 0


def power(a: Any, b: Any) -> float:
    """math.Pow: a float always."""
    for value in (a, b):
        if not is_number(value):
            raise ConditionError(f"invalid operation: float({type_of(value)})")
    x, y = float(a), float(b)
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        if x == 0:
            return -math.inf if math.copysign(1, x) < 0 and y % 2 == 1 else math.inf
        return math.nan


less = _compared("<", lambda x, y: x < y)
more = _compared(">", lambda x, y: x > y)
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": equal,
    "!=": lambda a, b: not equal(a, b),
    "<": less,
    ">": more,
    "<=": _compared("<=", lambda x, y: x <= y),
    ">=": _compared(">=", lambda x, y: x >= y),
    "+": add,
    "-": subtract,
    "*": _computed("*", lambda x, y: x * y),
    "/": divide,
    "%": modulo,
    "**": power,
}
