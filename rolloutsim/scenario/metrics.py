"""`spec.metrics` of a scenario: what stands for the queries and addresses of the AnalysisTemplates."""

from __future__ import annotations

from typing import Any, Literal

from rolloutsim.scenario.model import Delay, Fraction, Model, Quantile, Seconds

Measured = Literal["canary", "stable", "all"]


class RequestMetric(Model):
    """Simulated requests as Prometheus sees them: counters of the pods, scraped, and `rate` over a window."""

    of: Measured = "canary"
    """Pods of the newest revision, of the stable one, or all."""
    seen_by: Literal["pods", "router"] = "pods"
    """Who counts: the pods themselves, or the proxy before them, for which a request that no pod answered has failed, too (502, 503)."""
    stream: str | None = None
    """Only requests of this stream."""
    window: Seconds = 60.0
    """The range of `rate`, `[1m]`."""
    function: Literal["rate", "irate"] = "rate"
    minus: Measured | None = None
    """The difference to the same metric of other pods."""
    over: Measured | None = None
    """The quotient with the same metric of other pods."""
    or_else: float | None = None
    """`or on() vector(0)`: the value where no series has a result; absent: an empty vector."""


class LatencyMetric(RequestMetric):
    """`histogram_quantile` over the pods' histograms, in seconds."""

    quantile: Quantile


Outcome = Literal["Successful", "Failed", "Inconclusive", "Error"]


class MetricSource(Model):
    """What stands for the query or address of a metric; exactly one of the sources."""

    success_rate: RequestMetric | None = None
    """Share of requests that did not fail: `sum(rate(requests{code!~"5.."}[w])) / sum(rate(requests[w]))`."""
    error_rate: RequestMetric | None = None
    """Share of requests that failed; an empty vector while none ever did."""
    request_rate: RequestMetric | None = None
    """Requests per second."""
    requests: RequestMetric | None = None
    """Requests in the window (`increase`)."""
    latency: LatencyMetric | None = None
    values: tuple[tuple[Seconds, Any], ...] | None = None
    """A series of `[from, value]`; `error` is a provider that does not answer."""
    outcomes: dict[Outcome, Fraction] | None = None
    """Each measurement comes to one of these phases, with these probabilities."""
    takes: Delay | None = None
    """How long one measurement takes (a job's run time); absent: no time."""

    @property
    def sources(self) -> list[str]:
        """What is given; exactly one in a valid scenario."""
        return [name for name in SOURCES if getattr(self, name) is not None]

    @property
    def of_requests(self) -> RequestMetric | None:
        """The query over simulated requests, if it is one."""
        return self.success_rate or self.error_rate or self.request_rate or self.requests or self.latency


SOURCES = ("success_rate", "error_rate", "request_rate", "requests", "latency", "values", "outcomes")
