"""nginx `least_conn`: the server with the fewest requests in flight for its weight; among equals, smooth weighted round robin.

Source: nginx src/http/modules/ngx_http_upstream_least_conn_module.c, ngx_http_upstream_get_least_conn_peer. With nothing in flight all servers
are equal, so that a client on one connection gets exactly the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rolloutsim.world.traffic.planes.by_load import ByLoad
from rolloutsim.world.traffic.planes.plane import Floats
from rolloutsim.world.traffic.planes.weights import whole_weights


def least_conn(uniform: float, in_flight: Sequence[int], memory: Any) -> int:
    """`memory`: the weights, then the current weights of the round robin."""
    n, best, ties = len(in_flight), 0, 0
    for i in range(1, n):
        mine, its = in_flight[i] * memory[best], in_flight[best] * memory[i]
        if mine < its:
            best, ties = i, 0
        elif mine == its:
            ties += 1
    if ties == 0:
        return best
    load, weight, total = in_flight[best], memory[best], 0.0
    for i in range(best, n):
        if in_flight[i] * weight == load * memory[i]:
            memory[n + i] += memory[i]
            total += memory[i]
            if memory[n + i] > memory[n + best]:
                best = i
    memory[n + best] -= total
    return best


class NginxLeastConn(ByLoad):
    """The weight is a term of the load."""

    choose = staticmethod(least_conn)

    def remember(self, weights: Floats, n: int) -> Floats:
        """Whole weights, and no turns taken."""
        return np.append(whole_weights(weights, n)[:n], np.zeros(n)).astype(np.float64)
