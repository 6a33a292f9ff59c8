"""A pool of connections: a request takes the one that was given back last, opens another when none is free, and waits when there may be no more.

As Go's http.Transport, Node's agent and nginx's upstream keepalive keep them: the last one in is the first one out, so that few are open under
little load, and those the rest of a burst needs grow old and are closed.
"""

from __future__ import annotations

import math
from collections import deque

NOBODY = -1


class ConnectionPool:
    """Slots `first` to `first + count`; each carries `at_once` requests at a time, and is closed when it was unused for longer than `idle_s`."""

    def __init__(self, first: int, count: int, at_once: int, idle_s: float | None) -> None:
        self._at_once, self._idle_s = at_once, math.inf if idle_s is None else idle_s
        self._first, self._busy, self._given_s = first, [0] * count, [-math.inf] * count
        self._free = list(range(first + count - 1, first - 1, -1))
        self.waiting: deque[int] = deque()
        """Numbers of requests for which there was none."""

    def take(self, at_s: float) -> tuple[int, bool]:
        """A slot, and whether a connection that is open in it still is; NOBODY if none is free."""
        if not self._free:
            return NOBODY, False
        slot = self._free[-1]
        i = slot - self._first
        lasts = self._busy[i] > 0 or at_s - self._given_s[i] <= self._idle_s
        self._busy[i] += 1
        if self._busy[i] == self._at_once:
            self._free.pop()
        return slot, lasts

    def is_alone(self, slot: int) -> bool:
        """Whether the request that has a slot shares it with nobody."""
        return self._busy[slot - self._first] == 1 and self._at_once == 1

    def give(self, slot: int, at_s: float) -> None:
        """A request has ended that had taken a slot."""
        i = slot - self._first
        if self._busy[i] == self._at_once:
            self._free.append(slot)
        self._busy[i] -= 1
        self._given_s[i] = at_s
