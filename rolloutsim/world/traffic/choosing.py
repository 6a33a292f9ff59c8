"""The data planes of streams that look at the load, as one choice for a loop over all streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic.planes.plane import Choose, LoadAware


@contextmanager
def choosing(planes: Sequence[LoadAware | None]) -> Iterator[tuple[Choose, npt.NDArray[np.float64]]]:
    """A choice, and what each stream's data plane remembers (a row each, perhaps longer); afterwards they remember what it was changed to."""
    memory = np.zeros((len(planes), 1 + max([0, *(len(plane.memory) for plane in planes if plane is not None)])))
    memory[:, -1] = np.arange(len(planes))
    for row, plane in zip(memory, planes, strict=True):
        if plane is not None:
            row[: len(plane.memory)] = plane.memory
    ways = {plane.choose for plane in planes if plane is not None}
    yield ways.pop() if len(ways) == 1 else _EachItsOwn(planes), memory
    for row, plane in zip(memory, planes, strict=True):
        if plane is not None:
            plane.memory[...] = row[: len(plane.memory)]


class _EachItsOwn:
    """Streams whose data planes choose in different ways, by the number at the end of what they remember; a loop with it is not compiled."""

    def __init__(self, planes: Sequence[LoadAware | None]) -> None:
        self._planes = planes

    def __call__(self, uniform: float, in_flight: Sequence[int], memory: Any) -> int:
        plane = self._planes[int(memory[-1])]
        assert plane is not None
        return plane.choose(uniform, in_flight, memory)
