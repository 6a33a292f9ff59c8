"""A line of `spec.metrics` that could stand for a metric: a query over simulated requests, outcomes, or a value under which it succeeds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rolloutsim.conditions.nodes import ConditionError, Node
from rolloutsim.manifest.json_path import Field, PathError, Slice, parsed

DECIDING = ("job", "kayenta", "plugin")
"""Providers whose measurements come with a phase, not with a value (metricproviders)."""
MOST_TRIED = 3000
LONGEST_LIST = 20


def proposed_source(metric: Mapping[str, Any]) -> str:
    """A line for `spec.metrics` that could stand for a metric, guessed from its query and its conditions."""
    provider = metric.get("provider") or {}
    if any(kind in provider for kind in DECIDING):
        return "{outcomes: {Successful: 100%}}"
    query = str((provider.get("prometheus") or {}).get("query") or "")
    window = _window(query)
    if "histogram_quantile" in query:
        return f"{{latency: {{of: canary, quantile: p95, window: {window}}}}}"
    if "/" in query:
        healthy = "!~" in query.partition("/")[0] or "success" in query.partition("/")[0].lower()
        return f"{{{'successRate' if healthy else 'errorRate'}: {{of: canary, window: {window}}}}}"
    if "rate(" in query:
        return f"{{requestRate: {{of: canary, window: {window}}}}}"
    value = good_value(metric)
    if "web" in provider and isinstance(value, dict | list):
        value = _as_body(value, str(provider["web"].get("jsonPath") or "{$}"))
    return f"{{values: [[0s, {json.dumps(value)}]]}}"


def _window(query: str) -> str:
    found = query.partition("[")[2].partition("]")[0]
    return found if found[:1].isdigit() and found[-1:] in ("s", "m", "h") else "1m"


def _as_body(value: Any, json_path: str) -> Any:
    """A body in which the path finds the value; the value itself where the path is more than fields and indices."""
    try:
        _, steps = parsed(json_path)
    except PathError:
        return value
    found = value
    for step in reversed(steps):
        if isinstance(step, Field):
            found = {step.name: found}
        elif isinstance(step, Slice) and step.single and 0 <= (step.first or 0) <= LONGEST_LIST:
            found = [found] * ((step.first or 0) + 1)
        else:
            return value
    return found


# --- a value under which the conditions hold -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Slot:
    """A place in the value that a condition looks at: a map's members, a list's elements, or a leaf."""

    members: dict[str, _Slot] = field(default_factory=dict)
    element: _Slot | None = None
    length: int = 0

    def at(self, name: str) -> _Slot:
        return self.members.setdefault(name, _Slot())

    def each(self, length: int = 1) -> _Slot:
        self.length = max(self.length, length)
        self.element = self.element or _Slot()
        return self.element

    def leaves(self) -> Iterator[_Slot]:
        inner = [*self.members.values(), *([self.element] if self.element else [])]
        yield from itertools.chain.from_iterable(slot.leaves() for slot in inner) if inner else (self,)

    def filled(self, leaves: Mapping[int, Any], longer: int) -> Any:
        if self.element is not None:
            return [self.element.filled(leaves, longer)] * max(self.length, longer)
        if self.members:
            return {name: slot.filled(leaves, longer) for name, slot in self.members.items()}
        return leaves[id(self)]


def good_value(metric: Mapping[str, Any]) -> Any:
    """A value of the provider's form under which the conditions give Successful; 1 where none is found."""
    from rolloutsim.conditions import evaluate
    from rolloutsim.conditions.grammar import parsed as tree_of

    conditions = [str(metric.get(key) or "") for key in ("successCondition", "failureCondition")]
    if not any(conditions) or any("{{" in condition for condition in conditions):
        return 1
    try:
        trees = [tree_of(condition) for condition in conditions if condition]
    except ConditionError:
        return 1
    root = _Slot()
    for tree in trees:
        _looked_at(tree, root, [])
    is_vector = "prometheus" in (metric.get("provider") or {})
    if is_vector:
        root.each()
    constants = [node.value for tree in trees for node in _nodes(tree) if node.kind in ("int", "float", "string")]
    lengths = list(dict.fromkeys([1, *(c for c in constants if isinstance(c, int) and 0 < c < LONGEST_LIST)]))
    leaves = list(root.leaves())
    tried = itertools.product(lengths, *[_candidates(constants)] * len(leaves))
    for longer, *values in itertools.islice(tried, MOST_TRIED):
        value = root.filled({id(leaf): found for leaf, found in zip(leaves, values, strict=True)}, longer)
        try:
            if evaluate(value, conditions[0], conditions[1], "vector" if is_vector else "json").phase == "Successful":
                return value[0] if is_vector and len(value) == 1 else value
        except (TypeError, ValueError):  # a text is no number of a vector
            continue
    return 1


def _candidates(constants: list[Any]) -> list[Any]:
    numbers = [c for c in constants if not isinstance(c, str)]
    near = [c + step for c in numbers for step in (0, 1, -1)]
    found = [1, 0, True, 100, *near, *(c for c in constants if isinstance(c, str)), "ok", False]
    return [c for i, c in enumerate(found) if not any(type(c) is type(other) and c == other for other in found[:i])]


def _nodes(tree: Node) -> Iterator[Node]:
    yield tree
    for child in tree.children:
        yield from _nodes(child)


def _looked_at(at: Node, root: _Slot, elements: list[_Slot]) -> _Slot | None:
    """Note where a condition looks; the place that a node stands for, if it is one."""
    if at.kind == "name" and at.value == "result":
        return root
    if at.kind == "element" and not at.value and elements:
        return elements[-1]
    if at.kind == "call" and len(at.children) == 2 and (slot := _looked_at(at.children[0], root, elements)) is not None:
        if at.value in ("default", "get"):
            return slot
        _looked_at(at.children[1], root, [*elements, slot.each()])
        return None
    slots = [_looked_at(child, root, elements) for child in at.children]
    slot = slots[0] if slots else None
    if at.kind == "chain":
        return slot
    if slot is None:
        return None
    if at.kind in ("member", "optional"):
        return slot.at(str(at.value))
    if at.kind == "index":
        key = at.children[1]
        return slot.at(str(key.value)) if key.kind == "string" else slot.each(int(key.value) + 1 if key.kind == "int" else 1)
    if at.kind == "call" and at.value in ("len", "sum", "mean", "median", "first", "last") and not slot.members:
        slot.each()
    return slot if at.kind == "closure" else None
