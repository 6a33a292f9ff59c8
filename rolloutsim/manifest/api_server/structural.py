"""What a structural schema makes of an object before it is checked: unknown fields found, nulls dropped, defaults put in.

Source: apiextensions-apiserver, pkg/apiserver/schema (pruning, defaulting).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rolloutsim.manifest.api_server.schemas import Node

OF_EVERY_OBJECT = ("apiVersion", "kind", "metadata")


Unknown = tuple[str, list[str]]
"""The path of a field that nobody knows, and the fields that are known in its place."""


def unknown_fields(tree: Any, schema: Node) -> list[Unknown]:
    """The fields that the schema does not have, sorted; metadata is not looked at."""
    return sorted(_unknown(tree, schema, "", is_root=True))


def _unknown(tree: Any, schema: Node | None, path: str, *, is_root: bool = False, is_kept: bool = False) -> Iterator[Unknown]:
    """`is_kept`: the list around it keeps what it does not know (pruning/algorithm.go, skipPrune)."""
    keeps_all = is_kept or (schema is not None and bool(schema.get("x-kubernetes-preserve-unknown-fields")))
    if isinstance(tree, list):
        for i, item in enumerate(tree):
            yield from _unknown(item, (schema or {}).get("items"), f"{path}[{i}]", is_kept=keeps_all)
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if is_root and key in OF_EVERY_OBJECT:
                continue
            below = f"{path}.{key}" if path else key
            known = field_of(schema, key)
            if known is not None:
                yield from _unknown(value, known, below)
            elif not keeps_all:
                yield below, list((schema or {}).get("properties", {}))


def field_of(schema: Node | None, key: str) -> Node | None:
    """The schema of a field of an object, None if it has none."""
    if schema is None:
        return None
    known: Node | None = schema.get("properties", {}).get(key)
    if known is not None:
        return known
    further = schema.get("additionalProperties")
    return further if isinstance(further, dict) else None


def completed(tree: Any, schema: Node | None) -> Any:
    """The tree without nulls, except in lists and where a default stands, and with defaults for what is absent."""
    if isinstance(tree, list):
        items = (schema or {}).get("items")
        return [completed(item, items) for item in tree]
    if not isinstance(tree, dict):
        return tree
    found = {}
    for key, value in tree.items():
        known = field_of(schema, key)
        if value is not None or known is None:
            found[key] = completed(value, known)
    for key, known in (schema or {}).get("properties", {}).items():
        if "default" in known and key not in found:
            found[key] = known["default"]
    return found
