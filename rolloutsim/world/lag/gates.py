"""The mechanisms that make a change late: each takes states as they come, and passes them on when it lets them through."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import numpy as np
import simpy

from rolloutsim.scenario.lag import Debounce, RateLimit
from rolloutsim.scenario.model import Delay
from rolloutsim.world.clock import call_at
from rolloutsim.world.delays import draw

State = TypeVar("State")
Take = Callable[[State], None]


class Opens(Protocol):
    """Says when a gate opens for what came just now."""

    def next_s(self, now_s: float) -> float:
        """The instant, `now_s` or later; asked once for all that passes together."""


class Gate(Generic[State]):
    """What comes while the gate is shut waits until it opens; the last of it passes."""

    def __init__(self, env: simpy.Environment, opens: Opens, then: Take[State]) -> None:
        self._env, self._opens, self._then = env, opens, then
        self._newest: tuple[State, ...] = ()

    def take(self, state: State) -> None:
        """A new state."""
        if not self._newest:
            call_at(self._env, self._opens.next_s(float(self._env.now)), self._open)
        self._newest = (state,)

    def _open(self) -> None:
        (state,), self._newest = self._newest, ()
        self._then(state)


class TokenBucket:
    """Opens `burst` times at once, then once each period."""

    def __init__(self, limit: RateLimit, now_s: float) -> None:
        self._limit, self._tokens, self._at_s = limit, float(limit.burst), now_s

    def next_s(self, now_s: float) -> float:
        """When the next token is there; it is taken."""
        period_s, burst = self._limit.period, float(self._limit.burst)
        if period_s == 0:
            return now_s
        self._tokens = min(burst, self._tokens + (now_s - self._at_s) / period_s)
        self._at_s = now_s
        wait_s = max(0.0, (1 - self._tokens) * period_s)
        self._tokens -= 1
        return now_s + wait_s


class Throttle:
    """Opens at once, but not again within a time (Traefik pkg/server/aggregator.go)."""

    def __init__(self, shut_s: float) -> None:
        self._shut_s, self._free_s = shut_s, -math.inf

    def next_s(self, now_s: float) -> float:
        """Now, or when the time since the last opening has passed."""
        opens_s = max(now_s, self._free_s)
        self._free_s = opens_s + self._shut_s
        return opens_s


class Poll:
    """Opens at the ticks of a clock whose phase is drawn."""

    def __init__(self, period_s: float, draws: np.random.Generator) -> None:
        self._period_s, self._phase_s = period_s, float(draws.uniform(0, period_s))

    def next_s(self, now_s: float) -> float:
        """The next tick."""
        ticks = math.floor((now_s - self._phase_s) / self._period_s) + 1
        return self._phase_s + ticks * self._period_s


class StampedPoll(Generic[State]):
    """A poll that takes a state over only if its stamp, a whole second of the wall clock, is later than that of the one taken over before.

    Source: ingress-nginx rootfs/etc/nginx/lua/balancer.lua, sync_backends, and configuration.lua (stamped by `ngx.time()`); measured: a second
    POST within the second of one that a worker had picked up was not applied (12 of 12).
    """

    def __init__(self, env: simpy.Environment, poll: Poll, second_fraction_s: float, then: Take[State]) -> None:
        self._env, self._fraction_s, self._then = env, second_fraction_s, then
        self._gate = Gate[tuple[int, State]](env, poll, self._look)
        self._taken = -math.inf

    def take(self, state: State) -> None:
        """A new state, stamped."""
        self._gate.take((math.floor(float(self._env.now) + self._fraction_s), state))

    def _look(self, stamped: tuple[int, State]) -> None:
        stamp, state = stamped
        if stamp > self._taken:
            self._taken = stamp
            self._then(state)


class Collector(Generic[State]):
    """Waits until nothing new has come for a while, and no longer than a bound (istio pilot/pkg/xds/discovery.go, debounce)."""

    def __init__(self, env: simpy.Environment, debounce: Debounce, then: Take[State]) -> None:
        self._env, self._then = env, then
        self._after_s = debounce.after
        self._at_most_s = math.inf if debounce.at_most is None else debounce.at_most
        self._last, self._first_s = 0, math.nan
        self._is_collecting = False

    def take(self, state: State) -> None:
        """A new state; the wait begins anew."""
        now_s = float(self._env.now)
        if not self._is_collecting:
            self._is_collecting, self._first_s = True, now_s
        self._last += 1
        number, due_s = self._last, min(now_s + self._after_s, self._first_s + self._at_most_s)
        call_at(self._env, due_s, lambda: self._pass(number, state))

    def _pass(self, number: int, state: State) -> None:
        if number == self._last:
            self._is_collecting = False
            self._then(state)


class Delayed(Generic[State]):
    """Passes each state after a delay of its own; none overtakes another."""

    def __init__(self, env: simpy.Environment, delay: Delay, draws: np.random.Generator, then: Take[State]) -> None:
        self._env, self._delay, self._draws, self._then = env, delay, draws, then
        self._last_s = -math.inf
        self._row: deque[State] = deque()

    def take(self, state: State) -> None:
        """A new state."""
        self._row.append(state)
        self._last_s = max(self._last_s, float(self._env.now) + draw(self._delay, self._draws))
        call_at(self._env, self._last_s, lambda: self._then(self._row.popleft()))


class Reload(Generic[State]):
    """Loads one configuration at a time; what comes during a reload is loaded by the next one."""

    def __init__(self, env: simpy.Environment, takes: Delay, draws: np.random.Generator, then: Take[State]) -> None:
        self._env, self._takes, self._draws, self._then = env, takes, draws, then
        self._is_loading = False
        self._newest: tuple[State, ...] = ()

    def take(self, state: State) -> None:
        """A new state."""
        if self._is_loading:
            self._newest = (state,)
            return
        self._is_loading = True
        call_at(self._env, float(self._env.now) + draw(self._takes, self._draws), lambda: self._loaded(state))

    def _loaded(self, state: State) -> None:
        self._is_loading, waiting, self._newest = False, self._newest, ()
        for newest in waiting:
            self.take(newest)
        self._then(state)
