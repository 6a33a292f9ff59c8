"""Independent random pick of a pod for each request: kube-proxy with a connection per request, and proxies that draw by weight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic.planes.plane import NOBODY, Count, Covers, Floats, Ordinals


class RequestRandom:
    """Uniform over the ready pods, or by the router's weights; a pod that has ended but is still routed to refuses.

    With `retries`, as in ingress-nginx, another pod of the same backend is tried instead. Weighted: ingress-nginx canary (`math.random(total) <= weight`), Envoy weighted_clusters. What the weights lack to 1 finds no pod.
    """

    covers: Covers = "requests"

    def __init__(self, *, retries: bool = False) -> None:
        self._retries = retries
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
        if not ended[self._endpoints].any():
            return pods, none, None
        pods = self._passed_over(pods, np.arange(first, first + len(pods)), ended)
        return pods, none, ended[pods] & (pods != NOBODY)

    def _passed_over(self, pods: Ordinals, index: npt.NDArray[np.int64], ended: npt.NDArray[np.bool_]) -> Ordinals:
        """With retries a pod that refuses is passed over for another one of its backend (pods of one backend stand together, all alike)."""
        if not self._retries:
            return pods
        for backend in self._backends():
            alive = backend[~ended[backend]]
            if 0 < len(alive) < len(backend):
                refused = np.isin(pods, backend[ended[backend]])
                pods = np.where(refused, alive[index % len(alive)], pods)
        return pods

    def _backends(self) -> list[Ordinals]:
        cuts: list[int] = (np.flatnonzero(np.diff(self._weights)) + 1).tolist() if len(self._weights) else []
        return np.split(self._endpoints, cuts)

    def count(self, first: int, last: int, draws: np.random.Generator, ended: npt.NDArray[np.bool_]) -> list[Count]:
        """A multinomial over the pods."""
        n = len(self._endpoints)
        if n == 0:
            return [Count(NOBODY, NOBODY, last - first, last - first)]
        weights = self._weights if len(self._weights) else np.full(n, 1 / n)
        shares = np.append(weights, max(0.0, 1 - float(weights.sum())))
        counts = draws.multinomial(last - first, shares / shares.sum())
        if self._retries and ended[self._endpoints].any():
            for backend in self._backends():
                alive = backend[~ended[backend]]
                if 0 < len(alive) < len(backend):
                    at = np.flatnonzero(np.isin(self._endpoints, backend[ended[backend]]))
                    counts[np.flatnonzero(self._endpoints == alive[0])[0]] += counts[at].sum()
                    counts[at] = 0
        pods = [*self._endpoints.tolist(), NOBODY]
        return [Count(int(pod), NOBODY, int(k), int(k)) for pod, k in zip(pods, counts, strict=True) if k]
