"""Requests that arrive when a trace says, one time after the other, again and again if it repeats."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rolloutsim.scenario.arrivals import Trace

Floats = npt.NDArray[np.float64]


def traced_rate(trace: Trace) -> float:
    """The highest of a trace's rates; for a trace of times their mean rate from t = 0 to where it ends or begins anew; ValueError without either."""
    if trace.rates is not None:
        return max((rate for _, rate in trace.rates), default=0.0)
    if trace.times is None:
        raise ValueError(f"the trace {trace.file} has not been read")
    return len(trace.times) / (trace.repeat_every or trace.times[-1] or 1.0) if trace.times else 0.0


class Times:
    """The instants of a trace of times."""

    def __init__(self, trace: Trace) -> None:
        self._times: Floats = np.array(trace.times, dtype=np.float64)
        self._repeat_every_s = trace.repeat_every

    def between(self, first: int, last: int) -> Floats:
        """The instants of requests `first` to `last` (not included); infinite beyond the trace."""
        index = np.arange(first, last)
        turn, place = np.divmod(index, len(self._times))
        if self._repeat_every_s is None:
            return np.where(turn == 0, self._times[place], np.inf)
        return turn * self._repeat_every_s + self._times[place]

    def before(self, t_s: float) -> int:
        """How many requests come before an instant."""
        if self._repeat_every_s is None:
            return int(np.searchsorted(self._times, t_s, side="left"))
        turn, rest_s = divmod(t_s, self._repeat_every_s)
        return int(turn) * len(self._times) + int(np.searchsorted(self._times, rest_s, side="left"))
