"""Runs the ordered loop over NumPy columns as lists, which Python indexes faster."""

from __future__ import annotations

from typing import Any

import numpy as np

from rolloutsim.world.traffic import loop
from rolloutsim.world.traffic.events import Events
from rolloutsim.world.traffic.state import State

KEPT = ("feed", "clients", "endpoints", "pools", "proxies")
"""Parts that the loop only reads, or that keep themselves."""


def run(to_s: float, first: int, used: int, events: Events, state: State, choose: loop.Choose) -> tuple[int, bool]:
    """As `loop.run`, on NumPy columns that are changed in place."""
    lists = State(*(_lists(part) for part in state))
    result = loop.run(to_s, first, used, events, lists, choose)
    for name, part, changed in zip(State._fields, state, lists, strict=True):
        if name not in KEPT:
            _write_back(part, changed)
    return result


def _lists(part: Any) -> Any:
    if isinstance(part, list):
        return part
    return part.tolist() if isinstance(part, np.ndarray) else type(part)(*(column.tolist() for column in part))


def _write_back(part: Any, changed: Any) -> None:
    if isinstance(part, np.ndarray):
        part[...] = changed
        return
    for column, values in zip(part, changed, strict=True):
        column[...] = values
