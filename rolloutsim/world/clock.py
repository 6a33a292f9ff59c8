"""Deferred calls on a SimPy environment: what happens so many seconds from now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy

EPSILON_S = 1e-9


def call_later(env: simpy.Environment, delay_s: float, call: Callable[[], Any]) -> None:
    """Call back after a delay; calls due at one instant come in the order in which they were asked for."""
    env.timeout(max(0.0, delay_s)).callbacks.append(lambda _: call())


def call_at(env: simpy.Environment, at_s: float, call: Callable[[], Any]) -> None:
    """Call back at an instant, at once if it has passed."""
    call_later(env, at_s - env.now, call)
