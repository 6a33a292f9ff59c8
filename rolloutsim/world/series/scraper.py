"""Prometheus as a process: it scrapes every pod at instants of the pod's own and appends what it finds to the store of series."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple

import simpy

from rolloutsim.randomness import generator
from rolloutsim.world.series.store import ERROR_CLASS, OK_CLASS, Labels, TimeSeries
from rolloutsim.world.series.tally import Tally

PHASES = 8
"""Pods are scraped at so many different moments of an interval, so that the cost does not grow with the square of the pods."""


class Target(NamedTuple):
    """A pod that can be scraped."""

    ordinal: int
    pod_hash: str


class Scraper:
    """`targets` gives the pods that run; `cut` advances the traffic to now; `tallies` by stream, `services` the Service of each stream.

    Source: prometheus scrape/target.go: a target's offset within the interval is a hash of its labels, here a draw keyed by the pod.
    """

    def __init__(
        self,
        env: simpy.Environment,
        series: TimeSeries,
        tallies: dict[str, Tally],
        services: dict[str, str],
        targets: Callable[[], Iterable[Target]],
        cut: Callable[[float], None],
        *,
        interval_s: float,
        key: tuple[int, int],
    ) -> None:
        self._env, self._series, self._tallies, self._services = env, series, tallies, services
        self._targets, self._cut, self._interval_s, self._key = targets, cut, interval_s, key
        self._phases: dict[int, int] = {}
        env.process(self._scrape())

    def _scrape(self) -> Generator[simpy.Event, Any, None]:
        step_s = self._interval_s / PHASES
        first_s = self._env.now + step_s * float(generator(*self._key, "scrape").random())
        number = 0
        while True:
            yield self._env.timeout(max(0.0, first_s + number * step_s - self._env.now))
            due = [target for target in self._targets() if self._phase(target.ordinal) == number % PHASES]
            if due:
                self._cut(self._env.now)
            for target in due:
                self._sample(target)
            number += 1

    def _sample(self, target: Target) -> None:
        now_s = float(self._env.now)
        for stream, tally in self._tallies.items():
            for counts, status in zip(tally.of(target.ordinal, now_s), (OK_CLASS, ERROR_CLASS), strict=True):
                labels = Labels(target.ordinal, target.pod_hash, stream, self._services[stream], status)
                self._series.append(now_s, labels, int(counts[0]), counts[1:])

    def _phase(self, ordinal: int) -> int:
        if ordinal not in self._phases:
            self._phases[ordinal] = int(generator(*self._key, "scrape", ordinal).integers(PHASES))
        return self._phases[ordinal]
