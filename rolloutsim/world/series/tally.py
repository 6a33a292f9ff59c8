"""What the pods themselves have counted so far: requests by status class and latency bucket, each at the instant it was answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rolloutsim.record import ERROR, OK

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Tally:
    """Counters of one stream by pod ordinal; a request that no pod answered is counted nowhere, as no pod saw it."""

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self.bounds_s = np.asarray(bounds_s)
        self._counts = np.zeros((64, 2, 1 + len(bounds_s)), dtype=np.int64)
        self._pending: list[tuple[Floats, Ints, Ints, Ints]] = []

    def add(self, t_s: Floats, pods: npt.NDArray[np.int32], outcome: npt.NDArray[np.uint8], latency_s: Floats) -> None:
        """Requests by arrival; those without a latency are answered at once and observed in no bucket (column 0 is the counter)."""
        answered = outcome <= ERROR
        latency_s = latency_s[answered]
        bucket = 1 + np.searchsorted(self.bounds_s, latency_s, side="left")
        bucket[np.isnan(latency_s)] = 0
        ends_s = t_s[answered] + np.nan_to_num(latency_s)
        self._pending.append((ends_s, pods[answered].astype(np.int64), (outcome[answered] != OK).astype(np.int64), bucket))

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

    def restart(self, pod: int, t_s: float) -> None:
        """The pod's process begins anew: its counters stand at 0, and what it had not answered yet is not counted."""
        self._settle(t_s)
        self._grow(pod)
        self._counts[pod] = 0
        for i, (ends_s, pods, failed, bucket) in enumerate(self._pending):
            others = pods != pod
            self._pending[i] = (ends_s[others], pods[others], failed[others], bucket[others])

    def _settle(self, t_s: float) -> None:
        if not self._pending:
            return
        ends_s, pods, failed, bucket = (np.concatenate(column) for column in zip(*self._pending, strict=True))
        now = ends_s <= t_s
        self._pending = [(ends_s[~now], pods[~now], failed[~now], bucket[~now])] if not now.all() else []
        if now.any():
            self._grow(int(pods.max()))
            np.add.at(self._counts, (pods[now], failed[now], np.zeros(int(now.sum()), dtype=np.intp)), 1)
            seen = now & (bucket > 0)
            np.add.at(self._counts, (pods[seen], failed[seen], bucket[seen]), 1)

    def _grow(self, pod: int) -> None:
        while pod >= len(self._counts):
            self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
