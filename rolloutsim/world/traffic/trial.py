"""A trial of a splitter by itself: a client that waits for its answers, the proxy, and pods, each an event loop on one machine.

So data planes are measured: a fixed number of requests in flight, as fast as the answers come. What a data plane that looks at the load makes
of a weight depends on how many requests are at the pods when it decides. That is a matter of three processes on two cores, each of which takes
up what has come in one after the other, and of who runs while another waits; from run to run it differs by more than chance between requests.
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
FEW = 8
"""Threads that steal from each other's lines take one of so many that came first."""
TOGETHER = ((0, 0, 2), (0, 1, 1), (0, 1, 0))
"""Cores of client, proxy and pods when two of them share one."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What things cost on the machine of the trial, in seconds; assumptions, the same for every data plane and weight.

    Orders of magnitude of small requests over loopback: a worker takes tens of thousands of requests a second, an idle core some 10 microseconds
    to wake up. Where pods take milliseconds to answer, none of it matters.
    """

    send_s: float = 3e-6
    ask_s: float = 9e-6
    serve_s: float = 7e-6
    answer_s: float = 7e-6
    wake_s: float = 14e-6
    open_s: float = 2e-6
    """From opening a connection to a proxy until the request is there, exponential: of several opened at once one may overtake another."""
    switch_s: float = 2e-6
    """From one process to another on the same core."""
    chance: float = 0.3
    """The part of each cost that is exponential."""
    unlike: float = 0.15
    """No two runs are alike: the logarithm of `wake_s` has this standard deviation between them."""
    shared: float = 0.5
    """How often two of the three processes share a core, as there are two cores; whoever runs goes on until nothing is left to do."""
    moved_s: float = 0.05
    """After so long on average the kernel places them anew."""
    late: float = 1e-3
    """Where connections are rewritten or passed on as they are: the part of answers that are held up, so that other connections overtake..."""
    late_s: float = 1e-3
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


