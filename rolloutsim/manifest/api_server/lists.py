"""Lists whose entries have to differ (x-kubernetes-list-type set and map; apiextensions-apiserver, pkg/apiserver/schema/listtype)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rolloutsim.manifest.api_server.schemas import Node
from rolloutsim.manifest.field_errors import Violation, duplicate, invalid
from rolloutsim.manifest.go_printing import as_json


def duplicate_violations(tree: Any, schema: Node, field: str = "") -> Iterator[Violation]:
    """Entries that stand twice, found from the root down."""
    if isinstance(tree, list):
        kind, items = schema.get("x-kubernetes-list-type"), schema.get("items")
        if kind == "set":
            yield from (duplicate(f"{field}[{i}]", tree[i]) for i in _second(tree))
        elif kind == "map":
            yield from _same_keys(tree, schema["x-kubernetes-list-map-keys"], field)
        for i, item in enumerate(tree):
            if items is not None:
                yield from duplicate_violations(item, items, f"{field}[{i}]")
    elif isinstance(tree, dict):
        further = schema.get("additionalProperties")
        for key in sorted(tree):
            known = schema.get("properties", {}).get(key)
            if isinstance(further, dict):
                yield from duplicate_violations(tree[key], further, f"{field}[{key}]")
            if known is not None:
                yield from duplicate_violations(tree[key], known, f"{field}.{key}" if field else key)


def _same_keys(tree: list[Any], keys: list[str], field: str) -> Iterator[Violation]:
    for i, item in enumerate(tree):
        if item is not None and not isinstance(item, dict):
            yield invalid(f"{field}[{i}]", item, "must be an object for an array of list-type map")
            return
    known = [{key: item[key] for key in keys if key in item} for item in (item or {} for item in tree)]
    yield from (duplicate(f"{field}[{i}]", known[i]) for i in _second(known))


def _second(values: list[Any]) -> Iterator[int]:
    """Where a value stands for the second time; further times are not said."""
    times: dict[str, int] = {}
    for i, value in enumerate(values):
        text = as_json(value)
        times[text] = times.get(text, 0) + 1
        if times[text] == 2:
            yield i
