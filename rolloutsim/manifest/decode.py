"""Plain data into the frozen dataclasses of `objects`: every wrong type and unknown field is a problem with its place.

The fields of a dataclass in snake case are the API's keys in camel case; null is the same as absent, as in Kubernetes.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

from rolloutsim.errors import Problem
from rolloutsim.manifest.documents import Document, shown

T = TypeVar("T")
Special = Callable[["Decoder", Any, str], Any]

LARGEST_INT = 2**31 - 1
_NAMES = {int: "a whole number", str: "text", bool: "true or false", float: "a number", dict: "a mapping", list: "a list"}


def camel(name: str) -> str:
    """`max_surge` -> `maxSurge`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def snake(name: str) -> str:
    """`maxSurge` -> `max_surge`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


class Decoder:
    """Decodes values of one document; `special` holds the types that need more than their fields."""

    def __init__(self, document: Document, problems: list[Problem], special: Mapping[type, Special] | None = None) -> None:
        self.document, self.problems, self._special = document, problems, special or {}

    def refuse(self, path: str, found: str, rule: str, remedy: str) -> None:
        """Add a problem at a path."""
        self.problems.append(Problem(self.document.place(path), found, rule, remedy))

    def refuse_type(self, path: str, value: Any, wanted: str) -> None:
        """Add the problem of a value of the wrong type."""
        kind = _NAMES.get(type(value), type(value).__name__)
        text = kind if isinstance(value, dict | list) else f"{kind} ({shown(value)})"
        self.refuse(path, text, f"{path.rpartition('.')[2] or 'the document'} is {wanted}", "Correct the value.")

    def decode(self, cls: type[T], data: Any, path: str, *, known: frozenset[str] = frozenset()) -> T | None:
        """A dataclass from a mapping; `known` are further keys that are handled elsewhere. None if it is no mapping."""
        if not isinstance(data, dict):
            self.refuse_type(path, data, "a mapping")
            return None
        hints: dict[str, Any] = _hints(cls)  # type: ignore[arg-type]
        names = {camel(f.name): f.name for f in fields(cls) if not f.metadata.get("internal")}  # type: ignore[arg-type]
        values: dict[str, Any] = {}
        for key, value in data.items():
            below = f"{path}.{key}" if path else key
            if key in names:
                if value is not None:
                    decoded = self._value(hints[names[key]], value, below)
                    if decoded is not MISSING:
                        values[names[key]] = decoded
            elif key not in known:
                self.refuse_unknown(below, key, [*names, *known])
        missing = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING and f.name not in values]  # type: ignore[arg-type]
        for name in missing:
            if data.get(camel(name)) is None:
                self.refuse(path, "nothing", f"{camel(name)} is required here", f"Add {camel(name)}.")
        return None if missing else cls(**values)

    def refuse_unknown(self, path: str, key: str, names: list[str]) -> None:
        """Add the problem of an unknown key, with the nearest known one."""
        near = difflib.get_close_matches(key, names, n=1)
        remedy = f"Did you mean {near[0]}?" if near else "Remove it."
        self.refuse(path, f"the unknown field {shown(key)}", "the API server refuses unknown fields (strict field validation)", remedy)

    def text_mapping(self, value: Any, path: str) -> Any:
        """A mapping of text to text; MISSING if it is none."""
        return self._plain_mapping(str, value, path)

    def _value(self, hint: Any, value: Any, path: str) -> Any:
        if hint in self._special:
            return self._special[hint](self, value, path)
        origin = typing.get_origin(hint)
        if origin in (types.UnionType, typing.Union):
            return self._union([arg for arg in typing.get_args(hint) if arg is not type(None)], value, path)
        if origin is tuple:
            if not isinstance(value, list):
                self.refuse_type(path, value, "a list")
                return MISSING
            item = typing.get_args(hint)[0]
            items = [self._value(item, v, f"{path}[{i}]") for i, v in enumerate(value)]
            return tuple(v for v in items if v is not MISSING)
        if origin is not None and issubclass(origin, Mapping):
            return self._plain_mapping(typing.get_args(hint)[1], value, path)
        if is_dataclass(hint):
            decoded = self.decode(hint, {} if value is None else value, path)  # type: ignore[arg-type]
            return MISSING if decoded is None else decoded
        return self._scalar(hint, value, path)

    def _union(self, options: list[Any], value: Any, path: str) -> Any:
        if len(options) == 1:
            return self._value(options[0], value, path)
        if type(value) in options:
            return self._scalar(type(value), value, path)
        self.refuse_type(path, value, " or ".join(_NAMES.get(option, option.__name__) for option in options))
        return MISSING

    def _plain_mapping(self, of: Any, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            self.refuse_type(path, value, "a mapping")
            return MISSING
        if of is str:
            for key, text in value.items():
                if not isinstance(text, str):
                    self.refuse_type(f"{path}.{key}", text, "text (quote it)")
            return {key: str(text) for key, text in value.items()}
        if is_dataclass(of):
            decoded = {key: self.decode(of, item, f"{path}.{key}") for key, item in value.items()}  # type: ignore[arg-type]
            return {key: item for key, item in decoded.items() if item is not None}
        return value

    def _scalar(self, hint: Any, value: Any, path: str) -> Any:
        if type(value) is not hint:
            self.refuse_type(path, value, _NAMES.get(hint, str(hint)))
            return MISSING
        if hint is int and not -LARGEST_INT - 1 <= value <= LARGEST_INT:
            self.refuse(path, str(value), "whole numbers have 32 bits", "Give a smaller number.")
            return MISSING
        return value
