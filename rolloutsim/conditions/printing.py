"""Values as texts: `string`, which is Go's `%v`, and `toJSON` (expr v1.15.5, builtin; fmt; encoding/json)."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from rolloutsim.conditions.nodes import ConditionError, Unsupported
from rolloutsim.conditions.values import Instant, Span, size
from rolloutsim.manifest.go_printing import as_json, printed

MOST_SHOWN = 10_000
"""Elements of a value that is printed."""
_NANO = Decimal("1e-9")


def as_text(value: Any) -> str:
    """What `%v` prints; Unsupported for a value that nobody would read."""
    _bounded(value)
    return _printed(value)


def to_json(value: Any) -> str:
    """A value as JSON, two spaces deeper at each level, keys sorted (json.MarshalIndent)."""
    _bounded(value)
    return _indented(value, "\n")


def _bounded(value: Any) -> None:
    if size(value, MOST_SHOWN) > MOST_SHOWN:
        raise Unsupported(f"printing more than {MOST_SHOWN:,} elements")


def _printed(value: Any) -> str:
    match value:
        case None:
            return "<nil>"
        case list():
            return f"[{' '.join(map(_printed, value))}]"
        case dict():
            return f"map[{' '.join(f'{key}:{_printed(value[key])}' for key in sorted(value))}]"
        case Instant():
            raise Unsupported("printing a time")
        case Span():
            return _duration(float(value))
    return printed(value)


def _duration(seconds: float) -> str:
    """A duration as Go prints it, `1h0m0s` (time.Duration.String)."""
    whole = Decimal(repr(seconds)).quantize(_NANO)
    sign, whole = ("-" if whole < 0 else ""), abs(whole)
    if whole == 0:
        return "0s"
    for unit, scale in (("ns", Decimal("1e-6")), ("µs", Decimal("1e-3")), ("ms", Decimal(1))):
        if whole < scale:
            return f"{sign}{(whole * 1000 / scale).normalize():f}{unit}"
    minutes, rest = divmod(whole, 60)
    shown = f"{rest.normalize():f}s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        shown = (f"{hours:f}h" if hours else "") + f"{minutes:f}m{shown}"
    return sign + shown


def _indented(value: Any, line: str) -> str:
    if isinstance(value, Instant | Span):
        raise Unsupported("a time as JSON")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConditionError(f"json: unsupported value: {printed(value)}")
    inner = line + "  "
    if isinstance(value, list) and value:
        return "[" + ",".join(inner + _indented(item, inner) for item in value) + line + "]"
    if isinstance(value, dict) and value:
        return "{" + ",".join(f"{inner}{as_json(key)}: {_indented(value[key], inner)}" for key in sorted(value)) + line + "}"
    return as_json(int(value) if isinstance(value, int) and not isinstance(value, bool) else value)
