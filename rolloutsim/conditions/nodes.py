"""Expressions as trees; each node knows its depth, so that no later walk can go deeper than allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 100
"""Deeper expressions are refused: the original has no limit, but its stack has."""


class ConditionError(Exception):
    """Why a condition has no value, in the words of the original (its first line, without the place)."""


class Unsupported(ConditionError):
    """A condition outside the subset: an error that says so, never a guess."""

    def __init__(self, what: str) -> None:
        super().__init__(f"unsupported: {what}")


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its kind, an operator, name or constant, and its children."""

    kind: str
    value: Any = None
    children: tuple[Node, ...] = ()
    depth: int = field(default=1, compare=False)


def node(kind: str, value: Any = None, *children: Node) -> Node:
    """A node above others; Unsupported if it is nested too deeply."""
    depth = 1 + max((child.depth for child in children), default=0)
    if depth > DEEPEST:
        raise Unsupported(f"more than {DEEPEST} levels of nesting")
    return Node(kind, value, children, depth=depth)


Walk = Callable[[Node], Any]
