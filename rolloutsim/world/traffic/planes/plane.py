"""What every data plane does: pick a pod for each request of a block, or count how many requests each pod gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Ordinals = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

Covers = Literal["requests", "connections", "bound"]
NOBODY = -1


class Counts(NamedTuple):
    """Requests of a stretch by pod (-1: none), columns of equal length; `connection` is -1 where a row stands for several, `connections` for how many."""

    pod: Ints
    connection: Ints
    connections: Ints
    requests: Ints


def by_pod(pods: Ordinals, requests: Ints) -> Counts:
    """Counts of requests that are connections of their own."""
    return Counts(pods.astype(np.int64), np.full(len(pods), NOBODY, dtype=np.int64), requests, requests)


class Routed(Protocol):
    """Who is told of pods, and what an interval of the share covers."""

    covers: Covers

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """Know these ready pods from now on; `weights` are their probabilities (empty: all alike), `pools` numbers the backend of each."""

    def end_pod(self, ordinal: int) -> None:
        """A pod's process is gone, and its connections with it."""

    def begin_pod(self, ordinal: int) -> None:
        """A pod's process runs again after it was gone."""


class Plane(Routed, Protocol):
    """A data plane of one stream. `pick` and `count` follow the same law; where a block is cut changes nothing.

    What it is asked for is contiguous: `first` is the `last` of the call before it.
    """

    def pick(self, first: int, uniform: Floats, ended: npt.NDArray[np.bool_]) -> tuple[Ordinals, Ordinals, npt.NDArray[np.bool_] | None]:
        """Pods (-1: no endpoint) and connections (-1: none of note) of requests `first`, `first + 1`, ..., and which of them were refused."""

    def count(self, first: int, last: int) -> Counts:
        """How requests `first` to `last` (not included) fall on pods; those on a pod that has ended were refused."""


Choose = Callable[[float, Sequence[int], Any], int]
"""`choose(uniform, in_flight, memory)`: which of the endpoints that the data plane was told last, by a draw, by this stream's requests in flight
to each of them (in the same order), and by what it remembers."""


@runtime_checkable
class LoadAware(Protocol):
    """A data plane that looks at the requests in flight: it is asked for each request, in order of time, instead of `pick`.

    `choose` is a plain function of a module (as a class attribute: `staticmethod`) over numbers, in the part of Python that numba compiles;
    what it needs beside the load (weights, whose turn it is) stands at the front of `memory`, and it may change that.
    """

    choose: Choose
    memory: Floats


@runtime_checkable
class KeepsConnections(Protocol):
    """A data plane that decides per connection and can lose all of them at once."""

    def reopen(self) -> None:
        """A reload closes every connection; each is opened anew, by the present rules, with its next request."""
