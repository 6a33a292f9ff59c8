"""A trial of a splitter by itself: a client that waits for its answers, the proxy, and pods, each an event loop on a machine.

So data planes are measured: a fixed number of requests in flight, as fast as the answers come. What a data plane that looks at the load makes
of a weight depends on how many requests are at the pods when it decides, and in which order what happened reaches it; that is a matter of
three processes which take up events one after the other, and of the time that an idle one takes to wake up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from rolloutsim.world.traffic.planes.plane import Floats, Ints, LoadAware

SEND, ASK, SERVE, ANSWER = range(4)
"""What is done for a request, in this order: by the client, the proxy, the pods, and the proxy again."""
NOISE = 1 << 16


@dataclass(frozen=True, slots=True)
class Machine:
    """What things cost on the machine of the trial, in seconds.

    The orders of magnitude of small requests over loopback on a server of today: tens of thousands of requests a second through one worker,
    and tens of microseconds until an idle virtual core has woken up. They are assumptions, the same for every data plane; a real network is
    slower by far than all of them.
    """

    send_s: float = 3e-6
    ask_s: float = 9e-6
    serve_s: float = 7e-6
    answer_s: float = 7e-6
    wake_s: float = 17e-6
    chance: float = 0.3
    """The part of each cost that is exponential."""
    drift: float = 0.1
    """A machine is not the same from one moment to the next: the logarithm of `wake_s` has this standard deviation..."""
    drift_s: float = 0.02
    """... and is drawn anew after so long."""
    late: float = 0.001
    """The part of answers that are held up on their way back, as by an interrupt, so that others overtake them..."""
    late_s: float = 50e-6
    """... by so long on average."""


class Client(NamedTuple):
    """Requests in flight, each on a connection that is renewed after so many requests (None: never)."""

    in_flight: int
    per_connection: int | None


Decide = Callable[[int, Sequence[int]], int]
"""`decide(worker, in_flight)`: which endpoint a request (or a connection) goes to, by the proxy's worker and what is in flight to each."""


class Played(NamedTuple):
    """Which endpoint each request went to, and over which connection, in the order in which they were sent; shapes (requests,)."""

    endpoint: Ints
    connection: Ints


def play(
    decide: Decide,
    client: Client,
    requests: int,
    *,
    endpoints: int,
    workers: int,
    by_connection: bool,
    latency_s: Sequence[float],
    machine: Machine,
    draws: np.random.Generator,
    direct: bool = False,
) -> Played:
    """The requests of one trial; `by_connection`: who decides does so once a connection. `latency_s`: how long each endpoint takes to answer.

    `direct`: no proxy stands between, the kernel rewrites addresses as connections are opened.
    """
    slots, per = client.in_flight, client.per_connection
    noise = (1 - machine.chance + machine.chance * draws.standard_exponential(NOISE)).tolist()
    held_s = np.where(draws.random(NOISE) < machine.late, machine.late_s * draws.standard_exponential(NOISE), 0.0).tolist()
    worker_of = draws.integers(0, workers, NOISE).tolist() if workers > 1 else [0]
    costs_s = (machine.send_s, machine.ask_s, machine.serve_s, machine.answer_s)
    pods = 1 + workers
    heap: list[tuple[float, int, int, int]] = []
    lines: list[deque[int]] = [deque() for _ in range(pods + 1)]
    awake = [False] * (pods + 1)
    stage, worker, number = [SEND] * slots, [0] * slots, [0] * slots
    left, kept, of = [0] * slots, [-1] * slots, [0] * slots
    in_flight = [0] * endpoints
    found, over = np.full(requests, -1, dtype=np.int64), np.zeros(requests, dtype=np.int64)
    sent = decided = opened = step = 0
    wake_s, steady_until_s = machine.wake_s, -1.0

    for slot in range(slots):
        lines[0].append(slot)
    awake[0] = True
    heappush(heap, (costs_s[SEND], -1, 0, lines[0].popleft()))
    while decided < requests:
        now_s, _, process, slot = heappop(heap)
        step += 1
        if process >= 0:  # it has done its part; the next takes it up
            done = stage[slot]
            if done == SEND:
                if sent == requests:
                    following = -1
                else:
                    if left[slot] == 0:
                        left[slot], kept[slot], opened = per or -1, -1, opened + 1
                        of[slot], worker[slot] = opened - 1, worker_of[opened % len(worker_of)]
                    left[slot] -= 1
                    number[slot], over[sent], sent = sent, of[slot], sent + 1
                    stage[slot], following = ASK, 1 + worker[slot]
            elif done == SERVE:
                stage[slot], following = (SEND, 0) if direct else (ANSWER, 1 + worker[slot])
                away_s = latency_s[kept[slot]] + held_s[step % NOISE]
                if away_s > 0:
                    heappush(heap, (now_s + away_s, step, -1, slot))
                    following = -1
            elif done == ANSWER:
                in_flight[kept[slot]] -= 1
                stage[slot], following = SEND, 0
            if done == ASK or (direct and done == SEND and following >= 0):
                endpoint = kept[slot]
                if endpoint < 0 or not by_connection:
                    kept[slot] = endpoint = decide(worker[slot], in_flight)
                found[number[slot]] = endpoint
                decided += 1
                in_flight[endpoint] += 1
                stage[slot], following = SERVE, pods
            if lines[process]:
                another = lines[process].popleft()
                heappush(heap, (now_s + costs_s[stage[another]] * noise[step % NOISE], step, process, another))
            else:
                awake[process] = False
        else:  # an answer arrives
            following = 0 if direct else 1 + worker[slot]
        if following < 0:
            continue
        if awake[following]:
            lines[following].append(slot)
        else:
            if now_s > steady_until_s:
                wake_s = machine.wake_s * float(np.exp(machine.drift * draws.standard_normal()))
                steady_until_s = now_s + machine.drift_s
            awake[following] = True
            heappush(heap, (now_s + wake_s + costs_s[stage[slot]] * noise[step % NOISE], step, following, slot))
    return Played(found, over)


def in_order(rows: Sequence[Ints]) -> Decide:
    """Decisions that do not look at the load, known beforehand: a row of endpoints for each worker."""
    given = [iter(row.tolist()) for row in rows]
    return lambda worker, in_flight: int(next(given[worker % len(given)]))


def by_load(plane: LoadAware, uniforms: Sequence[float]) -> Decide:
    """Decisions by what is in flight, one draw for each."""
    choose, memory, draws = plane.choose, plane.memory.tolist(), iter(uniforms)
    return lambda worker, in_flight: choose(next(draws), in_flight, memory)


def alone(rows: Ints, client: Client) -> Played:
    """What comes of decisions, one for each request, whose order does not matter; connections take turns."""
    per, n = client.per_connection or len(rows), np.arange(len(rows))
    turn = n // client.in_flight
    return Played(rows, n % client.in_flight + client.in_flight * (turn // per))


def uniforms(n: int, worker: int, workers: int, draws: np.random.Generator) -> Floats:
    """Draws for decisions of one worker: data planes with a cycle for each take it from the draw."""
    return (worker + draws.random(n)) / workers
