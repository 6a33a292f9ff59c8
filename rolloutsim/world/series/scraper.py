"""Prometheus as a process: it scrapes every pod, and the proxies, each at its own instants, and appends what it finds to the store."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

import simpy

from rolloutsim.randomness import generator
from rolloutsim.world.series.store import ERROR_CLASS, OK_CLASS, Labels, TimeSeries
from rolloutsim.world.series.tally import Tally

PHASES = 8
"""Pods are scraped at so many different moments of an interval, so that the cost does not grow with the square of the pods."""


PROXIES = -1
"""The target that stands for the proxies."""


class Scraper:
    """`targets` gives the pods that run, `hash_of` the hash of any pod by ordinal; `cut` advances the traffic to now.

    `tallies` and `services` are by stream; the proxies of all streams are one target, ordinal -1.

    Source: prometheus scrape/target.go: a target's offset within the interval is a hash of its labels, here a draw keyed by the pod.
    """

    def __init__(
        self,
        env: simpy.Environment,
        series: TimeSeries,
        tallies: dict[str, tuple[Tally, ...]],
        services: dict[str, str],
        targets: Callable[[], Iterable[int]],
        hash_of: Callable[[int], str],
        cut: Callable[[float], None],
        *,
        interval_s: float,
        key: tuple[int, int],
    ) -> None:
        self._env, self._series, self._tallies, self._services = env, series, tallies, services
        self._targets, self._hash_of, self._cut, self._interval_s, self._key = targets, hash_of, cut, interval_s, key
        self._phases: dict[int, int] = {}
        env.process(self._scrape())

    def _scrape(self) -> Generator[simpy.Event, Any, None]:
        step_s = self._interval_s / PHASES
        first_s = self._env.now + step_s * float(generator(*self._key, "scrape").random())
        number = 0
        while True:
            yield self._env.timeout(max(0.0, first_s + number * step_s - self._env.now))
            due = [target for target in (*self._targets(), PROXIES) if self._phase(target) == number % PHASES]
            if due:
                self._cut(self._env.now)
            for target in due:
                self._sample(target)
            number += 1

    def _sample(self, target: int) -> None:
        now_s = float(self._env.now)
        for stream, tallies in self._tallies.items():
            for tally in tallies:
                if tally.router == (target == PROXIES):
                    by = "router" if tally.router else "pods"
                    for pod in tally.pods(now_s) if tally.router else [target]:
                        self._append(now_s, Labels(by, pod, self._hash_of(pod) if pod >= 0 else "", stream, self._services[stream], ""), tally)

    def _append(self, now_s: float, labels: Labels, tally: Tally) -> None:
        for counts, status in zip(tally.of(labels.pod, now_s), (OK_CLASS, ERROR_CLASS), strict=True):
            self._series.append(now_s, labels._replace(status=status), int(counts[0]), counts[1:])

    def _phase(self, target: int) -> int:
        if target not in self._phases:
            name = ("proxies",) if target == PROXIES else (target,)
            self._phases[target] = int(generator(*self._key, "scrape", *name).integers(PHASES))
        return self._phases[target]
