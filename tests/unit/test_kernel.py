"""The kernel plays plainly where it cannot compile: no numba, one that does not take this NumPy, or a choice that is no function of a module."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from rolloutsim.world.traffic import kernel


class Columns(NamedTuple):
    a: Any
    b: Any
    factor: float


def loop(choose: Any, events: Any, columns: Columns) -> int:
    """Changes everything that may be changed."""
    for i in range(len(columns.a)):
        columns.b[i] = columns.factor * columns.a[i] + choose(0.5, [1, 0], columns.a)
        events.append((columns.a[i], i))
    return len(columns.a)


def second(uniform: float, in_flight: Any, memory: Any) -> int:
    return 1


@pytest.fixture(autouse=True)
def _pays_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kernel, "PAYS_AFTER", 0)
    kernel.has_numba.cache_clear()
    yield
    kernel.has_numba.cache_clear()


def played(choose: Any) -> tuple[int, list[float], list[tuple[float, int]]]:
    columns, events = Columns(np.array([3.0, 4.0]), np.zeros(2), 2.0), [(0.5, 9)]
    found = kernel.run(loop, choose, events, columns, 2)
    return found, columns.b.tolist(), events


EXPECTED = (2, [7.0, 9.0], [(0.5, 9), (3.0, 0), (4.0, 1)])


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"{name} needs another NumPy")

    monkeypatch.setattr(importlib, "import_module", missing)
    assert played(second) == EXPECTED


def test_a_choice_that_is_no_function_of_its_module() -> None:
    assert played(lambda uniform, in_flight, memory: 1) == EXPECTED


@pytest.mark.slow
def test_with_numba() -> None:
    pytest.importorskip("numba")
    assert played(second) == EXPECTED
