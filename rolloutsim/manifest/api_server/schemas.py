"""The schemas of the kinds that the API server knows, read when first needed (README.md says where they come from)."""

from __future__ import annotations

import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from jsonschema_rs import Draft202012Validator

Node = Mapping[str, Any]
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


@dataclass(frozen=True)
class CustomKind:
    """A custom resource: its structural schema, its scope, and the field of its replicas if it can be scaled."""

    schema: Node
    is_namespaced: bool
    replicas_path: str | None

    @cached_property
    def validator(self) -> Draft202012Validator:
        """Checks a whole object."""
        return Draft202012Validator(dict(self.schema))

    @cached_property
    def has_rules(self) -> bool:
        """Whether the schema has rules in CEL, which are left unchecked when something else is wrong."""
        return "x-kubernetes-validations" in json.dumps(self.schema)


class BuiltInKind:
    """A type of Kubernetes itself by the name of its definition."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.schema: Node = {"$ref": f"#/definitions/{name}"}
        self.validator = Draft202012Validator({**self.schema, "definitions": _definitions()})

    @staticmethod
    def resolved(node: Node) -> tuple[str, Node]:
        """The definition that a node refers to, and its name; the node itself and "" if it refers to none."""
        reference: str | None = node.get("$ref")
        if reference is None:
            return "", node
        name = reference.removeprefix("#/definitions/")
        return name, _definitions()[name]


@cache
def custom_kind(api_version: str, kind: str) -> CustomKind | None:
    """A kind of Argo Rollouts; None if it is none."""
    known = _tree("argo_rollouts.json.xz")["kinds"].get(f"{api_version} {kind}")
    return None if known is None else CustomKind(known["schema"], known["scope"] == "Namespaced", known["replicas"])


@cache
def built_in_kind(api_version: str, kind: str) -> BuiltInKind | None:
    """A kind of Kubernetes; None if it is none of those that are known here."""
    name = _tree("kubernetes.json.xz")["kinds"].get(f"{api_version} {kind}")
    return None if name is None else BuiltInKind(name)


@cache
def object_meta() -> BuiltInKind:
    """The type of `metadata`."""
    return BuiltInKind(OBJECT_META)


def known_versions(kind: str) -> list[str]:
    """The versions in which a kind is known, the preferred one last."""
    kinds = [*_tree("argo_rollouts.json.xz")["kinds"], *_tree("kubernetes.json.xz")["kinds"]]
    return [api_version for api_version, name in (known.split() for known in kinds) if name == kind]


def _definitions() -> Mapping[str, Node]:
    found: Mapping[str, Node] = _tree("kubernetes.json.xz")["definitions"]
    return found


@cache
def _tree(name: str) -> Mapping[str, Any]:
    data = files(__package__).joinpath(name).read_bytes()
    tree: Mapping[str, Any] = json.loads(lzma.decompress(data))
    return tree
