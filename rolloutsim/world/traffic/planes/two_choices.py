"""Traefik `p2c`: of two different pods, drawn at random, the one with fewer requests in flight; weights are not looked at.

Source: Traefik pkg/server/service/loadbalancer/p2c/p2c.go, nextServer: the first wins unless the second has fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rolloutsim.world.traffic.planes.by_load import ByLoad
from rolloutsim.world.traffic.planes.plane import Floats


def fewer_of_two(uniform: float, in_flight: Sequence[int], memory: Any) -> int:
    """Nothing is remembered."""
    n = len(in_flight)
    if n == 1:
        return 0
    first = int(uniform * n)
    second = int((uniform * n - first) * (n - 1))
    if second >= first:
        second += 1
    return second if in_flight[second] < in_flight[first] else first


class TwoChoices(ByLoad):
    """Half and half between two pods, whatever their weights."""

    choose = staticmethod(fewer_of_two)

    def remember(self, weights: Floats, n: int) -> Floats:
        """Nothing."""
        return np.zeros(1)
