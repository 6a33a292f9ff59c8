"""Literals as the original's lexer reads them: numbers and texts with escapes (expr v1.15.5, parser/lexer)."""

from __future__ import annotations

import math
import re

from rolloutsim.conditions.nodes import ConditionError, Node, node

_LARGEST_INT = 2**63 - 1
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9][0-9_]*)?(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}
_CODE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})")


def number(text: str) -> Node:
    """A number's node: hexadecimal, decimal, or a float; ConditionError for what looks like one only (octal and binary are such)."""
    if not _NUMBER.fullmatch(text):
        raise ConditionError(f'bad number syntax: "{text}"')
    digits = text.replace("_", "")
    if "x" in digits:
        return _whole("hex", digits, digits[2:] if re.fullmatch("0x[0-9a-fA-F]+", digits) else "", 16)
    if not set(".eE") & set(digits):
        return _whole("integer", digits, digits if digits.isdigit() else "", 10)
    try:
        value = float(digits)
    except ValueError:
        raise ConditionError(f'invalid float literal: strconv.ParseFloat: parsing "{digits}": invalid syntax') from None
    if math.isinf(value):
        raise ConditionError(f'invalid float literal: strconv.ParseFloat: parsing "{digits}": value out of range')
    return node("float", value)


def _whole(kind: str, text: str, digits: str, radix: int) -> Node:
    words = f'invalid {kind} literal: strconv.ParseInt: parsing "{text}": '
    digits = digits.lstrip("0") or digits[:1]
    if not digits:
        raise ConditionError(words + "invalid syntax")
    value = int(digits[:20], radix)  # more than 19 digits are too many whatever follows
    if value > _LARGEST_INT:
        raise ConditionError(words + "value out of range")
    return node("int", value)


def unescaped(text: str) -> str:
    """What stands between a literal's quotes; ConditionError for an escape that is none."""
    if "\\" not in text:
        return text[1:-1]
    quote, inner, found, at = text[0], text[1:-1], list[str](), 0
    while at < len(inner):
        if inner[at] != "\\":
            found.append(inner[at])
            at += 1
            continue
        following = inner[at + 1]
        if following == quote or following in _ESCAPES:
            found.append(_ESCAPES.get(following, following))
            at += 2
            continue
        code = _CODE.match(inner, at + 1)
        if code is None:
            raise ConditionError("invalid char escape")
        found.append(_character(code))
        at = code.end()
    return "".join(found)


def _character(code: re.Match[str]) -> str:
    value = int(code[4], 8) if code[4] else int(code[1] or code[2] or code[3], 16)
    if value > 0x10FFFF or (code[4] and code[4] > "377"):
        raise ConditionError("unable to unescape string")
    return "\ufffd" if 0xD800 <= value < 0xE000 else chr(value)