class Cores:
    """Who runs where: a process that has something to do waits while another runs on its core."""

    def __init__(self, processes: int, machine: Machine, draws: np.random.Generator) -> None:
        self._machine, self._draws = machine, draws
        self._wake_s = machine.wake_s * float(np.exp(machine.unlike * draws.standard_normal()))
        self._core = list(range(processes))
        self._moves_s = 0.0
        self._runs: list[int] = [-1] * processes
        self._waits: list[deque[int]] = [deque() for _ in range(processes)]
        self._on = list(range(processes))

    def wake(self, process: int, now_s: float) -> float | None:
        """A process that slept has something to do: when it begins, or None if it has to wait."""
        if now_s >= self._moves_s:
            self._moves_s = now_s + self._machine.moved_s * float(self._draws.standard_exponential())
            self._place()
        core = self._core[process]
        self._on[process] = core
        if self._runs[core] >= 0:
            self._waits[core].append(process)
            return None
        self._runs[core] = process
        return now_s + self._wake_s

    def sleep(self, process: int) -> int:
        """A process has nothing left to do: who runs next in its place, or -1."""
        core = self._on[process]
        self._runs[core] = self._waits[core].popleft() if self._waits[core] else -1
        return self._runs[core]

    def _place(self) -> None:
        """Each on a core of its own, or two of client, proxy and pods on one; further workers of the proxy keep their own."""
        self._core = list(range(len(self._core)))
        if self._draws.random() < self._machine.shared:
            client, proxy, pods = TOGETHER[int(self._draws.integers(len(TOGETHER)))]
            last = len(self._core) - 1
            self._core[0], self._core[1], self._core[last] = client, proxy, last if pods == 2 else pods


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
    stealing: bool = False,
    notice: Callable[[Sequence[int]], None] | None = None,
) -> Played:
    """The requests of one trial; `by_connection`: who decides does so once a connection. `latency_s`: how long each endpoint takes to answer.

    `direct`: no proxy stands between, the kernel rewrites addresses as connections are opened. `notice` is told of every answer.
    `stealing`: threads of the proxy take work from each other's lines, so that it is not done in the order in which it came.
    """
    slots, per = client.in_flight, client.per_connection
    noise = (1 - machine.chance + machine.chance * draws.standard_exponential(NOISE)).tolist()
    held_s = np.where(draws.random(NOISE) < machine.late * by_connection, machine.late_s * draws.standard_exponential(NOISE), 0.0).tolist()
    stolen = draws.random(NOISE).tolist() if stealing else []
    opens_s = (machine.open_s * draws.standard_exponential(NOISE)).tolist()
    worker_of = draws.integers(0, workers, NOISE).tolist() if workers > 1 else [0]
    costs_s = (machine.send_s, machine.ask_s, machine.serve_s, machine.answer_s)
    pods = 1 + workers
    cores = Cores(pods + 1, machine, draws)
    heap: list[tuple[float, int, int, int]] = []
    lines: list[deque[int]] = [deque() for _ in range(pods + 1)]
    awake = [False] * (pods + 1)
    stage, worker, number = [SEND] * slots, [0] * slots, [0] * slots
    left, kept, of = [0] * slots, [-1] * slots, [0] * slots
    in_flight = [0] * endpoints
    found, over = np.full(requests, -1, dtype=np.int64), np.zeros(requests, dtype=np.int64)
    sent = decided = opened = step = 0

    def begin(process: int, at_s: float) -> None:
        """A process does the first thing in its line."""
        line = lines[process]
        if stealing and 0 < process < pods and len(line) > 1:
            ahead = int(stolen[step % NOISE] * min(len(line), FEW))
            line.rotate(-ahead)
            slot = line.popleft()
            line.rotate(ahead)
        else:
            slot = line.popleft()
        heappush(heap, (at_s + costs_s[stage[slot]] * noise[step % NOISE], step, process, slot))

    lines[0].extend(range(slots))
    awake[0] = True
    begin(0, cores.wake(0, 0.0) or 0.0)
    while decided < requests:
        now_s, _, process, slot = heappop(heap)
        step += 1
        following = 0 if direct else 1 + worker[slot]
        if process >= 0:  # it has done its part; another takes it up
            done = stage[slot]
            if done == SEND:
                if sent == requests:
                    following = -1
                else:
                    stage[slot], following = ASK, 1 + worker[slot]
                    if left[slot] == 0:
                        left[slot], kept[slot], opened = per or -1, -1, opened + 1
                        of[slot], worker[slot] = opened - 1, worker_of[opened % len(worker_of)]
                        following = 1 + worker[slot]
                        if not direct:
                            heappush(heap, (now_s + opens_s[step % NOISE], step, -1, slot))
                            following = -1
                    left[slot] -= 1
                    number[slot], over[sent], sent = sent, of[slot], sent + 1
            elif done == SERVE:
                stage[slot] = SEND if direct else ANSWER
                away_s = latency_s[kept[slot]] + held_s[step % NOISE]
                if direct:
                    in_flight[kept[slot]] -= 1
                if away_s > 0:
                    heappush(heap, (now_s + away_s, step, -1, slot))
                    following = -1
            elif done == ANSWER:
                in_flight[kept[slot]] -= 1
                if notice is not None:
                    notice(in_flight)
                stage[slot], following = SEND, 0
            if done == ASK or (direct and done == SEND and following >= 0):
                if kept[slot] < 0 or not by_connection:
                    kept[slot] = decide(worker[slot], in_flight)
                found[number[slot]] = kept[slot]
                in_flight[kept[slot]] += 1
                decided += 1
                stage[slot], following = SERVE, pods
        if following >= 0:
            lines[following].append(slot)
            if not awake[following]:
                awake[following] = True
                at_s = cores.wake(following, now_s)
                if at_s is not None:
                    begin(following, at_s)
        if process >= 0:
            if lines[process]:
                begin(process, now_s)
            else:
                awake[process] = False
                another = cores.sleep(process)
                if another >= 0:
                    begin(another, now_s + machine.switch_s)
    return Played(found, over)


def in_order(rows: Sequence[Ints]) -> Decide:
    """Decisions that do not look at the load, known beforehand: a row of endpoints for each worker."""
    given = [iter(row.tolist()) for row in rows]
    return lambda worker, in_flight: int(next(given[worker % len(given)]))


def by_load(plane: LoadAware, uniforms: Sequence[float]) -> tuple[Decide, Callable[[Sequence[int]], None] | None]:
    """Decisions by what is in flight, one draw for each; and who is to be told of answers."""
    choose, memory, draws = plane.choose, plane.memory.tolist(), iter(uniforms)
    told = getattr(plane, "notice", None)
    return (lambda worker, in_flight: choose(next(draws), in_flight, memory)), (None if told is None else lambda in_flight: told(in_flight, memory))


def alone(rows: Ints, client: Client) -> Played:
    """What comes of decisions, one for each request, whose order does not matter; connections take turns."""
    per, n = client.per_connection or len(rows), np.arange(len(rows))
    turn = n // client.in_flight
    return Played(rows, n % client.in_flight + client.in_flight * (turn // per))


def uniforms(n: int, worker: int, workers: int, draws: np.random.Generator) -> Floats:
    """Draws for decisions of one worker: data planes with a cycle for each take it from the draw."""
    return (worker + draws.random(n)) / workers
