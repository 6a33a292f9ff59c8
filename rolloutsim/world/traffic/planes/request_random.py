"""Independent random pick of a pod for each request: kube-proxy with a connection per request, and proxies that draw by weight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic.planes.plane import NOBODY, Count, Covers, Floats, Ordinals


class RequestRandom:
    """Uniform over the ready pods, or by the router's weights; a pod that has ended but is still routed to refuses.

    Weighted: ingress-nginx canary (`math.random(total) <= weight`), Envoy weighted_clusters. What the weights lack to 1 finds no pod.
    """

    covers: Covers = "requests"

    def __init__(self) -> None:
        self._endpoints: Ordinals = np.zeros(0, dtype=np.int32)
        self._weights: Floats = np.zeros(0)

    def reroute(self, endpoints: Ordinals, weights: Floats) -> None:
        """Know these ready pods from now on, each with its probability if they are not alike."""
        self._endpoints, self._weights = endpoints, weights

    def end_pod(self, ordinal: int) -> None:
        """Nothing is kept."""

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
            pods = self._endpoints[(uniform * n).astype(np.intp)]
        return pods, none, ended[pods] & (pods != NOBODY) if ended[self._endpoints].any() else None

    def count(self, first: int, last: int, draws: np.random.Generator, ended: npt.NDArray[np.bool_]) -> list[Count]:
        """A multinomial over the pods."""
        n = len(self._endpoints)
        if n == 0:
            return [Count(NOBODY, NOBODY, last - first, last - first)]
        weights = self._weights if len(self._weights) else np.full(n, 1 / n)
        shares = np.append(weights, max(0.0, 1 - float(weights.sum())))
        counts = draws.multinomial(last - first, shares / shares.sum())
        pods = [*self._endpoints.tolist(), NOBODY]
        return [Count(int(pod), NOBODY, int(k), int(k)) for pod, k in zip(pods, counts, strict=True) if k]
