"""The body of a custom resource against its schema, in the API server's words and order (kube-openapi, pkg/validation/validate).

A JSON Schema library finds what is wrong; here it gets the words. Of several fields the real system takes no certain order, here they are sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rolloutsim.manifest.api_server.schemas import CustomKind, Node
from rolloutsim.manifest.field_errors import Violation, invalid, of_wrong_type, required, unsupported

_LARGEST_COUNTED = 2**53 - 1
_ANY_OF = '"{}" must validate at least one schema (anyOf)'


def body_violations(tree: Any, kind: CustomKind) -> list[Violation]:
    """Everything in an object that its schema does not allow."""
    found: list[tuple[Sequence[str | int], list[Violation]]] = []
    for error in kind.validator.iter_errors(countable(tree)):
        place, keyword = list(error.instance_path), error.schema_path[-1]
        found.append((place, list(_worded(str(keyword), error.instance, place, _node(kind.schema, error.schema_path[:-1]), error))))
    found.sort(key=lambda entry: [(isinstance(part, str), str(part) if isinstance(part, str) else f"{part:09d}") for part in entry[0]])
    return list(dict.fromkeys(violation for _, violations in found for violation in violations))


def countable(tree: Any) -> Any:
    """The tree with numbers that are too large to be counted by a float as broken ones, which is how kube-openapi takes them."""
    if isinstance(tree, dict):
        return {key: countable(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [countable(item) for item in tree]
    return 0.5 if isinstance(tree, float) and abs(tree) > _LARGEST_COUNTED else tree


def _node(schema: Node, path: Sequence[str | int]) -> Node:
    node: Any = schema
    for part in path:
        node = node[part]
    found: Node = node
    return found


def _worded(keyword: str, value: Any, place: Sequence[str | int], node: Node, error: Any) -> Iterator[Violation]:
    field = path_of(place)
    if keyword == "type":
        yield _type_violation(field, value, node["type"])
    elif keyword == "required":
        name = error.kind.property
        yield required(f"{field}.{name}" if field else name)
    elif keyword == "anyOf":
        yield Violation(field, "<nil>", f'Invalid value: "": {_ANY_OF.format(field)}')
        yield _type_violation(field, value, node["anyOf"][0]["type"])
    elif keyword == "enum":
        yield unsupported(field, value, node["enum"])
    elif keyword == "pattern":
        yield invalid(field, value, f"{field} in body should match '{node['pattern']}'")
    else:  # the schemas of Argo Rollouts have no other keyword
        yield invalid(field, value, error.message)


def _type_violation(field: str, value: Any, wanted: str | list[str]) -> Violation:
    kind, words = type_name(value), wanted if isinstance(wanted, str) else ",".join(wanted)
    return of_wrong_type(field, kind, f'{field} in body must be of type {words}: "{kind}"', words)


def type_name(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def path_of(parts: Sequence[str | int]) -> str:
    """A path such as `spec.steps[0].setWeight`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")
