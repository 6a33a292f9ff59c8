"""Where measurements come from: a scripted series, drawn outcomes, or the simulated requests; one source for each metric."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from rolloutsim.manifest.analysis_metrics import Metric
from rolloutsim.manifest.json_path import PathError, UnsupportedPath, first_match, parsed
from rolloutsim.randomness import generator
from rolloutsim.scenario import Delay
from rolloutsim.scenario.metrics import Measured, MetricSource, Outcome
from rolloutsim.world.delays import draw
from rolloutsim.world.series import promql
from rolloutsim.world.series.store import ERROR_CLASS, OK_CLASS, Labels, Over, TimeSeries

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
    """The first match of a `jsonPath` in a JSON body, as the web provider finds it (metricproviders/webmetric)."""
    try:
        return Found(first_match(json_path, body))
    except PathError as error:
        return Found(error=str(error))


def _web(found: Found, json_path: str) -> Found:
    """A scripted value of a web metric: a map or list is the body, a bare value stands for what the path finds; but a path may be none."""
    try:
        text, _ = parsed(json_path)
    except UnsupportedPath:
        text = ""
    except PathError as error:
        return Found(error=str(error))
    if text:
        return Found(text)  # without braces a path is a text that finds itself
    return web_value(found.value, json_path) if isinstance(found.value, dict | list | tuple) else found


def _as_scalar(found: Found, metric: Metric) -> Found:
    """A vector as the number that `scalar(...)` makes of it, NaN of none or of several; what another query gives stays as it is."""
    query = str((metric.provider.get("prometheus") or {}).get("query") or "").strip()
    if found.error or found.type != "vector" or not query.startswith("scalar(") or _closes(query) != len(query) - 1:
        return found
    return Found(found.value[0] if len(found.value) == 1 else float("nan"), "scalar", takes_s=found.takes_s)


def _closes(query: str) -> int:
    """Where the first bracket is closed."""
    depth = 0
    for i, char in enumerate(query):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == ")" and depth == 0:
            return i
    return -1


class AsProvided:
    """A scripted series in the form of the metric's provider: Prometheus hands over a vector, the web provider looks into a body by `jsonPath`."""

    def __init__(self, series: Sequence[tuple[float, Any]]) -> None:
        self._scripted = Scripted(series)

    def measure(self, run: str, metric: Metric, index: int, at_s: float) -> Found:
        """The value that holds at the instant; a bare value of a web metric stands for what its path finds."""
        found = self._scripted.measure(run, metric, index, at_s)
        if "prometheus" in metric.provider:
            if found.error:
                return found._replace(error="server_error: server error: 500")
            if isinstance(found.value, bool | str) and found.value not in ("NaN", "+Inf", "-Inf"):
                return Found(error=f"no number: {found.value}")
            return Found(found.value if isinstance(found.value, list | tuple) else [found.value], "vector")
        web = metric.provider.get("web")
        return found if web is None or found.error else _web(found, str(web.get("jsonPath") or "{$}"))


class Drawn:
    """Outcomes by probability; a draw belongs to (seed, replication, run, metric, index), whenever it is taken."""

    def __init__(self, outcomes: Mapping[Outcome, float], key: tuple[int, int]) -> None:
        self._phases, self._upto, self._key = list(outcomes), list(itertools.accumulate(outcomes.values())), key

    def measure(self, run: str, metric: Metric, index: int, at_s: float) -> Found:
        """A phase; an Error comes with words."""
        drawn = float(generator(*self._key, "outcome", run, metric.name, index).random()) * self._upto[-1]
        phase = self._phases[min(bisect.bisect_right(self._upto, drawn), len(self._phases) - 1)]
        return Found(error="drawn by the scenario") if phase == "Error" else Found(phase=phase)


class FromRequests:
    """A query over the store of time series; `hash_of` gives the pod-template hash of a role at the moment ("" for all pods)."""

    def __init__(self, source: MetricSource, series: TimeSeries, hash_of: Callable[[Measured], str]) -> None:
        self._source, self._series, self._hash_of = source, series, hash_of

    def measure(self, run: str, metric: Metric, index: int, at_s: float) -> Found:
        """A vector of one value, or of none where Prometheus finds no series."""
        query = self._source.of_requests
        assert query is not None
        value = self._value(query.of, at_s)
        other = query.minus or query.over
        if other is not None and value is not None:
            against = self._value(other, at_s)
            value = None if against is None else value - against if query.minus else _quotient(value, against)
        if value is None:
            value = query.or_else
        return Found([] if value is None else [value], "vector")

    def _value(self, of: Measured, at_s: float) -> float | None:
        source, pod_hash = self._source, self._hash_of(of)
        query = source.of_requests
        assert query is not None
        over: Over = promql.irate if query.function == "irate" else promql.rate

        def which(labels: Labels, status: str = "") -> bool:
            if labels.by != query.seen_by or query.stream not in (None, labels.stream):
                return False
            return pod_hash in ("", labels.pod_hash) and status in ("", labels.status)

        if source.latency is not None:
            return self._series.quantile(source.latency.quantile, over, which, at_s, query.window)
        if source.requests is not None:
            return self._series.summed(promql.increase, which, at_s, query.window)
        total = self._series.summed(over, which, at_s, query.window)
        if source.request_rate is not None or total is None:
            return total
        status = OK_CLASS if source.success_rate is not None else ERROR_CLASS
        part = self._series.summed(over, lambda labels: which(labels, status), at_s, query.window)
        return None if part is None else _quotient(part, total)


def _quotient(value: float, by: float) -> float:
    """Go's division of floats: by 0 it gives an infinity, or NaN."""
    if by == 0:
        return float("nan") if value == 0 or value != value else float("inf") if value > 0 else float("-inf")
    return value / by


class Timed:
    """A source whose measurements take a while, drawn for each."""

    def __init__(self, source: Source, takes: Delay, key: tuple[int, int]) -> None:
        self._source, self._takes, self._key = source, takes, key

    def measure(self, run: str, metric: Metric, index: int, at_s: float) -> Found:
        """The source's measurement, and how long it takes."""
        takes_s = draw(self._takes, generator(*self._key, "takes", run, metric.name, index))
        return self._source.measure(run, metric, index, at_s)._replace(takes_s=takes_s)


def source_of(given: MetricSource, series: TimeSeries, hash_of: Callable[[Measured], str], key: tuple[int, int]) -> Source:
    """The source that a scenario's `metrics` names; `key` is (seed, replication)."""
    source: Source
    if given.values is not None:
        source = AsProvided(given.values)
    elif given.outcomes is not None:
        source = Drawn(given.outcomes, key)
    else:
        source = FromRequests(given, series, hash_of)
    return source if given.takes is None else Timed(source, given.takes, key)


class Measurements:
    """The source of each metric, by metric name."""

    def __init__(self, sources: Mapping[str, Source] | None = None, default: Source | None = None) -> None:
        self._sources, self._default = sources or {}, default

    def measure(self, run: str, metric: Metric, index: int, at_s: float) -> Found:
        """One measurement; an error for a metric without a source."""
        source = self._sources.get(metric.name, self._default)
        if source is None:
            return Found(error=f'no source of values for metric "{metric.name}"')
        return _as_scalar(source.measure(run, metric, index, at_s), metric)
