"""How fast a stream's own time runs: a rate that changes is a steady one on another clock.

A Poisson process of rate r(t) is one of rate 1 in the time that r has summed up to (time change; Cinlar, Introduction to Stochastic Processes,
ch. 4.7). So single requests and counts are drawn on the stream's own clock, and only their instants are translated.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from itertools import cycle, pairwise

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator
from rolloutsim.scenario.arrivals import ArrivalShape, Bursts, Diurnal, Spike, Trace
from rolloutsim.scenario.model import mean_s
from rolloutsim.world.delays import draw

Floats = npt.NDArray[np.float64]
Stretch = tuple[float, float]
"""So many seconds in which the rate is so many times the stream's."""

STEPS = 1440
"""A period of a diurnal rate is a staircase of so many steps (of a minute, in a day), each with the sine's own mean."""
AHEAD = 512
"""So many stretches are read at a time."""


class Tempo:
    """Translates instants to the stream's own time and back; `stretches` follow each other from t = 0, the last one for ever."""

    def __init__(self, stretches: Iterator[Stretch]) -> None:
        self._stretches = stretches
        self._from_s, self._from_own, self._factor = [0.0], [0.0], [0.0]
        self._end_s = self._end_own = 0.0
        self._columns: tuple[Floats, Floats, Floats] | None = None
        self._is_read = False

    def own(self, t_s: float) -> float:
        """Own time at an instant, in seconds at the stream's rate."""
        while t_s >= self._end_s and not self._is_read:
            self._read()
        i = bisect_right(self._from_s, t_s) - 1
        return self._from_own[i] + (t_s - self._from_s[i]) * self._factor[i]

    def instants(self, own: Floats) -> Floats:
        """The instants of ascending own times; infinite where own time never gets so far."""
        while len(own) and own[-1] >= self._end_own and not self._is_read:
            self._read()
        if self._columns is None:
            self._columns = np.array(self._from_s), np.array(self._from_own), np.array(self._factor)
        from_s, from_own, factor = self._columns
        i = np.searchsorted(from_own, own, side="right") - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            found = from_s[i] + (own - from_own[i]) / factor[i]
        return np.where(factor[i] > 0, found, np.inf)

    def _read(self) -> None:
        """Take some more stretches in."""
        self._columns = None
        for _ in range(AHEAD):
            length_s, factor = next(self._stretches, (math.inf, 0.0))
            if length_s <= 0:
                continue
            self._from_s.append(self._end_s)
            self._from_own.append(self._end_own)
            self._factor.append(factor)
            if math.isinf(length_s):
                self._end_s, self._end_own, self._is_read = math.inf, math.inf, True
                return
            self._end_s += length_s
            self._end_own += length_s * factor


def tempo_of(shape: ArrivalShape, rate_rps: float, key: tuple[int, int, str]) -> Tempo | None:
    """The tempo of a shape whose rate is 1 at `rate_rps`; None where the rate never changes, or a trace gives times instead."""
    trace = shape.trace
    if rate_rps == 0:
        return None
    if shape.diurnal is not None:
        return Tempo(_diurnal(shape.diurnal))
    if shape.bursts is not None:
        return Tempo(_bursts(shape.bursts, key))
    if shape.spikes is not None:
        return Tempo(_spikes(shape.spikes))
    return Tempo(_trace(trace, trace.rates, rate_rps)) if trace is not None and trace.rates is not None else None


def _diurnal(shape: Diurnal) -> Iterator[Stretch]:
    swing, turn = shape.peak_to_mean - 1, 2 * math.pi / STEPS
    peak = shape.peak_at / shape.period * STEPS
    sines = [math.sin((step - peak) * turn) for step in range(STEPS + 1)]
    return cycle([(shape.period / STEPS, max(0.0, 1 + swing * (b - a) / turn)) for a, b in pairwise(sines)])


def _bursts(shape: Bursts, key: tuple[int, int, str]) -> Iterator[Stretch]:
    seed, replication, stream = key
    draws = generator(seed, replication, "bursts", stream)
    on_share = mean_s(shape.on) / (mean_s(shape.on) + mean_s(shape.off))
    high = 1 / on_share if shape.peak_to_mean is None else shape.peak_to_mean
    low = max(0.0, (1 - high * on_share) / (1 - on_share)) if on_share < 1 else 0.0
    yield (shape.first, low)
    while True:
        yield (draw(shape.on, draws), high)
        yield (draw(shape.off, draws), low)


def _spikes(spikes: tuple[Spike, ...]) -> Iterator[Stretch]:
    now_s = 0.0
    for spike in spikes:
        yield (spike.at - now_s, 1.0)
        yield (spike.lasts, spike.times)
        now_s = spike.at + spike.lasts
    yield (math.inf, 1.0)


def _trace(trace: Trace, rates: tuple[tuple[float, float], ...], rate_rps: float) -> Iterator[Stretch]:
    end_s = math.inf if trace.repeat_every is None else trace.repeat_every
    edges = [(0.0, 0.0), *rates, (end_s, 0.0)]
    stretches = [(b[0] - a[0], a[1] / rate_rps) for a, b in pairwise(edges)]
    return iter(stretches) if math.isinf(end_s) else cycle(stretches)
