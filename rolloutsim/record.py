"""The record: everything that happened in one run, and the only thing that answers may read.

Objects are kept by reference (they are immutable), so recording costs an append. A recording of a real cluster reads into the same record.
"""

from __future__ import annotations

import importlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from rolloutsim.manifest.objects import Endpoint, Event, Object, Rollout

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

OK, ERROR, NO_ENDPOINT, RESET, REJECTED, TIMEOUT, REFUSED, BAD_GATEWAY, UNAVAILABLE = range(9)
OUTCOMES = ("ok", "error", "no endpoint", "reset", "rejected", "timeout", "refused", "502", "503")
"""What the client saw: `error` is the pod's own 500 and `rejected` its 503 when its queue is full, `502` and `503` are the proxy's own words."""
LOST = (NO_ENDPOINT, RESET, REFUSED, BAD_GATEWAY, UNAVAILABLE)
"""No pod answered."""


class Change(NamedTuple):
    """An object after a write at `t_s`; `object` is None when it was deleted."""

    t_s: float
    kind: str
    name: str
    object: Object | None


class Happening(NamedTuple):
    """A Kubernetes event at the instant it was written."""

    t_s: float
    event: Event


class Deed(NamedTuple):
    """What an operator did: the command as one would type it, and what was printed or refused."""

    t_s: float
    command: str
    printed: str
    refused: bool = False


class Assumption(NamedTuple):
    """A value that the scenario left open: what was filled in, its source, and the key that sets it."""

    name: str
    value: str
    source: str
    key: str


class Loop(NamedTuple):
    """Passes of the controller that follow each other though nothing else changes; `between`: what they change to and fro, in words."""

    from_s: float
    to_s: float
    passes: int
    between: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """What a data plane does with a stream for a while: its kind of split, the ready endpoints it knows, and (if weighted) how likely each is.

    `rule` is the name of the routing rule that takes the requests, where rules have names.
    """

    service: str
    plane: str
    covers: Literal["requests", "connections", "bound"] = "requests"
    endpoints: tuple[Endpoint, ...] = ()
    weights: tuple[float, ...] = ()
    rule: str = ""
    no_endpoint: str = ""
    """What a client is told when there is no endpoint: a status, or `refused`."""


class Routing(NamedTuple):
    """From `t_s` on, `stream` is routed so; `since_s` is when the oldest of the changes that this brings was made, as the router can see it."""

    t_s: float
    stream: str
    route: Route
    since_s: float | None = None


@dataclass(frozen=True, slots=True)
class Requests:
    """Every request of one stream, in order of arrival (columns of equal length).

    `pod` is the ordinal of the pod that answered (-1: none), `connection` numbers connection lives (-1: one for each request),
    `outcome` indexes OUTCOMES, `latency_s` is how long the client waited for it (NaN where that is unknown); `wait_s` is the part of it before
    the pod took the request up (None where pods serve any number at once).
    """

    stream: str
    t_s: npt.NDArray[np.float64]
    pod: npt.NDArray[np.int32]
    connection: npt.NDArray[np.int32]
    outcome: npt.NDArray[np.uint8]
    latency_s: npt.NDArray[np.float64]
    wait_s: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Tallies:
    """Counted requests of one stream (columns of equal length): a row for each stretch of time, pod, outcome and connection that had any.

    `connection` is -1 where a row stands for several; `connections` says for how many. `latency_s` is the sum of their latencies
    (None where none were drawn).
    """

    stream: str
    from_s: npt.NDArray[np.float64]
    to_s: npt.NDArray[np.float64]
    pod: npt.NDArray[np.int32]
    connection: npt.NDArray[np.int64]
    connections: npt.NDArray[np.int64]
    outcome: npt.NDArray[np.uint8]
    requests: npt.NDArray[np.int64]
    latency_s: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What was run: `start_at` is the wall-clock instant of t = 0, `second_fraction_s` its fraction of a second."""

    scenario: str
    rollout: str
    seed: int
    replication: int = 0
    namespace: str = "default"
    start_at: str = "2026-01-01T00:00:00Z"
    second_fraction_s: float = 0.0
    detail: Literal["counts", "requests", "none"] = "none"
    versions: tuple[tuple[str, str], ...] = ()
    source: str = ""


@dataclass(slots=True)
class Record:
    """One run from `begin_s` (0) to `end_s`: changes of objects, events, deeds, routings and requests, each in order of time."""

    header: Header
    end_s: float = 0.0
    changes: list[Change] = field(default_factory=list)
    events: list[Happening] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    routings: list[Routing] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    traffic: dict[str, Requests | Tallies] = field(default_factory=dict)

    def history(self, kind: str, name: str | None = None) -> Iterator[Change]:
        """Changes of one kind, of one object if named, in order."""
        return (c for c in self.changes if c.kind == kind and (name is None or c.name == name))

    def rollouts(self) -> list[tuple[float, Rollout]]:
        """Every state of the Rollout, with the instant from which it held."""
        return [(c.t_s, c.object) for c in self.history("Rollout", self.header.rollout) if isinstance(c.object, Rollout)]

    def at(self, t_s: float) -> dict[tuple[str, str], Object]:
        """The objects as they stood at `t_s`, by (kind, name)."""
        upto = bisect_right(self.changes, t_s, key=lambda c: c.t_s)
        state: dict[tuple[str, str], Object] = {}
        for change in self.changes[:upto]:
            if change.object is None:
                state.pop((change.kind, change.name), None)
            else:
                state[change.kind, change.name] = change.object
        return state

    def frame(self, name: str) -> pd.DataFrame:
        """The record as a DataFrame: requests, pods, replicasets, phases, events or shares; ValueError for another name."""
        if name not in _LATER:
            raise ValueError(f"no frame {name!r}: there are {', '.join(_LATER)}")
        made = importlib.import_module(_LATER[name]).FRAMES[name](self)
        return made  # type: ignore[no-any-return]

    def pods(self) -> dict[int, Object]:
        """Every pod that ever lived, by ordinal (its last state)."""
        last: dict[int, Object] = {}
        for change in self.history("Pod"):
            if change.object is not None:
                last[change.object.ordinal] = change.object  # type: ignore[union-attr]
        return last


_LATER = {**dict.fromkeys(("requests", "pods", "replicasets", "phases", "events"), "rolloutsim.frames"), "shares": "rolloutsim.answers.share"}
"""Which module makes a frame; loaded by name when asked for, as frames and answers read records and not the other way round."""
