"""The API server's answer to one object: strict decoding, then validation, in its order and words (spec/validation.md 6)."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rolloutsim.manifest.api_server import structural, typed
from rolloutsim.manifest.api_server.bodies import body_violations
from rolloutsim.manifest.api_server.formats import format_violations, in_32_bits
from rolloutsim.manifest.api_server.ingresses import ingress_violations
from rolloutsim.manifest.api_server.lists import duplicate_violations
from rolloutsim.manifest.api_server.metadata import metadata_violations
from rolloutsim.manifest.api_server.schemas import BuiltInKind, CustomKind, built_in_kind, custom_kind, known_versions, object_meta
from rolloutsim.manifest.api_server.services import service_violations
from rolloutsim.manifest.api_server.structural import Unknown, completed
from rolloutsim.manifest.api_server.typed import type_violation
from rolloutsim.manifest.field_errors import Violation, invalid, joined
from rolloutsim.manifest.go_printing import quoted
from rolloutsim.manifest.names import label_errors, service_name_errors, subdomain_errors

CREATED = "created"
_UNCHECKED = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"
Tree = Mapping[str, Any]
_RULES: Mapping[str, Callable[[Tree], Iterator[Violation]]] = {"Service": service_violations, "Ingress": ingress_violations}
_NAMES: Mapping[str, Callable[[str], list[str]]] = {
    "Service": service_name_errors,
    "Namespace": label_errors,
    **dict.fromkeys(("Ingress", "Deployment", "ConfigMap", "Secret", "HorizontalPodAutoscaler", "PodDisruptionBudget"), subdomain_errors),
}
"""What is allowed as a name, of kinds that stand in most folders."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server says: `created`, or why not. `stored` is the object as it then stands, None if it was refused.

    `is_known` tells whether its kind was checked at all; the custom resources of others are taken as they are.
    """

    words: str
    violations: tuple[Violation, ...] = ()
    stored: Tree | None = None
    is_known: bool = True


def apply(tree: Tree) -> Answer:
    """Apply one object, given as plain JSON-like data with apiVersion and kind as text."""
    api_version, kind = str(tree.get("apiVersion")), str(tree.get("kind"))
    tree = _as_sent(tree)
    custom = custom_kind(api_version, kind)
    if custom is not None:
        return _apply_custom(tree, custom)
    built_in = built_in_kind(api_version, kind)
    if built_in is not None:
        return _apply_built_in(tree, built_in)
    if api_version.count("/") > 1:
        words = f"unexpected GroupVersion string: {api_version}"
        return Answer(words, (Violation("apiVersion", "apiVersion", words),))
    if known_versions(kind) and api_version.rpartition("/")[0] in ("", *(version.rpartition("/")[0] for version in known_versions(kind))):
        words = f"no matches for kind {quoted(kind)} in version {quoted(api_version)}"
        return Answer(words, (Violation("apiVersion", "apiVersion", words),))
    return Answer(CREATED, (), tree, is_known=False)


def _as_sent(value: Any) -> Any:
    """Data as JSON has it: numbers are int64 or float, and whole floats are whole numbers."""
    if isinstance(value, Mapping):
        return {str(key): _as_sent(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_sent(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        value = int(value)
    return float(value) if type(value) is int and not -(2**63) <= value < 2**63 else value


def _apply_custom(tree: Tree, kind: CustomKind) -> Answer:
    meta = _without_nulls(tree.get("metadata"))
    mistyped = type_violation(meta, object_meta()) if meta is not None else None
    if mistyped is not None:
        return _unreadable(tree, [mistyped.below("metadata", "")], mistyped.detail)
    unknown = [(f"metadata.{path}", known) for path, known in typed.unknown_fields(meta, object_meta())]
    unknown += structural.unknown_fields(tree, kind.schema)
    if unknown:
        return _unknown(tree, unknown)
    stored = {**completed(tree, kind.schema), **({} if meta is None else {"metadata": meta})}
    stored.pop("status", None)
    found = list(metadata_violations(meta or {}, subdomain_errors, is_namespaced=kind.is_namespaced))
    found += body_violations(stored, kind)
    found += format_violations(stored, kind.schema)
    if kind.replicas_path is not None:
        found += _scale_violations(stored, kind.replicas_path)
    found += duplicate_violations(stored, kind.schema)
    if kind.has_rules and any(violation.blocks for violation in found):
        found.append(Violation("", "<nil>", f"Invalid value: null: {_UNCHECKED}"))
    return _checked(stored, found)


def as_read(tree: Tree) -> Tree:
    """A stored custom resource as its controller reads it."""
    kind = custom_kind(str(tree.get("apiVersion")), str(tree.get("kind")))
    found: Tree = tree if kind is None else in_32_bits(tree, kind.schema)
    return found


def _scale_violations(tree: Tree, path: str) -> list[Violation]:
    """The number of replicas of a kind that can be scaled."""
    value: Any = tree
    for part in path.strip(".").split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    found: list[Violation] = []
    if value is None:
        return found
    if type(value) is not int:
        kinds = {float: "float64", bool: "bool", str: "string", list: "[]interface {}", dict: "map[string]interface {}"}
        shown = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        text = f"{path} accessor error: {shown} is of the type {kinds[type(value)]}, expected int64"
        found = [invalid(path, 0, text)]
    elif value < 0:
        found = [invalid(path, value, "should be a non-negative integer")]
    elif value > 2**31 - 1:
        found = [invalid(path, value, f"should be less than or equal to {2**31 - 1}")]
    return [violation._replace(path=path.strip(".")) for violation in found]


def _apply_built_in(tree: Tree, kind: BuiltInKind) -> Answer:
    stored = _without_nulls(tree)
    mistyped = type_violation(stored, kind)
    if mistyped is not None:
        return _unreadable(tree, [mistyped], mistyped.detail)
    unknown = typed.unknown_fields(tree, kind)
    if unknown:
        return _unknown(tree, unknown)
    return _checked(stored, list(_built_in_violations(stored)))


def _built_in_violations(tree: Tree) -> Iterator[Violation]:
    """Rules that no published schema has: of the kinds that a Rollout works with all, of the others those of names."""
    kind, meta = tree["kind"], tree.get("metadata") or {}
    if kind in _NAMES:
        yield from metadata_violations(meta, _NAMES[kind], is_namespaced=kind != "Namespace")
    if kind in _RULES:
        yield from _RULES[kind](_with_zeros(tree))


def _with_zeros(value: Any) -> Any:
    """null in a list of objects is an empty object."""
    if isinstance(value, Mapping):
        return {key: _with_zeros(item) for key, item in value.items()}
    return [{} if item is None else _with_zeros(item) for item in value] if isinstance(value, list) else value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _unknown(tree: Tree, fields: Sequence[Unknown]) -> Answer:
    """Strict decoding refuses fields that nobody knows."""
    found = [Violation(path, "", f'unknown field "{path}"', remedy=_nearest(path.rpartition(".")[2], known)) for path, known in fields]
    return _unreadable(tree, found, f"strict decoding error: {', '.join(violation.detail for violation in found)}")


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}?" if near else "Remove it."


def _unreadable(tree: Tree, found: Sequence[Violation], why: str) -> Answer:
    kind, version = tree["kind"], str(tree["apiVersion"]).rpartition("/")[2]
    return Answer(f"{kind} in version {quoted(version)} cannot be handled as a {kind}: {why}", tuple(found))


def _checked(stored: Tree, found: Sequence[Violation]) -> Answer:
    if not found:
        return Answer(CREATED, (), stored)
    group = str(stored["apiVersion"]).rpartition("/")[0]
    kind = f"{stored['kind']}.{group}" if group else stored["kind"]
    name = (stored.get("metadata") or {}).get("name") or ""
    return Answer(f"{kind} {quoted(name)} is invalid: {joined(found)}", tuple(found))
