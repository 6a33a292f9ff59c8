"""The ordered loop: requests one after the other, for data planes that look at the load, pods that serve, and clients that wait.

Everything due at an instant happens in the order of (time, number of the request or client).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush

from rolloutsim.record import ERROR, NO_ENDPOINT, OK, REFUSED, REJECTED, TIMEOUT
from rolloutsim.world.traffic.events import AGAIN, BREAK, GIVE_UP, KINDS, NOBODY, REFUSAL, SEND, SERVED, UNDECIDED, Events
from rolloutsim.world.traffic.failover.proxy import ASK_AGAIN
from rolloutsim.world.traffic.outcomes import conclude, empty, fail
from rolloutsim.world.traffic.state import State

Choose = Callable[[float, list[int], int], int]
"""Which endpoint, by a uniform draw and the requests in flight to each, for a stream."""


def run(to_s: float, first: int, used: int, events: Events, state: State, choose: Choose) -> tuple[int, bool]:
    """Let everything before `to_s` happen; `first` is the number of row 0, `used` rows are in use.

    Returns the rows in use, and whether all has happened; if not, a stream's feed or the rows ran out.
    """
    rows, feed, streams = state.rows, state.feed, state.streams
    while True:
        at_s, stream, kind, number = to_s, -1, SEND, -1
        for s in range(len(streams.cursor)):
            c = streams.cursor[s]
            if streams.closed[s] == 0 and c < streams.stop[s] and feed.t_s[c] < at_s:
                at_s, stream = feed.t_s[c], s
        if len(events) > 0 and events[0][0] <= at_s and events[0][0] < to_s:
            at_s = events[0][0]
            kind, number = events[0][1] % KINDS, events[0][1] // KINDS
            if kind == SEND:
                stream = state.clients.stream[number]
            elif kind == BREAK:
                heappop(events)
                empty(number, at_s, first, used, events, state)
                continue
            elif kind == SERVED and (number < first or rows.inside[number - first] == 0 or rows.due_s[number - first] != at_s):
                heappop(events)  # its pod was gone before
                continue
            elif kind != SERVED and (number < first or rows.outcome[number - first] != UNDECIDED):
                heappop(events)  # it has ended meanwhile
                continue
            elif kind != SERVED:
                stream = rows.stream[number - first]
        elif stream < 0:
            return used, True
        if kind == SEND and (used == len(rows.t_s) or streams.cursor[stream] == streams.stop[stream]):
            return used, False
        if kind in (SEND, AGAIN) and streams.decision[stream] == streams.last_decision[stream]:
            return used, False
        if number >= 0:
            heappop(events)
        if kind == SEND:
            send(used, number, stream, at_s, first, events, state)
            ask(used, at_s, first, events, state, choose)
            used += 1
        elif kind == SERVED:
            leave(number - first, at_s, first, events, state)
        elif kind == GIVE_UP:
            conclude(number - first, TIMEOUT, at_s, first, events, state)
        elif kind == REFUSAL:
            fail(number - first, rows.fails[number - first], at_s, first, events, state)
        else:
            ask(number - first, at_s, first, events, state, choose)


def send(row: int, client: int, stream: int, at_s: float, first: int, events: Events, state: State) -> None:
    """A new request: its row is filled from the feed."""
    rows, feed, streams = state.rows, state.feed, state.streams
    c = streams.cursor[stream]
    streams.cursor[stream] = c + 1
    rows.stream[row], rows.client[row], rows.t_s[row] = stream, client, at_s
    rows.error[row], rows.think_s[row] = feed.error[c], feed.think_s[c]
    rows.normal[row], rows.uniform[row] = feed.normal[c], feed.uniform[c]
    rows.pod[row], rows.connection[row], rows.outcome[row] = NOBODY, NOBODY, UNDECIDED
    rows.tries[row], rows.inside[row] = streams.retries[stream], 0
    for law in range(len(rows.work)):
        rows.work[law][row] = feed.work[law][c]
    if streams.timeout_s[stream] < math.inf:
        heappush(events, (at_s + streams.timeout_s[stream], KINDS * (first + row) + GIVE_UP))


def ask(row: int, at_s: float, first: int, events: Events, state: State, choose: Choose) -> None:
    """A request goes to a pod: over its connection if that is open, else to the one that the data plane gives, or its proxy after a failed try."""
    rows, pods, stream = state.rows, state.pods, state.rows.stream[row]
    slot, refused, pod, proxy = NOBODY, False, NOBODY, state.proxies[state.rows.stream[row]]
    if state.streams.kept[stream] >= 0:
        slot = connection_of(row, at_s, first, state)
        if slot == NOBODY:
            return
        if state.connections.left[slot] > 0 and at_s < state.connections.until_s[slot]:
            pod = state.connections.pod[slot]
    if proxy is not None and proxy.is_trying(first + row):
        pod = proxy.next(first + row, at_s)
        rows.error[row] = proxy.error_draw(first + row)
        refused = pod != NOBODY and pods.ended[pod] != 0
    if pod == NOBODY:
        pod, refused = decide(row, stream, slot, at_s, state, choose)
        if proxy is not None:
            pod = proxy.first(first + row, pod, at_s)
            if pod == ASK_AGAIN:
                heappush(events, (at_s, KINDS * (first + row) + AGAIN))
                return
            refused = pod != NOBODY and pods.ended[pod] != 0
    if slot >= 0:
        state.connections.left[slot] -= 1
        first_slot, count = state.streams.kept[stream], state.streams.connections[stream]
        rows.connection[row] = slot - first_slot + count * state.connections.opening[slot]
    rows.pod[row], rows.start_s[row] = pod, at_s
    if pod == NOBODY:
        fail(row, NO_ENDPOINT, at_s, first, events, state)
        return
    if refused:
        rows.fails[row] = REFUSED
        heappush(events, (at_s + state.streams.refused_after_s[stream], KINDS * (first + row) + REFUSAL))
        return
    if pods.busy[pod] >= pods.concurrency[pod] and pods.waiting[pod] >= pods.queue[pod]:
        fail(row, REJECTED, at_s, first, events, state)
        return
    rows.fails[row] = 1 if rows.error[row] < pods.error_rate[pod] else 0
    rows.service_s[row] = rows.work[pods.law[pod]][row]
    rows.inside[row], rows.next[row] = 1, NOBODY
    state.in_flight[stream][pod] += 1
    if pods.busy[pod] < pods.concurrency[pod]:
        pods.busy[pod] += 1
        take_up(row, at_s, first, events, state)
        return
    if pods.waiting[pod] > 0:
        rows.next[pods.tail[pod] - first] = first + row
    else:
        pods.head[pod] = first + row
    pods.tail[pod] = first + row
    pods.waiting[pod] += 1


def connection_of(row: int, at_s: float, first: int, state: State) -> int:
    """The connection that a request uses: its client's own, or in an open loop one of the pool (NOBODY if it has to wait), or the next in turn."""
    stream = state.rows.stream[row]
    client = state.rows.client[row]
    if client >= 0:
        return int(state.clients.connection[client])
    slot = state.rows.connection[row]
    if slot != NOBODY:  # it is sent again
        return int(state.streams.kept[stream] + slot % state.streams.connections[stream])
    if state.pools[stream] is not None:
        slot, lasts = state.pools[stream].take(at_s)
        if slot == NOBODY:
            state.pools[stream].waiting.append(first + row)
        elif not lasts:
            state.connections.pod[slot] = NOBODY
        return int(slot)
    state.streams.sent[stream] += 1
    return int(state.streams.kept[stream] + (state.streams.sent[stream] - 1) % state.streams.connections[stream])


