"""Round robin over the ready pods: ingress-nginx for an ordinary backend (one cycle per worker), Caddy (one for all).

Source: rootfs/etc/nginx/lua/balancer/round_robin.lua and lua-resty-balancer's roundrobin.lua (random start, begun anew when the endpoints
change); Caddy's modules/caddyhttp/reverseproxy/selectionpolicies.go, RoundRobinSelection.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic.planes.cycle import Cycle
from rolloutsim.world.traffic.planes.plane import Floats, Ints


class RoundRobin(Cycle):
    """One pod after the other, whatever their weights; with `tries` a pod that refuses is passed over.

    ingress-nginx: proxy_next_upstream "error timeout", at most 3 tries.
    """

    def __init__(self, key: tuple[int, int, str], *, workers: int = 1, begins: int | None = 0, tries: int = 1) -> None:
        super().__init__(key, workers=workers, begins=begins)
        self._tries = tries

    def order(self, weights: Floats, pools: Ints, n: int, draws: np.random.Generator) -> Ints:
        """All pods in turn."""
        return np.arange(n)

    def instead(self, ended: npt.NDArray[np.bool_]) -> Ints:
        """The first of the next pods that has not ended; the last one tried refuses."""
        n = len(ended) - 1
        return np.array([next((k % n for k in range(i, i + self._tries) if not ended[k % n]), (i + self._tries - 1) % n) for i in range(n)] + [n])
