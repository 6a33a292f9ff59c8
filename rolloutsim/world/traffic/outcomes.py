"""What becomes of a try in the ordered loop: it fails, is made again, or ends the request; and what a pod's end does to all that are in it."""

from __future__ import annotations

from heapq import heappush

from rolloutsim.record import NO_ENDPOINT, REFUSED, RESET, TIMEOUT
from rolloutsim.world.traffic.events import AGAIN, KINDS, NOBODY, REST_S, SEND, UNDECIDED, Events
from rolloutsim.world.traffic.state import State


def fail(row: int, outcome: int, at_s: float, first: int, events: Events, state: State) -> None:
    """A try came to nothing: the proxy may try again, and the client may send the request again if it was refused or reset."""
    rows, stream = state.rows, state.rows.stream[row]
    proxy = state.proxies[stream]
    if proxy is not None and outcome != NO_ENDPOINT:
        wait_s = proxy.failed(first + row, rows.pod[row], outcome, at_s, rows.t_s[row])
        if wait_s >= 0:
            send_again(row, outcome, at_s + wait_s, first, events, state)
            return
    if outcome == REFUSED:
        outcome = state.streams.refused[stream]
    elif outcome == RESET:
        outcome = state.streams.broken[stream]
    if outcome in (RESET, REFUSED) and rows.tries[row] > 0:
        rows.tries[row] -= 1
        send_again(row, outcome, at_s + state.streams.retry_after_s[stream], first, events, state)
    else:
        conclude(row, outcome, at_s, first, events, state)


def send_again(row: int, outcome: int, at_s: float, first: int, events: Events, state: State) -> None:
    """A request whose try failed is sent once more."""
    rows = state.rows
    if rows.inside[row] != 0:
        state.in_flight[rows.stream[row]][rows.pod[row]] -= 1
        rows.inside[row] = 0
    rows.fails[row] = outcome
    heappush(events, (at_s, KINDS * (first + row) + AGAIN))


def conclude(row: int, outcome: int, at_s: float, first: int, events: Events, state: State) -> None:
    """A request has ended for its client, who thinks and sends the next one if the loop is closed."""
    rows, proxy = state.rows, state.proxies[state.rows.stream[row]]
    rows.outcome[row], rows.end_s[row] = outcome, at_s
    if proxy is not None:
        proxy.over(first + row)
    if rows.inside[row] != 0:
        state.in_flight[rows.stream[row]][rows.pod[row]] -= 1
    if state.pools[rows.stream[row]] is not None and rows.connection[row] != NOBODY:
        give_back(row, outcome, at_s, first, events, state)
    if rows.client[row] >= 0:
        think_s = rows.think_s[row] if at_s > rows.t_s[row] else max(rows.think_s[row], REST_S)
        heappush(events, (at_s + think_s, KINDS * rows.client[row] + SEND))


def give_back(row: int, outcome: int, at_s: float, first: int, events: Events, state: State) -> None:
    """A request's connection is free for the one that waits longest; who gives up on an answer closes it, unless others share it."""
    rows, stream = state.rows, state.rows.stream[row]
    pool, first_slot, count = state.pools[stream], state.streams.kept[stream], state.streams.connections[stream]
    slot = first_slot + rows.connection[row] % count
    if outcome == TIMEOUT and pool.is_alone(slot):
        state.connections.pod[slot] = NOBODY
    pool.give(slot, at_s)
    while len(pool.waiting) > 0:
        number = pool.waiting.popleft()
        if number >= first and rows.outcome[number - first] == UNDECIDED:
            heappush(events, (at_s, KINDS * number + AGAIN))
            break


def empty(pod: int, at_s: float, first: int, used: int, events: Events, state: State) -> None:
    """A pod is gone with all that was in it."""
    rows, pods = state.rows, state.pods
    pods.busy[pod], pods.waiting[pod], pods.head[pod], pods.tail[pod] = 0, 0, NOBODY, NOBODY
    for row in range(used):
        if rows.inside[row] != 0 and rows.pod[row] == pod:
            break_off(row, at_s, first, events, state)


def break_off(row: int, at_s: float, first: int, events: Events, state: State) -> None:
    """The pod is gone that a request was in; who had given up already is not concerned."""
    rows = state.rows
    if rows.outcome[row] == UNDECIDED:
        fail(row, RESET, at_s, first, events, state)
    rows.inside[row] = 0
