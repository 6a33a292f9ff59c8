"""HAProxy `balance random(1)`: a random point on the ring of its consistent hash, so that a configuration has a bias of its own, for ever.

Source (v2.6): src/lb_chash.c, chash_queue_dequeue_srv and chash_get_server_hash; include/haproxy/intops.h, __full_hash; src/backend.c,
get_server_rnd. A server of weight w has 16 w points, the hashes of 4096 times its id and onwards; the point nearest to a draw wins.
"""

from __future__ import annotations

import numpy as np

from rolloutsim.world.traffic.planes.plane import Floats, Ints, Ordinals
from rolloutsim.world.traffic.planes.request_random import RequestRandom
from rolloutsim.world.traffic.planes.weights import percent_weights

POINTS_PER_WEIGHT = 16
IDS = 4096
"""Hashes of two servers begin so far from each other: 256 weights of 16 points."""
MOST = 256
SPACE = 2**32


class RingRandom(RequestRandom):
    """Independent draws by what part of the ring each pod has."""

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """Know these ready pods from now on, as servers 1, 2, ... in their order."""
        super().reroute(endpoints, ring_shares(weights, len(endpoints)), pools)


def ring_shares(weights: Floats, n: int) -> Floats:
    """The probabilities that the ring makes of `n` servers' weights; what these lack to 1 stays lacking."""
    if n == 0:
        return weights
    points, owners = ring(weights, n)
    gaps = (np.roll(points, -1) - points) % SPACE if len(points) > 1 else np.array([SPACE])
    near: Floats = (gaps + np.roll(gaps, 1)) / (2.0 * SPACE)
    whole = min(1.0, float(weights.sum())) if len(weights) else 1.0
    shares = np.bincount(owners, weights=near, minlength=n).astype(np.float64)
    return shares if whole > 1 - 1e-9 else shares * whole


def ring(weights: Floats, n: int) -> tuple[Ints, Ints]:
    """The points of the ring in order, and which server each belongs to; shapes (points,)."""
    written = percent_weights(weights, n, MOST)
    owners = np.repeat(np.arange(n), written * POINTS_PER_WEIGHT)
    number = np.concatenate([np.arange(w * POINTS_PER_WEIGHT) for w in written.tolist()])
    points = full_hash((owners + 1) * IDS + number)
    order = np.argsort(points, kind="stable")
    return points[order], owners[order]


def full_hash(values: Ints) -> Ints:
    """HAProxy's hash of 32-bit integers: Bob Jenkins' full avalanche (burtleburtle.net/bob/hash/integer.html), times a large prime."""
    a = values.astype(np.uint32)
    a = a + np.uint32(0x7ED55D16) + (a << np.uint32(12))
    a = (a ^ np.uint32(0xC761C23C)) ^ (a >> np.uint32(19))
    a = a + np.uint32(0x165667B1) + (a << np.uint32(5))
    a = (a + np.uint32(0xD3A2646C)) ^ (a << np.uint32(9))
    a = a + np.uint32(0xFD7046C5) + (a << np.uint32(3))
    a = (a ^ np.uint32(0xB55A4F09)) ^ (a >> np.uint32(16))
    return (a * np.uint32(3221225473)).astype(np.int64)
