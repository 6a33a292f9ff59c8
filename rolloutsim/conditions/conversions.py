"""From one type to another: numbers out of texts as strconv reads them, and values as Go prints them."""

from __future__ import annotations

import math
import re
from typing import Any

from rolloutsim.conditions import printing
from rolloutsim.conditions.nodes import ConditionError, Unsupported
from rolloutsim.conditions.values import Instant, Int64, Span, is_number, to_int, type_of


def as_int(value: Any) -> Int64:
    """asInt of argo-rollouts: numbers cut, texts parsed."""
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?[0-9]+", value):
            raise ConditionError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
        found = _int64(value)
        if found is None:
            raise ConditionError(f'strconv.ParseInt: parsing "{value}": value out of range')
        return Int64(found)
    if not is_number(value):
        raise ConditionError(f"asInt() not supported on {type_of(value)} {go_text(value)}")
    return Int64(to_int(value))


def _int64(text: str) -> int | None:
    """A whole number of 64 bits from its digits; None for one that is larger."""
    sign, digits = text[:1] == "-", text.lstrip("+-").lstrip("0") or "0"
    found = int(digits[:20]) * (-1 if sign else 1)
    return found if len(digits) < 20 and -(2**63) <= found < 2**63 else None


def as_float(value: Any) -> float:
    """asFloat of argo-rollouts: numbers converted, texts parsed."""
    if isinstance(value, str):
        words = f'strconv.ParseFloat: parsing "{value}": '
        return _parsed_float(value, words + "invalid syntax", words + "value out of range")
    if not is_number(value):
        raise ConditionError(f"asFloat() not supported on {type_of(value)} {go_text(value)}")
    return float(value)


def _parsed_float(text: str, syntax: str, too_large: str) -> float:
    """strconv.ParseFloat, or an error in one of the two given words."""
    if re.fullmatch(r"(?i)[+-]?0x_?[0-9a-f_.]+p[+-]?[0-9]+", text):
        raise Unsupported("hexadecimal floats")
    if not re.fullmatch(r"(?i)[+-]?([0-9]+\.?[0-9]*(e[+-]?[0-9]+)?|\.[0-9]+(e[+-]?[0-9]+)?|inf|infinity|nan)", text):
        raise ConditionError(syntax)
    found = float(text)
    if math.isinf(found) and "inf" not in text.lower():
        raise ConditionError(too_large)
    return found


def as_text(value: Any) -> str:
    """A value that must be a text (a Go type assertion)."""
    if not isinstance(value, str):
        raise ConditionError(f"interface conversion: interface {{}} is {type_of(value) if value is not None else 'nil'}, not string")
    return value


def float_argument(value: Any) -> float:
    """A value that must be a float64 (a Go type assertion)."""
    if not isinstance(value, float) or isinstance(value, Instant | Span):
        raise ConditionError(f"interface conversion: interface {{}} is {type_of(value) if value is not None else 'nil'}, not float64")
    return value


def go_text(value: Any) -> str:
    """What Go's %v prints, as errors need it; a time they leave out."""
    return "" if isinstance(value, Instant) else printing.as_text(value)


def to_whole(value: Any) -> int:
    """int of the language: numbers cut, texts parsed."""
    if isinstance(value, str):
        found = _int64(value) if re.fullmatch(r"[+-]?[0-9]+", value) else None
        if found is None:
            raise ConditionError(f"invalid operation: int({value})")
        return found
    return to_int(value)


def to_float(value: Any) -> float:
    """float of the language: numbers converted, texts parsed."""
    if isinstance(value, str):
        words = f"invalid operation: float({value})"
        return _parsed_float(value, words, words)
    if not is_number(value):
        raise ConditionError(f"invalid operation: float({type_of(value)})")
    return float(value)
