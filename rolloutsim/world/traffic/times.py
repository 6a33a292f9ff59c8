"""How long a request is served, a client thinks or a connection lives: random times as functions of draws that are keyed by request."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rolloutsim.scenario import Distribution, Latency, RandomTime
from rolloutsim.world.traffic.arrivals import lognormal

Floats = npt.NDArray[np.float64]

_Z95 = 1.6448536269514722


class TimeLaw(NamedTuple):
    """A law of times, equal when the law is; what `a` and `b` are depends on `kind`."""

    kind: str
    a: float = math.nan
    b: float = 0.0
    values: tuple[float, ...] = ()

    def of(self, normal: Floats, uniform: Floats) -> Floats:
        """A time in seconds for each request, from its normal and its uniform draw; NaN where it is unknown."""
        if self.kind == "lognormal":
            return np.exp(self.a + self.b * normal)
        if self.kind == "exponential":
            return -self.a * np.log1p(-uniform)
        if self.kind == "uniform":
            return self.a + (self.b - self.a) * uniform
        if self.kind == "empirical":
            return np.array(self.values)[(uniform * len(self.values)).astype(np.intp)]
        return np.full(len(normal), self.a)


UNKNOWN = TimeLaw("constant")
"""Nothing is said of it: it takes no time, and none is recorded."""


def law_of(times: RandomTime) -> TimeLaw:
    """The law that a scenario gives."""
    if not isinstance(times, Distribution):
        return TimeLaw("constant", times)
    if times.lognormal is not None:
        return TimeLaw("lognormal", math.log(times.lognormal.median), math.log(times.lognormal.p95 / times.lognormal.median) / _Z95)
    if times.uniform is not None:
        return TimeLaw("uniform", times.uniform.low, times.uniform.high)
    if times.empirical is not None:
        return TimeLaw("empirical", values=times.empirical)
    return TimeLaw("exponential", times.exponential or 0.0)


def law_of_latency(latency: Latency | None) -> TimeLaw:
    """The law of a version's `latency`."""
    return UNKNOWN if latency is None else TimeLaw("lognormal", *lognormal(latency.p50, latency.p99))
