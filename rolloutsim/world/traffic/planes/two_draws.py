"""HAProxy `balance random`: two random points on the ring, and of their servers the one with fewer requests in flight for its weight.

Source (v2.6): src/backend.c, get_server_rnd: the second draw wins unless its load is the higher one. With nothing in flight that is a single
draw, with the bias of the ring (`ring_random`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rolloutsim.world.traffic.planes.by_load import ByLoad
from rolloutsim.world.traffic.planes.plane import Floats
from rolloutsim.world.traffic.planes.ring_random import MOST, ring_shares
from rolloutsim.world.traffic.planes.weights import percent_weights


def lighter_of_two(uniform: float, in_flight: Sequence[int], memory: Any) -> int:
    """`memory`: up to which part of the ring each server comes, then the weights."""
    n = len(in_flight)
    first = second = n - 1
    low, high = 0.0, 1.0
    for i in range(n):
        if uniform < memory[i]:
            first, high = i, memory[i]
            break
        low = memory[i]
    again = (uniform - low) / (high - low)  # what is left of a draw within its part is another one
    for i in range(n):
        if again < memory[i]:
            second = i
            break
    if in_flight[second] * memory[n + first] > in_flight[first] * memory[n + second]:
        return first
    return second


class TwoDraws(ByLoad):
    """Random, held to the weights by the load."""

    choose = staticmethod(lighter_of_two)

    def remember(self, weights: Floats, n: int) -> Floats:
        """The ring's parts and the weights."""
        shares = ring_shares(weights / weights.sum() if len(weights) else weights, n)
        return np.append(np.cumsum(shares), percent_weights(weights, n, MOST)).astype(np.float64)
