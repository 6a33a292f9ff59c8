"""The language's functions: what they take, what they give, and what they do (expr v1.15.5, builtin; argo-rollouts utils/evaluate)."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any

from rolloutsim.conditions import printing, texts
from rolloutsim.conditions.conversions import as_float, as_int, as_text, float_argument, to_float, to_whole
from rolloutsim.conditions.dates import date, now
from rolloutsim.conditions.nodes import ConditionError
from rolloutsim.conditions.ordering import order_types, sort, sort_by
from rolloutsim.conditions.signatures import Function, extreme, number, one_of, take_types
from rolloutsim.conditions.values import (
    ANY,
    ARRAY,
    BYTE,
    DURATION,
    FLOAT,
    INT,
    INT64,
    MAP,
    NIL,
    NUMBERS,
    STRING,
    TIME,
    Span,
    Typed,
    element,
    is_array,
    is_number,
    less,
    more,
    reflected,
    type_of,
    wrapped,
)
from rolloutsim.quantities import parse_go_duration

PREDICATES = frozenset(["all", "none", "any", "one", "filter", "map", "count", "find", "findIndex", "findLast", "findLastIndex", "reduce"])
"""Functions of a list and a closure; the checker and the evaluator know them."""
NOT_SUPPORTED = frozenset(["groupBy", "toPairs", "fromPairs"])
GIVEN = frozenset(["result", "asInt", "asFloat", "isNaN", "isInf", "isNil", "default"])


# --- functions -----------------------------------------------------------------------------------------------------------------------


def length(value: Any) -> int:
    """len of a text (in bytes), list or map."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list | dict):
        return len(value)
    raise ConditionError(f"invalid argument for len (type {type_of(value)})")


def _type_name(value: Any) -> str:
    go = type_of(value)
    names = {NIL: "nil", INT: "int", INT64: "int", BYTE: "uint", FLOAT: "float", MAP: "map", TIME: "time.Time", DURATION: "time.Duration"}
    return names.get(go, "array" if is_array(go) else go)


