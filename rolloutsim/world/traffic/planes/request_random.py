"""Independent random pick of a pod for each request: kube-proxy with a connection per request, and proxies that draw by weight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic.marks import Marks
from rolloutsim.world.traffic.planes.plane import NOBODY, Counts, Covers, Floats, Ints, Ordinals, by_pod


class RequestRandom:
    """Uniform over the ready pods, or by the router's weights; a pod that has ended but is still routed to refuses.

    With `retries`, as in ingress-nginx, another pod of the same backend is tried instead; a backend whose pods have all ended refuses (measured:
    a dead canary costs its share in 502). Weighted: ingress-nginx canary (`math.random(total) <= weight`), Envoy weighted_clusters. What the
    weights lack to 1 finds no pod.
    """

    covers: Covers = "requests"

    def __init__(self, key: tuple[int, int, str], *, retries: bool = False) -> None:
        self._key, self._retries = key, retries
        self._endpoints: Ordinals = np.zeros(0, dtype=np.int32)
        self._given: Floats = np.zeros(0)
        self._weights: Floats = np.zeros(0)
        self._pools: Ints = np.zeros(0, dtype=np.int64)
        self._ended: set[int] = set()
        self._fits = 0
        self._marks: Marks | None = None
        self._start: int | None = None

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """Know these ready pods from now on, each with its probability if they are not alike."""
        same = np.array_equal(endpoints, self._endpoints) and np.array_equal(weights, self._given) and np.array_equal(pools, self._pools)
        if not same:
            self._endpoints, self._given, self._pools = endpoints, weights, pools
            self._fit()

    def end_pod(self, ordinal: int) -> None:
        """With retries its backend's other pods take its share."""
        self._ended.add(ordinal)
        if self._retries and ordinal in self._endpoints:
            self._fit()

    def begin_pod(self, ordinal: int) -> None:
        """It takes its own share again."""
        self._ended.discard(ordinal)
        if self._retries and ordinal in self._endpoints:
            self._fit()

    def _fit(self) -> None:
        """The probabilities after retries; another row of marks begins."""
        self._weights, self._marks, self._start = self._given, None, None
        self._fits += 1
        dead = np.isin(self._endpoints, list(self._ended))
        if not self._retries or not dead.any():
            return
        n = len(self._endpoints)
        weights = self._given.copy() if len(self._given) else np.full(n, 1 / n)
        for pool in np.unique(self._pools):
            lost, alive = dead & (self._pools == pool), ~dead & (self._pools == pool)
            if lost.any() and alive.any():
                weights[alive] += weights[lost].sum() / alive.sum()
                weights[lost] = 0.0
        self._weights = weights

    def pick(self, first: int, uniform: Floats, ended: npt.NDArray[np.bool_]) -> tuple[Ordinals, Ordinals, npt.NDArray[np.bool_] | None]:
        """A pod for each uniform draw."""
        n = len(self._endpoints)
        none = np.full(len(uniform), NOBODY, dtype=np.int32)
        if n == 0:
            return none, none, None
        if len(self._weights):
            at = np.searchsorted(np.cumsum(self._weights) + 1e-12, uniform, side="right")
            pods = np.append(self._endpoints, np.int32(NOBODY))[at]
        else:
            pods = self._endpoints.take((uniform * n).astype(np.intp))
        if not ended[self._endpoints].any():
            return pods, none, None
        return pods, none, ended[pods] & (pods != NOBODY)

    def count(self, first: int, last: int) -> Counts:
        """A multinomial over the pods."""
        n = len(self._endpoints)
        if n == 0:
            return by_pod(np.array([NOBODY], dtype=np.int32), np.array([last - first], dtype=np.int64))
        if self._marks is None:
            weights = self._weights if len(self._weights) else np.full(n, 1 / n)
            seed, replication, stream = self._key
            self._marks = Marks(np.append(weights, max(0.0, 1 - float(weights.sum()))), seed, replication, "picks", stream, self._fits)
            self._start = first
        assert self._start is not None
        return by_pod(np.append(self._endpoints, np.int32(NOBODY)), self._marks.between(first - self._start, last - self._start))
