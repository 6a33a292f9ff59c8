"""Objects with a Go type: the first value that does not fit it, and the fields that it does not have, in the words of Go's decoder.

The real decoder reads the fields in the order in which kubectl sends them, which is sorted. Types with a name of their own for a text
(v1.Protocol) are called `string` here: the published schemas do not name them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rolloutsim.manifest.api_server.bodies import countable, path_of
from rolloutsim.manifest.api_server.schemas import BuiltInKind, Node
from rolloutsim.manifest.api_server.structural import Unknown
from rolloutsim.manifest.field_errors import Violation, give
from rolloutsim.manifest.go_printing import printed

Path = tuple[str | int, ...]
QUANTITY, INT_OR_STRING = "Quantity", "IntOrString"
_QUANTITY_WORDS = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_VALUES = {bool: "bool", str: "string", list: "array", dict: "object", int: "number", float: "number"}


def type_violation(tree: Any, kind: BuiltInKind) -> Violation | None:
    """The first value of a wrong type, in Go's words ("" as its field, since they name it); None if all fit."""
    errors = [
        e for e in kind.validator.iter_errors(countable(tree)) if e.schema_path[-1] != "required" and e.instance is not None
    ]  # null is the zero value
    places = {tuple(error.instance_path) for error in errors}
    if not places:
        return None
    first = min(places, key=lambda place: [str(part) if isinstance(part, str) else f"{part:09d}" for part in place])
    words, wanted = _words(tree, kind, first)
    return Violation(path_of(first), "", words, remedy=give(wanted))


def unknown_fields(tree: Any, kind: BuiltInKind) -> list[Unknown]:
    """The fields that the type does not have."""
    return list(_unknown(tree, kind.schema, ""))


def _unknown(tree: Any, node: Node, path: str) -> Iterator[Unknown]:
    _, node = BuiltInKind.resolved(node)
    if isinstance(tree, list):
        for i, item in enumerate(tree):
            yield from _unknown(item, node.get("items", {}), f"{path}[{i}]")
    elif isinstance(tree, dict) and ("properties" in node or "additionalProperties" in node):
        for key in sorted(tree):
            below = f"{path}.{key}" if path else key
            known = node.get("properties", {}).get(key, node.get("additionalProperties"))
            if known is None:
                yield below, list(node.get("properties", {}))
            elif isinstance(known, dict):
                yield from _unknown(tree[key], known, below)


def _words(tree: Any, kind: BuiltInKind, place: Sequence[str | int]) -> tuple[str, str]:
    """What is wrong at a place, and the JSON type that is wanted there."""
    struct, names, node = "", [], kind.schema
    value = tree
    for part in place:
        name, node = BuiltInKind.resolved(node)
        value = value[part]
        if isinstance(part, int):
            node = node["items"]
        elif part in node.get("properties", {}):
            struct = _short(name) or struct
            names.append(part)
            node = node["properties"][part]
        else:
            node = node["additionalProperties"]
    wanted = go_type(node)
    json_type = str(BuiltInKind.resolved(node)[1].get("type", "integer,string"))
    if wanted == QUANTITY:
        return _QUANTITY_WORDS, "string,number"
    given = _VALUES[type(value)]
    if given == "number" and wanted.startswith("int"):
        given = f"number {printed(value)}"
    into = f"Go struct field {struct}.{'.'.join(names)}" if names else "Go value"
    return f"json: cannot unmarshal {given} into {into} of type {wanted}", json_type


def go_type(node: Node) -> str:
    """The Go type of a node, as reflect prints it."""
    name, node = BuiltInKind.resolved(node)
    if _short(name) == QUANTITY:
        return QUANTITY
    if _short(name) == INT_OR_STRING:
        return "int32"
    if "properties" in node and name:
        return ".".join(name.split(".")[-2:])
    if node.get("type") == "array":
        return f"[]{go_type(node['items'])}"
    if node.get("type") == "object":
        return f"map[string]{go_type(node.get('additionalProperties') or {'type': 'string'})}"
    plain = {"integer": str(node.get("format") or "int64"), "boolean": "bool", "number": "float64"}
    return plain.get(str(node.get("type")), "string")


def _short(name: str) -> str:
    return name.rpartition(".")[2]