def decide(row: int, stream: int, slot: int, at_s: float, state: State, choose: Choose) -> tuple[int, bool]:
    """The data plane gives a pod, and whether that refuses; a kept connection is opened to it."""
    streams, feed = state.streams, state.feed
    d = streams.decision[stream]
    streams.decision[stream] = d + 1
    refused = False
    if streams.aware[stream] == 0:
        pod, refused = feed.pod[d], feed.refused[d] != 0
        state.rows.connection[row] = feed.connection[d]
    elif streams.first_endpoint[stream] == streams.last_endpoint[stream]:
        pod = NOBODY
    else:
        loads = [state.in_flight[stream][state.endpoints[e]] for e in range(streams.first_endpoint[stream], streams.last_endpoint[stream])]
        pod = state.endpoints[streams.first_endpoint[stream] + choose(feed.pick[d], loads, stream)]
    if pod != NOBODY and state.pods.ended[pod] != 0:
        refused = True
    if slot >= 0:
        state.connections.opening[slot] += 1
        state.connections.pod[slot] = NOBODY if refused else pod
        connections = state.connections
        connections.left[slot], connections.until_s[slot] = feed.served[d], at_s + feed.life_s[d]
        if connections.opening[slot] == 0:  # it has lived before
            connections.left[slot] = min(connections.left[slot], connections.first_left[slot])
            connections.until_s[slot] = min(connections.until_s[slot], connections.first_until_s[slot])
    return pod, refused


def take_up(row: int, at_s: float, first: int, events: Events, state: State) -> None:
    """A pod begins to serve a request; an unknown service time is none."""
    service_s = state.rows.service_s[row]
    due_s = at_s if math.isnan(service_s) else at_s + service_s
    state.rows.start_s[row], state.rows.due_s[row] = at_s, due_s
    heappush(events, (due_s, KINDS * (first + row) + SERVED))


def leave(row: int, at_s: float, first: int, events: Events, state: State) -> None:
    """A pod has served a request, and takes up the one that waits longest."""
    rows, pods, pod = state.rows, state.pods, state.rows.pod[row]
    if pods.waiting[pod] > 0:
        waiting = pods.head[pod] - first
        pods.head[pod] = rows.next[waiting]
        pods.waiting[pod] -= 1
        take_up(waiting, at_s, first, events, state)
    else:
        pods.busy[pod] -= 1
    if rows.outcome[row] == UNDECIDED:
        if rows.fails[row] != 0:
            fail(row, ERROR, at_s, first, events, state)
        else:
            conclude(row, OK, at_s, first, events, state)
    rows.inside[row] = 0
