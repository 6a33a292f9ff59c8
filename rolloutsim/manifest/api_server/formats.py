"""Formats of a schema: what the API server asks of a date, and what becomes of whole numbers that are too large (kube-openapi, pkg/validation/strfmt).

Numbers are not held to their formats (kubernetes issue 136091): the controller then reads them into 32 bits, where they wrap around.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from rolloutsim.manifest.api_server.schemas import Node
from rolloutsim.manifest.api_server.structural import field_of
from rolloutsim.manifest.field_errors import Violation
from rolloutsim.manifest.go_printing import quoted

_TIME = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})")


def is_date_time(text: str) -> bool:
    """Whether a text is a date and time as strfmt takes it (strfmt.IsDateTime)."""
    day, mark, time = text.lower().partition("t")
    found = _TIME.match(time) if mark else None
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return found is not None and found.end() == len(time) and len(day) == 10 and found[1] <= "23" and max(found[2], found[3]) <= "59"


def format_violations(tree: Any, schema: Node | None, path: str = "") -> Iterator[Violation]:
    """Texts that are no date and time where one is wanted."""
    if schema is None:
        return
    if isinstance(tree, list):
        for i, item in enumerate(tree):
            yield from format_violations(item, schema.get("items"), f"{path}[{i}]")
    elif isinstance(tree, dict):
        for key in sorted(tree):
            yield from format_violations(tree[key], field_of(schema, key), f"{path}.{key}" if path else key)
    elif isinstance(tree, str) and schema.get("format") == "date-time" and not is_date_time(tree):
        detail = f"Invalid value: {quoted(tree)}: {path} in body must be of type date-time: {quoted(tree)}"
        yield Violation(path, path, detail, True, "Write it like 2026-01-01T00:00:00Z.")


def in_32_bits(tree: Any, schema: Node | None) -> Any:
    """A tree as the controller reads it: whole numbers of 32 bits wrap around."""
    if schema is None:
        return tree
    if isinstance(tree, list):
        return [in_32_bits(item, schema.get("items")) for item in tree]
    if isinstance(tree, dict):
        return {key: in_32_bits(value, field_of(schema, key)) for key, value in tree.items()}
    wraps = schema.get("format") == "int32" and type(tree) is int and not -(2**31) <= tree < 2**31
    return (tree + 2**31) % 2**32 - 2**31 if wraps else tree
