"""A random pod for each request, whatever the weights say: Envoy's RANDOM policy, Caddy's `random`, nothing but chance in general.

Source: Envoy's documentation of RANDOM ("selects a random available host", weights of endpoints are not looked at); measured: 50 % at any weight
with one pod on each side.
"""

from __future__ import annotations

import numpy as np

from rolloutsim.world.traffic.planes.plane import Floats, Ints, Ordinals
from rolloutsim.world.traffic.planes.request_random import RequestRandom


class WeightBlind(RequestRandom):
    """Each pod alike."""

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """Know these ready pods from now on; those of weight 0 are not among them."""
        some = weights > 0 if len(weights) else np.ones(len(endpoints), dtype=bool)
        super().reroute(endpoints[some], np.zeros(0), pools[some])
