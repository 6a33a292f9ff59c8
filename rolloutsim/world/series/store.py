"""The store of time series: what each scrape of a pod found, and queries over a window of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rolloutsim.world.series import promql

Over = Callable[[Sequence[float], Sequence[float], float, float], float | None]

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""DefBuckets of prometheus/client_golang."""
OK_CLASS, ERROR_CLASS = "2xx", "5xx"


class Labels(NamedTuple):
    """The labels of a series: who counted (`pods` or `router`), of which pod (its ordinal), whose requests, and their status class."""

    by: str
    pod: int
    pod_hash: str
    stream: str
    service: str
    status: str


@dataclass(slots=True)
class Scraped:
    """Samples of one set of labels: a row is the counter, then the cumulative buckets (the last one is infinite)."""

    times_s: list[float] = field(default_factory=list)
    rows: list[npt.NDArray[np.int64]] = field(default_factory=list)


class TimeSeries:
    """Series by labels, each from the scrape on that first found it: a status that never occurred has none."""

    def __init__(self, buckets_s: Sequence[float] = BUCKETS_S) -> None:
        self.bounds_s = (*buckets_s, math.inf)
        self._series: dict[Labels, Scraped] = {}

    def append(self, t_s: float, labels: Labels, counter: int, buckets: npt.NDArray[np.int64]) -> None:
        """One sample; `buckets` are counts (not cumulative) by bound."""
        if counter == 0 and labels not in self._series:
            return
        scraped = self._series.setdefault(labels, Scraped())
        scraped.times_s.append(round(t_s, 3))
        scraped.rows.append(np.concatenate([[counter], np.cumsum(buckets)]))

    def summed(self, over: Over, which: Callable[[Labels], bool], end_s: float, window_s: float) -> float | None:
        """`sum(over(requests_total{...}[window]))`; None where no series has a result, which Prometheus answers with an empty vector."""
        found = [value for value in self._each(over, which, end_s, window_s, slice(0, 1)) if value is not None]
        return math.fsum(value[0] for value in found) if found else None

    def quantile(self, q: float, over: Over, which: Callable[[Labels], bool], end_s: float, window_s: float) -> float | None:
        """`histogram_quantile(q, sum(over(duration_bucket{...}[window])) by (le))` in seconds; None without series, NaN without observations."""
        found = [value for value in self._each(over, which, end_s, window_s, slice(1, None)) if value is not None]
        if not found:
            return None
        return promql.quantile(q, self.bounds_s, [math.fsum(column) for column in zip(*found, strict=True)])

    def _each(self, over: Over, which: Callable[[Labels], bool], end_s: float, window_s: float, columns: slice) -> Iterable[list[float] | None]:
        for labels, scraped in self._series.items():
            if not which(labels):
                continue
            part = promql.within(scraped.times_s, end_s, window_s)
            times_s, rows = scraped.times_s[part], scraped.rows[part]
            if len(times_s) < 2:
                continue
            if columns.stop is None and rows[-1][-1] == 0:  # no latency was ever observed: the histogram has no series
                continue
            series = np.array(rows)[:, columns].T.tolist()
            values = [over(times_s, values, end_s, window_s) for values in series]
            yield [value for value in values if value is not None]
