"""The web provider's `jsonPath`: the first thing that a path finds in a body (k8s.io/client-go/util/jsonpath v0.34; metricproviders/webmetric).

Fields, indices, slices and `*` are understood; filters, `..`, unions and `range` are Unsupported. Text outside braces stands for itself: `$.a`
without braces finds the text `$.a`, whatever the body is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_FIELD = re.compile(r"\.((?:\\.|[^\s.\[\]{}()'\"|,:=<>!&$@*?\\])*)")
_QUOTED = re.compile(r"\['((?:\\.|[^'\\])*)'\]")
_SLICE = re.compile(r"\[(-?\d*)(?::(-?\d*)(?::(\d+))?)?\]")


class PathError(Exception):
    """A path that is none, or that finds nothing, in the provider's words."""


class UnsupportedPath(PathError):
    """A path that the provider understands and rolloutsim does not."""


class Field(NamedTuple):
    """A member of a map."""

    name: str


class Slice(NamedTuple):
    """Elements of a list; one of them if `single`."""

    first: int | None
    last: int | None = None
    step: int = 1
    single: bool = False


Step = Field | Slice | str
"""A step of a path; `*` is a text."""


def first_match(path: str, body: Any) -> Any:
    """What the path finds first; PathError if it finds nothing."""
    text, steps = parsed(path)
    if text:
        return text
    found = [body]
    for step in steps:
        found = list(_taken(found, step))
        if isinstance(step, Field) and not found:
            raise PathError(f"Could not find JSONPath in body: {step.name} is not found")
    if not found:
        raise PathError("result of web metric produced no value")
    return found[0]


def parsed(path: str) -> tuple[str, tuple[Step, ...]]:
    """The text before the first braces, or else the steps within them; PathError for what is no path."""
    text, braces, rest = path.partition("{")
    if text or not braces:
        return text, ()
    inner, closed, _ = rest.partition("}")
    if not closed:
        raise PathError("unclosed action")
    inner, steps, at = inner.strip(), list[Step](), 0
    if inner[:1] in ("$", "@"):
        at = 1
    while at < len(inner):
        step, at = _step(inner, at)
        steps.append(step)
    return "", tuple(steps)


def _step(inner: str, at: int) -> tuple[Step, int]:
    rest = inner[at:]
    if rest.startswith((".*", "[*]")):
        return "*", at + (2 if rest[0] == "." else 3)
    if rest.startswith(("..", "[?", "range", "end", '"', "'")) or re.match(r"\[[^\]]*,", rest):
        raise UnsupportedPath(f"unsupported: {rest.split('.')[0] or '..'} in a jsonPath")
    if found := _QUOTED.match(inner, at):
        return Field(found[1].replace("\\", "")), found.end()
    if found := _FIELD.match(inner, at):
        return Field(found[1].replace("\\", "")), found.end()
    if (found := _SLICE.match(inner, at)) and found[0] != "[]":
        first, last, step = (int(part) if part else None for part in found.groups())
        return Slice(first, last, step or 1, single=":" not in found[0]), found.end()
    if rest[0] == "[":
        raise PathError(f"invalid array index {rest[1:].partition(']')[0]}")
    if rest[0].isalpha():
        raise PathError(f"Could not find JSONPath in body: unrecognized identifier {rest}")
    raise PathError(f"unrecognized character in action: U+{ord(rest[0]):04X} '{rest[0]}'")


def _taken(values: list[Any], step: Step) -> Iterator[Any]:
    for value in values:
        if isinstance(step, Field):
            if isinstance(value, dict) and step.name in value:
                yield value[step.name]
        elif step == "*":
            yield from value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        elif isinstance(step, Slice) and value is not None:
            yield from _sliced(value, step)


def _sliced(value: Any, of: Slice) -> Iterator[Any]:
    if not isinstance(value, list | tuple):
        kind = {dict: "map[string]interface {}", bool: "bool", str: "string"}.get(type(value), "float64")
        raise PathError(f"Could not find JSONPath in body: {kind} is not array or slice")
    size, first = len(value), of.first or 0
    last = (first + 1 or size) if of.single else size if of.last is None else of.last
    first, last = (end + size if end < 0 else end for end in (first, last))
    if first == last:
        return
    for index, is_out in ((first, first >= size or first < 0), (last - 1, last > size or last < 0)):
        if is_out:
            raise PathError(f"Could not find JSONPath in body: array index out of bounds: index {index}, length {size}")
    if first > last:
        raise PathError(f"Could not find JSONPath in body: starting index {first} is greater than ending index {last}")
    yield from value[first : last : of.step]
