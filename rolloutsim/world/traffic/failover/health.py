"""Which pods a proxy passes over: those that failed lately, and those whose probes fail."""

from __future__ import annotations

import math
from collections import deque

from rolloutsim.scenario.failover import HealthCheck


class SetAside:
    """Passive checks: a pod is set aside for `fail_timeout_s` after so many failed tries within that time (nginx max_fails, Caddy fail_duration)."""

    def __init__(self, max_fails: int, fail_timeout_s: float) -> None:
        self._max_fails, self._for_s = max_fails, fail_timeout_s
        self._failed: dict[int, deque[float]] = {}

    def failed(self, pod: int, at_s: float) -> None:
        """A try at the pod has failed."""
        self._failed.setdefault(pod, deque(maxlen=self._max_fails)).append(at_s)

    def has(self, pod: int, at_s: float) -> bool:
        """Whether the pod is set aside now."""
        failed = self._failed.get(pod)
        return failed is not None and len(failed) == self._max_fails and at_s - failed[-1] <= self._for_s and failed[-1] - failed[0] <= self._for_s


class Probes:
    """Active checks at a fixed interval, whose phase `uniform` (0 to 1) says; a probe fails while the pod's process is gone."""

    def __init__(self, check: HealthCheck, uniform: float) -> None:
        self._check, self._phase_s = check, uniform * check.interval
        self._down: dict[int, float] = {}
        self._up: dict[int, float] = {}

    def ended(self, pod: int, at_s: float) -> None:
        """The pod's process is gone."""
        self._down[pod], self._up[pod] = self._after(at_s, self._check.fall), math.inf

    def began(self, pod: int, at_s: float) -> None:
        """The pod's process runs again."""
        self._up[pod] = self._after(at_s, self._check.rise)

    def is_down(self, pod: int, at_s: float) -> bool:
        """Whether the proxy takes the pod for down."""
        return self._down.get(pod, math.inf) <= at_s < self._up.get(pod, math.inf)

    def _after(self, at_s: float, probes: int) -> float:
        """When the so-manieth probe from an instant on is made."""
        if self._check.interval == 0:
            return at_s
        return self._phase_s + (math.ceil((at_s - self._phase_s) / self._check.interval) + probes - 1) * self._check.interval
