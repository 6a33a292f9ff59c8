"""A controller's work queue: keys wait once however often they are added, never run twice at once, and back off after errors.

Source: client-go util/workqueue (rate limiter: 1 ms doubling to 10 s, counting failures and events since the last success).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import simpy

from rolloutsim.world.clock import EPSILON_S, call_later

FIRST_DELAY_S, LONGEST_DELAY_S = 0.001, 10.0


class WorkQueue:
    """Keys to look at, in order; `get` waits for the next one and `done` lets it in again."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._ready: deque[str] = deque()
        self._waiting: set[str] = set()
        self._running: set[str] = set()
        self._due_s: dict[str, float] = {}
        self._tries: dict[str, int] = {}
        self._idle: deque[simpy.Event] = deque()

    def add(self, key: str) -> None:
        """Queue a key now, unless it waits already."""
        if key in self._waiting:
            return
        self._waiting.add(key)
        if key not in self._running:
            self._push(key)

    def add_at(self, key: str, at_s: float) -> None:
        """Queue a key at an instant; of several pending ones the soonest counts."""
        if at_s <= self._env.now:
            self.add(key)
        elif at_s < self._due_s.get(key, float("inf")):
            self._due_s[key] = at_s
            call_later(self._env, at_s - self._env.now + EPSILON_S, lambda: self._fall_due(key, at_s))

    def add_rate_limited(self, key: str) -> None:
        """Queue a key after its back-off, which doubles with every call until `forget`."""
        tries = self._tries.get(key, 0)
        self._tries[key] = tries + 1
        self.add_at(key, self._env.now + min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(tries, 20)))

    def forget(self, key: str) -> None:
        """Start the back-off of a key over."""
        self._tries.pop(key, None)

    def get(self) -> Generator[simpy.Event, Any, str]:
        """Wait for a key and take it; several workers may wait, the longest idle one gets it."""
        while not self._ready:
            arrival = self._env.event()
            self._idle.append(arrival)
            yield arrival
        key = self._ready.popleft()
        self._waiting.discard(key)
        self._running.add(key)
        return key

    def done(self, key: str) -> None:
        """Say that a key is finished; it runs again if it was added meanwhile."""
        self._running.discard(key)
        if key in self._waiting:
            self._push(key)

    def _fall_due(self, key: str, at_s: float) -> None:
        if self._due_s.get(key) == at_s:
            del self._due_s[key]
            self.add(key)

    def _push(self, key: str) -> None:
        self._ready.append(key)
        if self._idle:
            self._idle.popleft().succeed()
