"""Open loops in order of time: when a pod takes up each request, and which pod a data plane that looks at the load gives it.

Plain functions over columns, as `kernel` runs them.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush, heapreplace
from typing import NamedTuple

from rolloutsim.world.traffic.kernel import Column, Events
from rolloutsim.world.traffic.planes.plane import Choose

REFUSED, FULL = -1.0, -2.0
"""Instead of an instant: the pod has ended, or its queue is full."""
NOBODY = -1
LOAD = -2
"""Instead of a pod: the data plane chooses by load."""


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


class Turns(NamedTuple):
    """What `balance` works on; a *cell* is a stream at a pod."""

    t_s: Column
    """By request, to the next blank line; ascending."""
    stream: Column
    pod: Column
    """LOAD where the data plane chooses; then it is filled in."""
    pick: Column
    refused: Column
    start_s: Column
    """Filled in: when the pod takes it up, or REFUSED, FULL."""
    services_s: Column
    """(laws, requests)"""

    patience_s: Column
    """By stream: how long a client waits."""
    first_cell: Column
    last_cell: Column
    """The cells of its endpoints (last: not included)."""
    cell_of: Column
    """(streams, pods)"""
    memory: Column
    """(streams, ...): what its data plane remembers."""

    law: Column
    """By pod."""
    queue: Column
    ended: Column
    waiting: Column
    places: Column
    """How many requests it serves at once; 0: any number."""
    first_place: Column
    free_s: Column
    """By place: when it is free; a heap for each pod."""

    pod_of: Column
    """By cell."""
    in_flight: Column


def balance(choose: Choose, events: Events, turns: Turns) -> int:
    """When each request is taken up, and by which pod where that is LOAD; returns how many there were.

    `events` is when something changes: an answer at 2 * cell, a request taken up that waited at 2 * pod + 1.
    """
    (t_s, stream, pod, pick, refused, start_s, services_s, patience_s, first_cell, last_cell, cell_of, memory) = turns[:12]
    (law, queue, ended, waiting, places, first_place, free_s, pod_of, in_flight) = turns[12:]
    for i in range(len(t_s)):
        now_s, s, p = t_s[i], stream[i], pod[i]
        while len(events) > 0 and events[0][0] <= now_s:
            code = heappop(events)[1]
            if code & 1:
                waiting[code >> 1] -= 1
            else:
                in_flight[code >> 1] -= 1
        if p != LOAD:
            cell = cell_of[s][p]
        elif first_cell[s] < last_cell[s]:
            cell = first_cell[s] + choose(pick[i], in_flight[first_cell[s] : last_cell[s]], memory[s])
            pod[i] = p = pod_of[cell]
        else:
            pod[i] = p = NOBODY
        if p == NOBODY or refused[i] or ended[p]:
            start_s[i] = REFUSED
            continue
        begin_s, service_s = now_s, services_s[law[p]][i]
        if places[p] > 0:
            free = first_place[p]
            if free_s[free] > now_s:
                if waiting[p] >= queue[p]:
                    start_s[i] = FULL
                    continue
                begin_s = free_s[free]
                waiting[p] += 1
                heappush(events, (begin_s, 2 * p + 1))
            occupy(free_s, free, places[p], begin_s + service_s)
        start_s[i] = begin_s
        in_flight[cell] += 1
        heappush(events, (min(begin_s + service_s, now_s + patience_s[s]), 2 * cell))
    return len(t_s)


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
