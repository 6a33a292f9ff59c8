"""Where measurements come from: a scripted series, drawn outcomes, or the simulated requests; one source for each metric."""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from rolloutsim.manifest.analysis_metrics import Metric

ResultType = Literal["vector", "scalar", "json"]


class Found(NamedTuple):
    """What a provider gives: a value of a type, an error in its words, or (a job, drawn outcomes) a phase; after `takes_s` seconds."""

    value: Any = None
    type: ResultType = "json"
    error: str = ""
    phase: str = ""
    takes_s: float = 0.0


class Source(Protocol):
    """A source of measurements."""

    def measure(self, run: str, metric: Metric, index: int, at_s: float) -> Found:
        """The `index`-th measurement (from 0) of a metric of a run, begun at an instant."""


class Scripted:
    """A series of values, each from its instant on, as JSON; `"error"` stands for a provider that answers with HTTP 500."""

    def __init__(self, series: Sequence[tuple[float, Any]]) -> None:
        self._from_s = [float(from_s) for from_s, _ in series]
        self._values = [value for _, value in series]

    def measure(self, run: str, metric: Metric, index: int, at_s: float) -> Found:
        """The value that holds at the instant; before the first one an error."""
        i = bisect.bisect_right(self._from_s, at_s) - 1
        if i < 0 or self._values[i] == "error":
            return Found(error="received non 2xx response code: 500")
        return Found(self._values[i])


def web_value(body: Any, json_path: str) -> Found:
    """The first match of a `{$.a.b[0]}` path in a JSON body, as the web provider finds it (metricproviders/webmetric)."""
    value = body
    for part in re.findall(r"\.([\w-]+)|\[(-?\d+)\]|\['([^']+)'\]", json_path.strip().removeprefix("{").removesuffix("}")):
        key: Any = part[0] or part[2]
        try:
            value = value[key] if key else value[int(part[1])]
        except (KeyError, IndexError, TypeError):
            return Found(error=f"Could not find JSONPath in body: {part[0] or part[1] or part[2]} is not found")
    return Found(value)


class Measurements:
    """The source of each metric, by metric name."""

    def __init__(self, sources: Mapping[str, Source] | None = None, default: Source | None = None) -> None:
        self._sources, self._default = sources or {}, default

    def measure(self, run: str, metric: Metric, index: int, at_s: float) -> Found:
        """One measurement; an error for a metric without a source."""
        source = self._sources.get(metric.name, self._default)
        if source is None:
            return Found(error=f'no source of values for metric "{metric.name}"')
        return source.measure(run, metric, index, at_s)
