"""Runs a loop over columns: as plain Python on lists, or compiled by numba (the extra `fast`) on arrays; the same text, so the same results."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic.planes.plane import Choose

Events = list[tuple[float, int]]
"""A heap of (time, code)."""
Column = Any
"""A NumPy array outside the loops; within, whatever is quickest to index there. Named once, as the loops take either."""
Found = TypeVar("Found")
Loop = Callable[[Choose, Events, Any], Found]
"""A plain function of a module, over numbers, columns of them and other functions of its module; columns come in (nested) named tuples."""

PAYS_AFTER = 800_000
"""Requests that a process plays plainly before it compiles a loop: about as long as compiling takes (3 s), so that at worst it takes twice as long."""

_played: dict[tuple[Any, ...], int] = {}


def run(loop: Loop[Found], choose: Choose, events: Events, columns: NamedTuple, requests: int) -> Found:
    """What `loop(choose, events, columns)` returns over so many requests; `events` and the arrays in `columns` are changed in place."""
    before = _played.get((loop, choose), 0)
    _played[loop, choose] = before + requests
    if before >= PAYS_AFTER and _is_plain(choose) and has_numba():
        return _run_compiled(loop, choose, events, columns)
    lists = _lists(columns)
    found = loop(choose, events, lists)
    _write_back(columns, lists)
    return found


def _lists(part: Any) -> Any:
    if isinstance(part, np.ndarray):
        return part.tolist()
    return type(part)(*map(_lists, part)) if isinstance(part, tuple) else part


def _write_back(part: Any, changed: Any) -> None:
    if isinstance(part, tuple):
        for column, values in zip(part, changed, strict=True):
            _write_back(column, values)
    elif isinstance(part, np.ndarray) and part.flags.writeable:
        part[...] = changed


# --- compiled ------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def has_numba() -> bool:
    """Whether numba is installed, and takes the NumPy that is."""
    try:
        importlib.import_module("numba")
    except ImportError:
        return False
    return True


def _is_plain(function: Callable[..., Any]) -> bool:
    """Whether it is a function that its module knows by its name."""
    return isinstance(function, FunctionType) and vars(sys.modules[function.__module__]).get(function.__name__) is function


def _run_compiled(loop: Loop[Found], choose: Choose, events: Events, columns: NamedTuple) -> Found:
    at_s, codes = np.array([event[0] for event in events], dtype=np.float64), np.array([event[1] for event in events], dtype=np.int64)
    found, left_s, left = _driver()(_compiled(loop), _compiled(choose), at_s, codes, columns)
    events[:] = zip(left_s.tolist(), left.tolist(), strict=True)
    return found  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def _driver() -> Any:
    import numba

    return numba.njit(_with_columns_for_events)


def _compiled(function: Callable[..., Any]) -> Any:
    return _space(function.__module__)[function.__name__]


@lru_cache(maxsize=64)
def _space(module: str) -> dict[str, Any]:
    """The names of a module, its functions compiled (each when it is called first)."""
    import numba

    space = dict(vars(sys.modules[module]))
    for name, value in list(space.items()):
        if isinstance(value, FunctionType) and value.__module__ == module and value.__closure__ is None:
            space[name] = numba.njit(FunctionType(value.__code__, space, name))
    return space


def _with_columns_for_events(loop: Any, choose: Any, at_s: npt.NDArray[np.float64], codes: npt.NDArray[np.int64], columns: Any) -> Any:
    """The heap of events is a list while the loop runs, two columns outside."""
    events = [(0.0, 0) for _ in range(0)]
    for i in range(len(at_s)):
        events.append((at_s[i], codes[i]))
    found = loop(choose, events, columns)
    left_s, left = np.empty(len(events)), np.empty(len(events), dtype=np.int64)
    for i in range(len(events)):
        left_s[i], left[i] = events[i]
    return found, left_s, left
