"""`turns.balance` compiled by numba (the extra `fast`): the same text and so the same results, several times as fast."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic import turns

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@lru_cache(maxsize=1)
def is_there() -> bool:
    """Whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def balance(columns: Sequence[np.ndarray], events: list[tuple[float, int]], start_s: Floats, choose: Any) -> None:
    """As `turns.balance`, on arrays that are changed in place; `choose` is a function compiled by `compiled`."""
    at_s, codes = np.array([event[0] for event in events], dtype=np.float64), np.array([event[1] for event in events], dtype=np.int64)
    left_s, left = _balance_of_columns()(tuple(columns), at_s, codes, start_s, choose)
    events[:] = zip(left_s.tolist(), left.tolist(), strict=True)


@lru_cache(maxsize=64)
def compiled(function: Callable[..., Any]) -> Any:
    """A plain function with what it calls in its own module, compiled when it is called first (a second or two)."""
    return _compiled(function, function.__globals__)


@lru_cache(maxsize=1)
def _balance_of_columns() -> Any:
    space = {**vars(turns), "np": np}
    space["occupy"] = _compiled(turns.occupy, space)
    space["turns_balance"] = _compiled(turns.balance, space)
    return _compiled(_over_columns, space)


def _compiled(function: Callable[..., Any], space: dict[str, Any]) -> Any:
    import numba

    assert isinstance(function, FunctionType)
    return numba.njit(FunctionType(function.__code__, space, function.__name__))


def _over_columns(columns: Any, at_s: Floats, codes: Ints, start_s: Floats, choose: Any) -> tuple[Floats, Ints]:
    """The heap of events is a list while the loop runs, two columns outside."""
    events = [(0.0, 0) for _ in range(0)]
    for i in range(len(at_s)):
        events.append((at_s[i], codes[i]))
    turns_balance(choose, events, start_s, *columns)  # type: ignore[name-defined]  # noqa: F821
    left_s, left = np.empty(len(events)), np.empty(len(events), dtype=np.int64)
    for i in range(len(events)):
        left_s[i], left[i] = events[i]
    return left_s, left
