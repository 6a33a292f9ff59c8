"""The objects that the API server has taken, by kind, namespace and name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Tree = Mapping[str, Any]


class Cluster:
    """Finds objects by name; one without a namespace is taken to be in that of whoever asks for it, as one `kubectl apply -n` puts it there."""

    def __init__(self, objects: Iterable[Tree]) -> None:
        self._objects: dict[tuple[str, str], list[Tree]] = {}
        for tree in objects:
            meta = tree.get("metadata")
            name = meta.get("name") if isinstance(meta, Mapping) else None
            if isinstance(name, str):
                self._objects.setdefault((str(tree.get("kind")), name), []).append(tree)

    def get(self, kind: str, name: str, namespace: str, group: str) -> Tree | None:
        """An object, the last of several; None if there is none."""
        for tree in reversed(self._objects.get((kind, name), ())):
            theirs = str(tree["metadata"].get("namespace") or "")
            if (not namespace or not theirs or namespace == theirs) and group_of(tree) == group:
                return tree
        return None

    def all(self, kind: str, group: str) -> list[Tree]:
        """The objects of a kind, in the order in which they were applied."""
        found = (tree for (known, _), trees in self._objects.items() if known == kind for tree in trees)
        return [tree for tree in found if group_of(tree) == group]


def group_of(tree: Tree) -> str:
    """The API group of an object, "" for Kubernetes' first kinds."""
    return str(tree.get("apiVersion")).rpartition("/")[0]
