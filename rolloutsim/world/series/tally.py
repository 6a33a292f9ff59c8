"""What pods, or the proxy before them, have counted so far: requests by status class and latency bucket, each when it was answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rolloutsim.record import ERROR, OK

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


MOST_PENDING = 1 << 16
"""So many answers may wait to be counted before those that are over for certain are."""


class Tally:
    """Counters of one stream by pod ordinal. A request that no pod answered is counted nowhere, as no pod saw it; by a `router` it is
    counted as failed, for the pod that refused it, or for pod -1."""

    def __init__(self, bounds_s: Sequence[float], *, router: bool = False) -> None:
        self.router = router
        self.bounds_s = np.asarray(bounds_s)
        self._counts = np.zeros((64, 2, 1 + len(bounds_s)), dtype=np.int64)
        self._pending: list[tuple[Floats, Ints, Ints, Ints]] = []
        self._waiting, self._most = 0, MOST_PENDING

    def add(self, t_s: Floats, pods: npt.NDArray[np.int32], outcome: npt.NDArray[np.uint8], latency_s: Floats) -> None:
        """Requests by arrival; those without a latency are answered at once and observed in no bucket (column 0 is the counter).

        Counters before the last arrival are not asked for any more.
        """
        answered = np.full(len(outcome), True) if self.router else outcome <= ERROR
        latency_s = latency_s[answered]
        bucket = 1 + np.searchsorted(self.bounds_s, latency_s, side="left")
        bucket[np.isnan(latency_s)] = 0
        ends_s = t_s[answered] + np.nan_to_num(latency_s)
        self._pending.append((ends_s, pods[answered].astype(np.int64), (outcome[answered] != OK).astype(np.int64), bucket))
        self._waiting += len(ends_s)
        if self._waiting > self._most:
            self._settle(float(t_s[-1]))
            self._most = max(MOST_PENDING, 2 * self._waiting)

    def add_counts(self, pod: int, failed: bool, requests: int, buckets: Ints | None) -> None:
        """Requests of a pod counted together, by bucket if latencies are known; they count as answered when they arrive."""
        self._grow(pod)
        self._counts[pod, int(failed), 0] += requests
        if buckets is not None:
            self._counts[pod, int(failed), 1:] += buckets

    def of(self, pod: int, t_s: float) -> Ints:
        """Counters of a pod at an instant (not before any asked for earlier): shape (ok or error, 1 + buckets)."""
        self._settle(t_s)
        self._grow(pod)
        counts: Ints = self._counts[pod].copy()
        return counts

    def pods(self, t_s: float) -> list[int]:
        """The pods for which anything was counted until an instant."""
        self._settle(t_s)
        found = np.flatnonzero(self._counts[:, :, 0].any(axis=1))
        return [pod if pod < len(self._counts) - 1 else -1 for pod in found.tolist()]

    def restart(self, pod: int, t_s: float) -> None:
        """The pod's process begins anew: its counters stand at 0, and what it had not answered yet is not counted."""
        self._settle(t_s)
        self._grow(pod)
        self._counts[pod] = 0
        for i, (ends_s, pods, failed, bucket) in enumerate(self._pending):
            others = pods != pod
            self._pending[i] = (ends_s[others], pods[others], failed[others], bucket[others])

    def break_off(self, pod: int, t_s: float) -> None:
        """The pod is gone with what it had not answered yet: it has counted none of that, and a router counts it as failed now."""
        self._settle(t_s)
        for i, (ends_s, pods, failed, bucket) in enumerate(self._pending):
            mine = (pods == pod) & (bucket > 0)
            if self.router:
                self._pending[i] = (np.where(mine, t_s, ends_s), pods, np.where(mine, 1, failed), np.where(mine, 0, bucket))
            else:
                self._pending[i] = (ends_s[~mine], pods[~mine], failed[~mine], bucket[~mine])

    def _settle(self, t_s: float) -> None:
        if not self._pending:
            return
        ends_s, pods, failed, bucket = (np.concatenate(column) for column in zip(*self._pending, strict=True))
        now = ends_s <= t_s
        self._pending = [(ends_s[~now], pods[~now], failed[~now], bucket[~now])] if not now.all() else []
        self._waiting = len(now) - int(now.sum())
        if now.any():
            self._grow(int(pods.max()))
            rows, kinds, columns = self._counts.shape
            cell = (pods[now] % rows * kinds + failed[now]) * columns + bucket[now]
            found = np.bincount(cell, minlength=self._counts.size).reshape(rows, kinds, columns)
            self._counts[:, :, 1:] += found[:, :, 1:]
            self._counts[:, :, 0] += found.sum(axis=2)

    def _grow(self, pod: int) -> None:
        while pod >= len(self._counts) - 1:  # the last row stands for no pod
            none = np.zeros_like(self._counts)
            none[-1] = self._counts[-1]
            self._counts[-1] = 0
            self._counts = np.concatenate([self._counts, none])
