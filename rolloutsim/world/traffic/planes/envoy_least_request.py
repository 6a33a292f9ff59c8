"""Envoy LEAST_REQUEST: of two random hosts the one with fewer requests in flight; with unequal weights, earliest deadline first.

Source: Envoy source/extensions/load_balancing_policies/least_request/least_request_lb.cc. A host is put back into the schedule when it is picked,
(its requests in flight + 1) / weight later. So a weight of 10 to 90 gets 10 % of one connection and a quarter of many: those of the canary that
are still in flight hold it up less than the many of the stable ones do these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rolloutsim.world.traffic.planes.by_load import ByLoad
from rolloutsim.world.traffic.planes.plane import Floats
from rolloutsim.world.traffic.planes.weights import percent_weights

MOST = 128


def least_request(uniform: float, in_flight: Sequence[int], memory: Any) -> int:
    """`memory`: weights, deadlines, the order in which hosts were put back, a count of those, and whether the weights are equal."""
    n = len(in_flight)
    if memory[3 * n + 1] != 0:
        first = int(uniform * n)
        second = int((uniform * n - first) * n)
        return second if in_flight[second] < in_flight[first] else first
    best = -1
    for i in range(n):
        if memory[i] > 0 and (
            best < 0 or memory[n + i] < memory[n + best] or (memory[n + i] == memory[n + best] and memory[2 * n + i] < memory[2 * n + best])
        ):
            best = i
    memory[n + best] += 1.0 / (memory[best] / (in_flight[best] + 1))
    memory[3 * n] += 1
    memory[2 * n + best] = memory[3 * n]
    return best


class EnvoyLeastRequest(ByLoad):
    """Far from the weights as soon as there is load."""

    choose = staticmethod(least_request)

    def remember(self, weights: Floats, n: int) -> Floats:
        """Each host one step away."""
        written = percent_weights(weights, n, MOST).astype(np.float64)
        steps = np.divide(1.0, written, out=np.zeros(n), where=written > 0)
        equal = float((written == written[0]).all())
        return np.concatenate([written, steps, np.arange(n) - n, [0.0, equal]])
