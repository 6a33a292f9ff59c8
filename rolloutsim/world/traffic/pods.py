"""How each pod answers, as columns by ordinal: error rate, latency, and whether its process has ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from rolloutsim.scenario import Latency, Overload, Serving, Version
from rolloutsim.world.traffic.arrivals import lognormal
from rolloutsim.world.traffic.times import UNKNOWN, TimeLaw, law_of, law_of_latency

UNBOUNDED = 2**62


class PodColumns:
    """Grows as pods appear; row -1 stands for no pod."""

    def __init__(self, profile: Callable[[int], Version]) -> None:
        self._profile = profile
        self._known: set[int] = set()
        self.error_rate = np.zeros(64)
        self.mu = np.full(64, np.nan)
        self.sigma = np.zeros(64)
        self.ended = np.zeros(64, dtype=bool)
        self.law = np.zeros(64, dtype=np.int64)
        self.laws: list[TimeLaw] = [UNKNOWN]
        self.concurrency = np.full(64, UNBOUNDED, dtype=np.int64)
        self.queue = np.full(64, UNBOUNDED, dtype=np.int64)
        self.turn: dict[int, int] = {}
        self._plain: dict[int, tuple[float, Latency | None]] = {}
        self._overloads: dict[int, Overload] = {}
        self._overloaded: set[int] = set()

    def know(self, ordinals: npt.NDArray[np.int32]) -> None:
        """Make sure that these pods have rows."""
        for ordinal in ordinals.tolist():
            if ordinal not in self._known:
                self._known.add(ordinal)
                self._grow(ordinal)
                version = self._profile(ordinal)
                if version.overload is not None:
                    self._overloads[ordinal] = version.overload
                self._set(ordinal, version.error_rate, version.latency)
                if version.serving is not None:
                    self._serve(ordinal, version.serving)

    def answer(self, ordinal: int, error_rate: float, latency: Latency | None) -> None:
        """The pod answers otherwise from now on; `turn` counts how often that was so, as other draws begin then."""
        self.know(np.array([ordinal], dtype=np.int32))
        self._set(ordinal, error_rate, latency)
        self.turn[ordinal] = self.turn.get(ordinal, 0) + 1

    @property
    def can_overload(self) -> bool:
        """Whether any pod answers otherwise under load."""
        return bool(self._overloads)

    def load(self, loads_rps: Mapping[int, float]) -> None:
        """So many requests a second fall on each pod from now on: who has too many answers as overloaded."""
        for ordinal, overload in self._overloads.items():
            too_many = loads_rps.get(ordinal, 0.0) > overload.above
            if too_many != (ordinal in self._overloaded):
                self._overloaded ^= {ordinal}
                self.answer(ordinal, *self._plain[ordinal])

    def _set(self, ordinal: int, error_rate: float, latency: Latency | None) -> None:
        self._plain[ordinal] = (error_rate, latency)
        overload = self._overloads.get(ordinal)
        if overload is not None and ordinal in self._overloaded:
            error_rate = error_rate if overload.error_rate is None else overload.error_rate
            latency = overload.latency or latency
        self.error_rate[ordinal] = error_rate
        if latency is not None:
            self.mu[ordinal], self.sigma[ordinal] = lognormal(latency.p50, latency.p99)
            self.law[ordinal] = self._number_of(law_of_latency(latency))

    def _serve(self, ordinal: int, serving: Serving) -> None:
        """The pod takes so many requests at once."""
        self.concurrency[ordinal] = serving.concurrency
        self.queue[ordinal] = UNBOUNDED if serving.queue is None else serving.queue
        if serving.time is not None:
            self.law[ordinal] = self._number_of(law_of(serving.time))

    def _number_of(self, law: TimeLaw) -> int:
        if law not in self.laws:
            self.laws.append(law)
        return self.laws.index(law)

    def bucket_shares(self, ordinal: int, bounds_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
        """The probabilities of latency buckets, by ascending bounds of which the last is infinite; None where latencies are unknown."""
        mu, sigma = float(self.mu[ordinal]), float(self.sigma[ordinal])
        if math.isnan(mu):
            return None
        below = [0.5 * math.erfc((mu - math.log(b)) / (sigma * math.sqrt(2))) if sigma else float(math.log(b) >= mu) for b in bounds_s[:-1].tolist()]
        return np.diff([0.0, *below, 1.0])

    def in_hand(self, ordinal: int, for_s: float) -> float:
        """Which part of the requests that came evenly over the last so many seconds is not answered yet: E[min(latency, time)] / time."""
        mu, sigma = float(self.mu[ordinal]), float(self.sigma[ordinal])
        if math.isnan(mu) or for_s <= 0:
            return 0.0
        if sigma == 0:
            return min(1.0, math.exp(mu) / for_s)
        z = (math.log(for_s) - mu) / sigma
        short_s = math.exp(mu + sigma**2 / 2) * 0.5 * math.erfc((sigma - z) / math.sqrt(2))
        return min(1.0, short_s / for_s + 0.5 * math.erfc(z / math.sqrt(2)))

    def end(self, ordinal: int) -> None:
        """The pod's process is gone."""
        self._grow(ordinal)
        self.ended[ordinal] = True

    def begin(self, ordinal: int) -> None:
        """The pod's process runs again."""
        self.ended[ordinal] = False

    def _grow(self, ordinal: int) -> None:
        while ordinal >= len(self.mu):
            for name, empty in (
                ("error_rate", 0),
                ("mu", np.nan),
                ("sigma", 0),
                ("ended", 0),
                ("law", 0),
                ("concurrency", UNBOUNDED),
                ("queue", UNBOUNDED),
            ):
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.full_like(column, empty)]))
