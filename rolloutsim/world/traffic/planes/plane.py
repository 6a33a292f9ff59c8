"""What every data plane does: pick a pod for each request of a block, or count how many requests each pod gets."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Ordinals = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

Covers = Literal["requests", "connections", "bound"]
NOBODY = -1


class Count(NamedTuple):
    """Requests of a stretch that went to one pod (-1: none), over so many connections; `connection` is -1 where several are meant."""

    pod: int
    connection: int
    connections: int
    requests: int


class Plane(Protocol):
    """A data plane of one stream. `pick` and `count` follow the same law; where a block is cut changes nothing."""

    covers: Covers

    def reroute(self, endpoints: Ordinals, weights: Floats) -> None:
        """Know these ready pods from now on; `weights` are their probabilities, empty when all are alike."""

    def end_pod(self, ordinal: int) -> None:
        """A pod's process is gone, and its connections with it."""

    def pick(self, first: int, uniform: Floats, ended: npt.NDArray[np.bool_]) -> tuple[Ordinals, Ordinals, npt.NDArray[np.bool_] | None]:
        """Pods (-1: no endpoint) and connections (-1: none of note) of requests `first`, `first + 1`, ..., and which of them were refused."""

    def count(self, first: int, last: int, draws: np.random.Generator, ended: npt.NDArray[np.bool_]) -> list[Count]:
        """How requests `first` to `last` (not included) fall on pods."""
