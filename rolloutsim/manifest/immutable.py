"""Changed copies of immutable objects: `replace` as `dataclasses` has it, several times as fast where objects have many fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

__all__ = ["replace"]

if TYPE_CHECKING:
    from dataclasses import replace  # so that fields and their types are checked
else:

    def replace(thing, /, **changes):
        """A copy with other values in these fields; TypeError if there is no such field."""
        return _copier(type(thing))(thing, changes)


@lru_cache(maxsize=256)
def _copier(kind: type[Any]) -> Callable[[Any, dict[str, Any]], Any]:
    fields = dataclasses.fields(kind)
    own = vars(kind)
    if hasattr(kind, "__post_init__") or len(fields) < 2 or not all(field.init and hasattr(own.get(field.name), "__set__") for field in fields):
        return lambda thing, changes: dataclasses.replace(thing, **changes)
    setters = {field.name: own[field.name].__set__ for field in fields}
    lines = ["def unchanged(thing):", "    copy = new(kind)", *(f"    set_{name}(copy, thing.{name})" for name in setters), "    return copy"]
    space: dict[str, Any] = {"new": object.__new__, "kind": kind, **{f"set_{name}": put for name, put in setters.items()}}
    exec("\n".join(lines), space)  # as dataclasses write their own methods
    unchanged = space["unchanged"]

    def copied(thing: Any, changes: dict[str, Any]) -> Any:
        copy = unchanged(thing)
        for name, value in changes.items():
            if name not in setters:
                raise TypeError(f"{kind.__name__} has no field {name!r}")
            setters[name](copy, value)
        return copy

    return copied
