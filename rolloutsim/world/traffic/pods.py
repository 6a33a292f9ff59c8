"""How each pod answers, as columns by ordinal: error rate, latency, and whether its process has ended."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rolloutsim.scenario import Version
from rolloutsim.world.traffic.arrivals import lognormal


class PodColumns:
    """Grows as pods appear; row -1 stands for no pod."""

    def __init__(self, profile: Callable[[int], Version]) -> None:
        self._profile = profile
        self._known: set[int] = set()
        self.error_rate = np.zeros(64)
        self.mu = np.full(64, np.nan)
        self.sigma = np.zeros(64)
        self.ended = np.zeros(64, dtype=bool)

    def know(self, ordinals: npt.NDArray[np.int32]) -> None:
        """Make sure that these pods have rows."""
        for ordinal in ordinals.tolist():
            if ordinal not in self._known:
                self._known.add(ordinal)
                self._grow(ordinal)
                version = self._profile(ordinal)
                self.error_rate[ordinal] = version.error_rate
                if version.latency is not None:
                    self.mu[ordinal], self.sigma[ordinal] = lognormal(version.latency.p50, version.latency.p99)

    def end(self, ordinal: int) -> None:
        """The pod's process is gone."""
        self._grow(ordinal)
        self.ended[ordinal] = True

    def _grow(self, ordinal: int) -> None:
        while ordinal >= len(self.mu):
            self.error_rate = np.concatenate([self.error_rate, np.zeros(len(self.error_rate))])
            self.mu = np.concatenate([self.mu, np.full(len(self.mu), np.nan)])
            self.sigma = np.concatenate([self.sigma, np.zeros(len(self.sigma))])
            self.ended = np.concatenate([self.ended, np.zeros(len(self.ended), dtype=bool)])
