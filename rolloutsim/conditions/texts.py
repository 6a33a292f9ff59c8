"""Functions of texts, and how long a text they may make (expr v1.15.5, builtin/lib.go; Go's strings)."""

from __future__ import annotations

import base64
from typing import Any

from rolloutsim.conditions.conversions import as_text
from rolloutsim.conditions.nodes import ConditionError, Unsupported
from rolloutsim.conditions.values import STRING, Typed, to_int, type_of

LONGEST_TEXT = 1_000_000
"""A text that a function makes may be as long as one that `repeat` does."""


def split(text: Any, separator: Any, *most: Any, after: bool = False) -> Typed:
    """strings.Split, SplitN, SplitAfter and SplitAfterN."""
    whole, at = as_text(text), as_text(separator)
    limit = to_int(most[0]) if most else -1
    if limit == 0:
        return Typed([], STRING)
    if at:
        parts = whole.split(at, limit - 1 if limit > 0 else -1)
    else:
        parts = list(whole) if limit < 0 or len(whole) <= limit else [*whole[: limit - 1], whole[limit - 1 :]]
    return Typed([part + at for part in parts[:-1]] + parts[-1:] if after else parts, STRING)


def from_base64(text: str) -> str:
    """Decoded base64."""
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True).decode("utf-8", "replace")
    except ValueError as error:
        raise ConditionError("illegal base64 data at input byte 0") from error


def repeat(text: str, times: Any) -> str:
    """A text several times."""
    n = to_int(times)
    if n > 1e6 or n * len(text) > 1e6:
        raise ConditionError("memory budget exceeded")
    if n < 0:
        raise ConditionError("strings: negative Repeat count")
    return text * n


def join(values: Any, glue: str = "") -> str:
    """Texts as one, with glue between them."""
    if not isinstance(values, list):
        raise ConditionError(f"invalid argument for join (type {type_of(values)})")
    texts = [as_text(value) for value in values]
    _bounded(sum(map(len, texts)) + len(as_text(glue)) * len(texts))
    return glue.join(texts)


def replace(text: str, old: str, new: str, most: Any = -1) -> str:
    """A text with a part of it replaced."""
    count = to_int(most)
    hits = as_text(text).count(as_text(old))
    _bounded(len(text) + len(as_text(new)) * (hits if count < 0 else min(hits, count)))
    return text.replace(old, new, count)


def _bounded(characters: int) -> None:
    """Refuse to make a text that nobody would write."""
    if characters > LONGEST_TEXT:
        raise Unsupported(f"a text of more than {LONGEST_TEXT:,} characters")
