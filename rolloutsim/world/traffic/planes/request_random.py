"""Independent random pick of a pod for each request: kube-proxy with a connection per request, and proxies that draw."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rolloutsim.world.traffic.planes.plane import NOBODY, Count, Covers, Floats, Ordinals


class RequestRandom:
    """Uniform over the ready pods; a pod that has ended but is still routed to refuses."""

    covers: Covers = "requests"

    def __init__(self) -> None:
        self._endpoints: Ordinals = np.zeros(0, dtype=np.int32)

    def reroute(self, endpoints: Ordinals) -> None:
        """Know these ready pods from now on."""
        self._endpoints = endpoints

    def end_pod(self, ordinal: int) -> None:
        """Nothing is kept."""

    def pick(self, first: int, uniform: Floats, ended: npt.NDArray[np.bool_]) -> tuple[Ordinals, Ordinals, npt.NDArray[np.bool_] | None]:
        """A pod for each uniform draw."""
        n = len(self._endpoints)
        none = np.full(len(uniform), NOBODY, dtype=np.int32)
        if n == 0:
            return none, none, None
        pods = self._endpoints[(uniform * n).astype(np.intp)]
        return pods, none, ended[pods] if ended[self._endpoints].any() else None

    def count(self, first: int, last: int, draws: np.random.Generator, ended: npt.NDArray[np.bool_]) -> list[Count]:
        """A multinomial over the pods."""
        n = len(self._endpoints)
        if n == 0:
            return [Count(NOBODY, NOBODY, last - first, last - first)]
        counts = draws.multinomial(last - first, np.full(n, 1 / n))
        return [Count(int(pod), NOBODY, int(k), int(k)) for pod, k in zip(self._endpoints, counts, strict=True) if k]
