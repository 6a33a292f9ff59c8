"""Open loops in order of time: when a pod takes up each request, and which pod a data plane that looks at the load gives it.

Plain functions over columns, in what a compiler of Python's numeric part understands, so that the same text runs as it stands or compiled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush, heapreplace
from typing import Any

REFUSED, FULL = -1.0, -2.0
"""Instead of an instant: the pod has ended, or its queue is full."""
NOBODY = -1
LOAD = -2
"""Instead of a pod: the data plane chooses by load."""

Column = Any
Choose = Callable[[float, Sequence[int], int, Column], int]
"""Which endpoint, by a uniform draw and the requests in flight to each, for a stream; `state[stream]` is what its data plane remembers."""


def serve(arrivals_s: list[float], services_s: list[float], free_s: list[float], queue: int, line: deque[float]) -> list[float]:
    """When one pod takes up its requests, first come, first served; FULL for those that its queue has no room for.

    `free_s` is a heap of when each of its places is free, `line` when those that wait are taken up; both are kept up to date.
    """
    taken_s: list[float] = []
    for at_s, service_s in zip(arrivals_s, services_s, strict=True):
        start_s = free_s[0]
        if start_s <= at_s:
            heapreplace(free_s, at_s + service_s)
            taken_s.append(at_s)
            continue
        while line and line[0] <= at_s:
            line.popleft()
        if len(line) >= queue:
            taken_s.append(FULL)
            continue
        heapreplace(free_s, start_s + service_s)
        line.append(start_s)
        taken_s.append(start_s)
    return taken_s


def balance(
    choose: Choose,
    events: list[tuple[float, int]],
    start_s: Column,
    t_s: Column,
    stream: Column,
    pod: Column,
    pick: Column,
    refused: Column,
    services_s: Column,
    patience_s: Column,
    law: Column,
    places: Column,
    first_place: Column,
    queue: Column,
    ended: Column,
    free_s: Column,
    waiting: Column,
    in_flight: Column,
    endpoints: Column,
    first_endpoint: Column,
    state: Column,
) -> None:
    """When each request is taken up (`start_s`), and by which pod where that is LOAD: then `choose` says so.

    `places` is how many requests a pod serves at once (0: any number), `free_s[first_place:]` a heap of when each is free; `events` is a
    heap of when something changes: an answer at 2 * (pod * streams + stream), a request taken up at 2 * pod + 1.
    """
    streams = len(in_flight)
    for i in range(len(t_s)):
        now_s, s, p = t_s[i], stream[i], pod[i]
        while len(events) > 0 and events[0][0] <= now_s:
            which = heappop(events)[1]
            if which & 1:
                waiting[which >> 1] -= 1
            else:
                in_flight[(which >> 1) % streams][(which >> 1) // streams] -= 1
        if p == LOAD:
            loads = [in_flight[s][endpoints[e]] for e in range(first_endpoint[s], first_endpoint[s + 1])]
            p = endpoints[first_endpoint[s] + choose(pick[i], loads, s, state)] if len(loads) > 0 else NOBODY
            pod[i] = p
        if p == NOBODY or refused[i] != 0 or ended[p] != 0:
            start_s[i] = REFUSED
            continue
        service_s = services_s[law[p]][i]
        if service_s != service_s:  # not known
            service_s = 0.0
        begin_s = now_s
        if places[p] > 0 and free_s[first_place[p]] > now_s:
            if waiting[p] >= queue[p]:
                start_s[i] = FULL
                continue
            begin_s = free_s[first_place[p]]
            waiting[p] += 1
            heappush(events, (begin_s, 2 * p + 1))
        if places[p] > 0:
            occupy(free_s, first_place[p], places[p], begin_s + service_s)
        start_s[i] = begin_s
        in_flight[s][p] += 1
        heappush(events, (min(begin_s + service_s, now_s + patience_s[s]), 2 * (p * streams + s)))


def occupy(free_s: Column, first: int, places: int, until_s: float) -> None:
    """The place that is free first is taken until an instant: the least of a heap is replaced."""
    at = 0
    while True:
        least = 2 * at + 1
        if least >= places:
            break
        if least + 1 < places and free_s[first + least + 1] < free_s[first + least]:
            least += 1
        if free_s[first + least] >= until_s:
            break
        free_s[first + at] = free_s[first + least]
        at = least
    free_s[first + at] = until_s
