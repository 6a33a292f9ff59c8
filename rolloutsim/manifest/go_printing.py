"""Values as Go prints them: `%q`, `%v` and encoding/json, to the letter."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_SHORT = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def quoted(text: str) -> str:
    """Text as `%q` prints it: in double quotes, with escapes for what is not printable (strconv.Quote)."""
    return f'"{text}"' if text.isalnum() and text.isascii() else '"' + "".join(map(_quoted_rune, text)) + '"'


def _quoted_rune(char: str) -> str:
    code = ord(char)
    if code in _SHORT:
        return _SHORT[code]
    if char.isprintable():
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printed(value: Any) -> str:
    """A plain value as `%v` prints it; floats take an exponent from 1e+06 on (strconv 'g', shortest)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _shortest(value, -4, 6) if isinstance(value, float) else str(value)


def as_json(value: Any) -> str:
    """A value as json.Marshal prints it: compact, keys sorted, and `<`, `>`, `&` and line separators escaped."""
    text = _json(value)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _json(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = value if isinstance(value, Struct) else sorted(value, key=str)
        return "{" + ",".join(f"{_json(str(key))}:{_json(value[key])}" for key in keys) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_json, value)) + "]"
    if isinstance(value, float):
        return _shortest(value, -6, 21).replace("e-0", "e-")
    return json.dumps(value, ensure_ascii=False)


def _shortest(value: float, lowest: int, highest: int) -> str:
    if not math.isfinite(value):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) - 1 + exponent
    if lowest <= power < highest or value == 0:
        return f"{Decimal(repr(value)).normalize():f}"
    head, rest = digits[0], "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{head}{'.' + rest if rest else ''}e{'-' if power < 0 else '+'}{abs(power):02d}"


class Struct(dict[str, Any]):
    """A Go struct: its fields keep their order in JSON, where a plain mapping is sorted."""

    @classmethod
    def of(cls, tree: Mapping[str, Any], *names: str) -> Struct:
        """Some fields of a tree, without those that are empty."""
        return cls((name, tree[name]) for name in names if tree.get(name) not in (None, "", [], {}))


class Raw(str):
    """Text that is printed as it stands."""

    __slots__ = ()
