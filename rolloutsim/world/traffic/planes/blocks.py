"""Weighted round robin in blocks: as many requests in a row as a server's weight, then the next server (Caddy).

Source: modules/caddyhttp/reverseproxy/selectionpolicies.go, WeightedRoundRobinSelection.Select: a counter modulo the sum of the weights is
looked up in their running sums. It is exact over a whole cycle only: at 33 to 67, 33 requests in a row and then 67.
"""

from __future__ import annotations

import numpy as np

from rolloutsim.world.traffic.planes.cycle import Cycle
from rolloutsim.world.traffic.planes.plane import Floats, Ints
from rolloutsim.world.traffic.planes.weights import percent_weights

MOST = 10_000
"""Weights that are no whole percents are taken as parts of this."""


class Blocks(Cycle):
    """Written weights count, not their ratio: 10 to 90 is a cycle of 100."""

    def order(self, weights: Floats, pools: Ints, n: int, draws: np.random.Generator) -> Ints:
        """Each server as often in a row as its weight."""
        written = percent_weights(weights, n, MOST)
        rest = max(0, 100 - int(written.sum())) if len(weights) and float(weights.sum()) < 1 - 1e-9 else 0
        return np.repeat(np.arange(n + 1), np.append(written, rest))