def _numeric(name: str, apply: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        if not is_number(value):
            raise ConditionError(f"invalid argument for {name} (type {type_of(value)})")
        return apply(value)

    return call


def _rounded(value: Any) -> float:
    """Half away from zero, as math.Round does."""
    x = float(value)
    return x if not math.isfinite(x) else math.copysign(math.floor(abs(x) + 0.5), x)


def _whole(apply: Callable[[float], float]) -> Callable[[Any], float]:
    return lambda value: float(value) if not math.isfinite(value) else float(apply(value))


def _extreme_of(is_better: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        best = None
        for value in values:
            if best is None or is_better(value, best):
                best = value
        return best

    return call


def _numbers(name: str, values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise ConditionError(f"cannot {name} {_kind(values)}")
    for value in values:
        if not is_number(value):
            raise ConditionError(f"cannot {name} {_kind(value)}")
    return values


def _kind(value: Any) -> str:
    return reflected(value, nothing="invalid")


def _sum(values: Any) -> Any:
    found = _numbers("sum", values)
    return float(sum(found)) if any(isinstance(value, float) for value in found) else wrapped(sum(found))


def _mean(values: Any) -> float:
    found = _numbers("mean", values)
    return float(sum(float(value) for value in found)) / len(found) if found else 0.0


def _median(values: Any) -> float:
    found = sorted(float(value) for value in _numbers("median", values))
    half = len(found) // 2
    return 0.0 if not found else found[half] if len(found) % 2 else (found[half - 1] + found[half]) / 2


def _from_json(text: str) -> Any:
    def floats(value: Any) -> Any:
        if isinstance(value, list):
            return [floats(item) for item in value]
        if isinstance(value, dict):
            return {key: floats(item) for key, item in value.items()}
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    try:
        return floats(json.loads(text))
    except (ValueError, OverflowError, RecursionError) as error:
        raise ConditionError(f"invalid character in JSON: {str(error).splitlines()[0]}") from error


def _duration(text: str) -> Span:
    try:
        return Span(parse_go_duration(text))
    except ValueError as error:
        raise ConditionError(str(error)) from error


def _take(values: Any, n: Any) -> Any:
    if not isinstance(values, list):
        raise ConditionError(f"cannot take from {_kind(values)}")
    if not isinstance(n, int) or isinstance(n, bool):
        raise ConditionError(f"cannot take {_kind(n)} elements")
    if n > len(values):
        return values
    if n < 0:
        raise ConditionError("reflect.Value.Slice: slice index out of bounds")
    return Typed(values[:n], values.of) if isinstance(values, Typed) else values[:n]


def _keys(values: Any) -> list[Any]:
    if not isinstance(values, dict):
        raise ConditionError(f"cannot get keys from {_kind(values)}")
    return list(values)


def _values(values: Any) -> list[Any]:
    if not isinstance(values, dict):
        raise ConditionError(f"cannot get values from {_kind(values)}")
    return list(values.values())


_ONE_TEXT = (((STRING,), STRING),)
_TWO_TEXTS = (((STRING, STRING), STRING),)

FUNCTIONS: dict[str, Function] = {
    "asInt": Function(as_int, (((ANY,), INT64),)),
    "asFloat": Function(as_float, (((ANY,), FLOAT),)),
    "isNaN": Function(lambda x: math.isnan(float_argument(x)), (((FLOAT,), "bool"),)),
    "isInf": Function(lambda x: math.isinf(float_argument(x)), (((FLOAT,), "bool"),)),
    "len": Function(
        length, check=one_of("len", lambda t: t in (MAP, STRING) or is_array(t), lambda _: INT, "invalid argument for {name} (type {type})")
    ),
    "type": Function(_type_name, (((ANY,), STRING),)),
    "abs": Function(_numeric("abs", lambda x: x if not x < 0 else -x), check=number("abs", lambda t: t)),
    "ceil": Function(_numeric("ceil", _whole(math.ceil)), check=number("ceil", lambda _: FLOAT)),
    "floor": Function(_numeric("floor", _whole(math.floor)), check=number("floor", lambda _: FLOAT)),
    "round": Function(_numeric("round", _rounded), check=number("round", lambda _: FLOAT, shown="floor")),
    "int": Function(to_whole, check=one_of("int", lambda t: t in NUMBERS or t == STRING, lambda _: INT, "invalid argument for {name} (type {type})")),
    "float": Function(
        to_float, check=one_of("float", lambda t: t in NUMBERS or t == STRING, lambda _: FLOAT, "invalid argument for {name} (type {type})")
    ),
    "upper": Function(lambda text: as_text(text).upper(), _ONE_TEXT),
    "lower": Function(lambda text: as_text(text).lower(), _ONE_TEXT),
    "trim": Function(lambda text, *cut: as_text(text).strip(*map(as_text, cut)), (*_ONE_TEXT, ((STRING, STRING), STRING))),
    "trimPrefix": Function(lambda text, part=" ": as_text(text).removeprefix(as_text(part)), (*_TWO_TEXTS, *_ONE_TEXT)),
    "trimSuffix": Function(lambda text, part=" ": as_text(text).removesuffix(as_text(part)), (*_TWO_TEXTS, *_ONE_TEXT)),
    "split": Function(
        texts.split,
        (((STRING, STRING), "[]string"), ((STRING, STRING, INT), "[]string")),
    ),
    "splitAfter": Function(
        lambda text, at, *most: texts.split(text, at, *most, after=True),
        (((STRING, STRING), "[]string"), ((STRING, STRING, INT), "[]string")),
    ),
    "replace": Function(
        texts.replace,
        (((STRING, STRING, STRING, INT), STRING), ((STRING, STRING, STRING), STRING)),
    ),
    "repeat": Function(lambda text, n: texts.repeat(as_text(text), n), (((STRING, INT), STRING),)),
    "join": Function(texts.join, ((("[]string", STRING), STRING), ((ARRAY, STRING), STRING), ((ARRAY,), STRING), (("[]string",), STRING))),
    "indexOf": Function(lambda text, part: as_text(text).encode().find(as_text(part).encode()), (((STRING, STRING), INT),)),
    "lastIndexOf": Function(lambda text, part: as_text(text).encode().rfind(as_text(part).encode()), (((STRING, STRING), INT),)),
    "hasPrefix": Function(lambda text, part: as_text(text).startswith(as_text(part)), (((STRING, STRING), "bool"),)),
    "hasSuffix": Function(lambda text, part: as_text(text).endswith(as_text(part)), (((STRING, STRING), "bool"),)),
    "max": Function(_extreme_of(lambda value, best: less(best, value)), check=extreme("max")),
    "min": Function(_extreme_of(lambda value, best: more(best, value)), check=extreme("min")),
    "sum": Function(_sum, check=one_of("sum", is_array, lambda _: ANY, "cannot sum {type}")),
    "mean": Function(_mean, check=one_of("mean", is_array, lambda _: FLOAT, "cannot avg {type}")),
    "median": Function(_median, check=one_of("median", is_array, lambda _: FLOAT, "cannot median {type}")),
    "fromJSON": Function(lambda text: _from_json(as_text(text)), (((STRING,), ANY),)),
    "toBase64": Function(lambda text: base64.b64encode(as_text(text).encode()).decode(), _ONE_TEXT),
    "fromBase64": Function(lambda text: texts.from_base64(as_text(text)), _ONE_TEXT),
    "now": Function(now, (((), TIME),)),
    "date": Function(
        lambda text, *layout: date(as_text(text), *layout),
        (((STRING,), TIME), ((STRING, STRING), TIME), ((STRING, STRING, STRING), TIME)),
    ),
    "string": Function(printing.as_text, (((ANY,), STRING),)),
    "toJSON": Function(printing.to_json, (((ANY,), STRING),)),
    "sort": Function(sort, check=order_types(1)),
    "sortBy": Function(sort_by, check=order_types(2)),
    "duration": Function(lambda text: _duration(as_text(text)), (((STRING,), DURATION),)),
    "first": Function(
        lambda v: v[0] if isinstance(v, list) and v else None, check=one_of("first", is_array, element, "cannot get first element from {type}")
    ),
    "last": Function(
        lambda v: v[-1] if isinstance(v, list) and v else None, check=one_of("last", is_array, element, "cannot get last element from {type}")
    ),
    "take": Function(_take, check=take_types),
    "keys": Function(_keys, check=one_of("keys", lambda t: t == MAP, lambda _: ARRAY, "cannot get keys from {type}")),
    "values": Function(_values, check=one_of("values", lambda t: t == MAP, lambda _: ARRAY, "cannot get values from {type}")),
}
