"""Smooth weighted round robin: nginx's upstreams, HAProxy's roundrobin and static-rr.

Source: nginx src/http/ngx_http_upstream_round_robin.c (each pick adds every weight to its server's current one, the largest wins and pays the
sum). HAProxy's trees (src/lb_fwrr.c) and map (src/lb_map.c) give the same cycle, measured request by request up to where it begins.
"""

from __future__ import annotations

import numpy as np

from rolloutsim.world.traffic.planes.cycle import Cycle
from rolloutsim.world.traffic.planes.plane import Floats, Ints
from rolloutsim.world.traffic.planes.weights import whole_weights


class SmoothRoundRobin(Cycle):
    """Never more than one request off its weight."""

    def order(self, weights: Floats, pools: Ints, n: int, draws: np.random.Generator) -> Ints:
        """As long as the sum of the least whole weights."""
        return smooth(whole_weights(weights, n))


def smooth(weights: Ints) -> Ints:
    """The cycle of whole weights, as indices."""
    if (weights == weights[0]).all():
        return np.arange(len(weights))
    total, current = int(weights.sum()), np.zeros(len(weights), dtype=np.int64)
    cycle = np.empty(total, dtype=np.int64)
    for i in range(total):
        current += weights
        cycle[i] = best = int(current.argmax())
        current[best] -= total
    return cycle
