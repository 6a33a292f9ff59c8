"""HAProxy `leastconn`: servers ordered by (requests in flight + 1) / weight, but idle ones before all others, whatever their weights.

Source (v2.6): src/lb_fwlc.c, fwlc_queue_srv and fwlc_srv_reposition: a server's place is that of its key, (inflight + 1) * 4096 / (16 * weight)
in whole numbers, 0 when idle; of equal keys, the one that has had its key for longer. So a client on one connection gets half and half, whatever the
weights. Who is not told of every answer (`notice`) knows what happened between two decisions by what is in flight: servers whose keys
changed then take their places in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rolloutsim.world.traffic.planes.by_load import ByLoad
from rolloutsim.world.traffic.planes.plane import Floats
from rolloutsim.world.traffic.planes.weights import percent_weights

MOST = 256


def requeue(in_flight: Sequence[int], memory: Any) -> None:
    """Servers whose keys have changed go behind those that have the same key already."""
    n = len(in_flight)
    for i in range(n):
        load = in_flight[i]
        key = (load + 1) * 256 // int(memory[i]) if load > 0 else 0
        if key != memory[n + i]:
            memory[n + i] = key
            memory[3 * n] += 1
            memory[2 * n + i] = memory[3 * n]


def leastconn(uniform: float, in_flight: Sequence[int], memory: Any) -> int:
    """`memory`: weights, keys, since when each has its key (by a count of changes), and that count."""
    requeue(in_flight, memory)
    n, best = len(in_flight), 0
    for i in range(1, n):
        if memory[n + i] < memory[n + best] or (memory[n + i] == memory[n + best] and memory[2 * n + i] < memory[2 * n + best]):
            best = i
    memory[n + best] = (in_flight[best] + 2) * 256 // int(memory[best])
    memory[3 * n] += 1
    memory[2 * n + best] = memory[3 * n]
    return best


class HaproxyLeastconn(ByLoad):
    """Weight counts only among servers that are busy."""

    choose = staticmethod(leastconn)
    notice = staticmethod(requeue)

    def remember(self, weights: Floats, n: int) -> Floats:
        """All idle, in their order."""
        return np.concatenate([np.maximum(1, percent_weights(weights, n, MOST)), np.zeros(n), np.arange(n) - n, [0]]).astype(np.float64)
