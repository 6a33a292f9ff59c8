"""A pace as the row of gates that a change passes, one after the other."""

from __future__ import annotations

import numpy as np
import simpy

from rolloutsim.scenario.lag import Pace
from rolloutsim.world.lag.gates import Collector, Delayed, Gate, Poll, Reload, StampedPoll, State, Take, Throttle, TokenBucket


def pipeline(env: simpy.Environment, pace: Pace, draws: np.random.Generator, second_fraction_s: float, then: Take[State]) -> Take[State]:
    """What takes new states in and hands them to `then` at this pace; `second_fraction_s` is the wall clock's fraction of a second at t = 0."""
    if pace.reload is not None:
        then = Reload(env, pace.reload, draws, then).take
    if pace.poll:
        poll = Poll(pace.poll, draws)
        then = StampedPoll(env, poll, second_fraction_s, then).take if pace.whole_seconds else Gate(env, poll, then).take
    if pace.throttle:
        then = Gate(env, Throttle(pace.throttle), then).take
    if pace.debounce is not None:
        then = Collector(env, pace.debounce, then).take
    if pace.rate_limit is not None:
        then = Gate(env, TokenBucket(pace.rate_limit, float(env.now)), then).take
    if pace.delay is not None:
        then = Delayed(env, pace.delay, draws, then).take
    return then
