"""How metrics are measured: rules that only the run finds broken, windows, intervals, and which version the query sees."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.metric import CANARY_HASH, MetricSubject
from rolloutsim.quantities import format_duration

CHECKS = Checks.empty()
NUMBERS = ("count", "failureLimit", "inconclusiveLimit", "consecutiveErrorLimit", "consecutiveSuccessLimit")
RATES = frozenset(["rate", "irate", "increase", "delta", "idelta", "deriv"])
FEWEST_SAMPLES = 2


@CHECKS.metric(
    Diagnostic(
        "RS821",
        "error",
        "a metric that cannot be measured",
        "The controller checks a metric's limits, durations and provider only when the run is created, in the middle of an update. What it then "
        "finds wrong puts the run into Error at once, and the update is aborted.",
        "Correct the field that the message names.",
        "argo-rollouts utils/analysis/factory.go, ValidateMetric; recordings and verdicts of the real controller",
    )
)
def unmeasurable(metric: MetricSubject) -> Iterator[Hit]:
    """Metrics that the controller's own rules refuse."""
    if metric.error:
        fields = [field for field in ("interval", "initialDelay", "count", "failureLimit", "provider", *NUMBERS) if field in metric.error]
        named = next((field for field in fields if metric.thing.has(f"{metric.path}.{field}")), "")
        yield metric.hit(named, metric.error)


@CHECKS.metric(
    Diagnostic(
        "RS822",
        "error",
        "a number that cannot be read and counts as 0",
        "count and the limits may be text, so that arguments can be put in. Text that is no whole number is read as 0: a count of 0 measures once, "
        "or for ever with an interval.",
        "Write a whole number.",
        "Kubernetes int-or-string; argo-rollouts utils/analysis",
    )
)
def unreadable_number(metric: MetricSubject) -> Iterator[Hit]:
    """Text that is no number where one is meant."""
    for field in NUMBERS:
        value = metric.tree.get(field)
        if isinstance(value, str) and "{{" not in value and not value.lstrip("+-").isdigit():
            yield metric.hit(field, f"{field} {value!r} counts as 0")


@CHECKS.metric(
    Diagnostic(
        "RS823",
        "warning",
        "measured more often than scraped",
        "Prometheus has a new sample only after each scrape. Measurements in between see the same data again: failures are counted twice, and count "
        "measurements cover less time than it seems.",
        "Give an interval of at least the scrape interval.",
        "Prometheus: scrape_interval; argo-rollouts analysis/analysis.go",
    )
)
def faster_than_scrape(metric: MetricSubject) -> Iterator[Hit]:
    """Intervals below the scrape interval."""
    interval_s = metric.metric.interval_s if metric.metric is not None else None
    if metric.query_text and interval_s is not None and 0 < interval_s < metric.scrape_s:
        yield metric.hit("interval", f"every {format_duration(interval_s)}, scraped every {format_duration(metric.scrape_s)}")


@CHECKS.metric(
    Diagnostic(
        "RS824",
        "warning",
        "a window without two samples",
        "rate and its kin need two samples in their window. A window shorter than two scrape intervals has them only by luck; without, the series is "
        "missing from the answer.",
        "Let the window cover at least two, better four scrapes.",
        "Prometheus: rate(); promql/functions.go, extrapolatedRate",
    )
)
def short_window(metric: MetricSubject) -> Iterator[Hit]:
    """Windows below two scrapes."""
    query = metric.query
    for selector in query.selectors if query is not None and query.functions & RATES else ():
        if selector.window_s is not None and selector.window_s < FEWEST_SAMPLES * metric.scrape_s:
            window = format_duration(selector.window_s)
            yield metric.hit(metric.query_path, f"a window of {window}, scraped every {format_duration(metric.scrape_s)}")
            return


@CHECKS.metric(
    Diagnostic(
        "RS825",
        "warning",
        "the query sees both versions together",
        "Nothing in the query tells the canary from the stable version. Its errors are diluted by all the healthy requests: at setWeight 10 a canary "
        "that fails half of its requests adds 5 points.",
        "Select the canary: by canaryService, or by the pod hash (valueFrom: {podTemplateHashValue: Latest}).",
        "argo-rollouts docs/features/analysis.md; arithmetic of a mixture",
    )
)
def both_versions(metric: MetricSubject) -> Iterator[Hit]:
    """Queries of a canary's or a preview's analysis that select neither by hash nor by Service."""
    query, use = metric.query, metric.use
    if query is None or use is None or not query.functions & RATES or not query.selectors or use.path.endswith("postPromotionAnalysis"):
        return
    names = [
        name for path, name in use.subject.named_services.items() if path.endswith(("canaryService", "previewService", "pingService", "pongService"))
    ]
    rule = use.subject.thing.text("spec.strategy.canary.trafficRouting.istio.destinationRule.canarySubsetName")
    marks = [CANARY_HASH, "canary", "preview", *names, *([rule] if rule else [])]
    if not any(mark in selector.labels or mark in selector.metric for selector in query.selectors for mark in marks):
        yield metric.hit(
            metric.query_path, f"no label of {query.selectors[0].metric or 'the query'} selects the new version of {use.subject.thing.name}"
        )


@CHECKS.metric(
    Diagnostic(
        "RS826",
        "error",
        "an address that is no URL",
        "The Prometheus address needs a scheme. Without one every measurement is an Error, and after five in a row the update is aborted.",
        "Write http://HOST:9090.",
        "argo-rollouts metricproviders/prometheus, NewPrometheusAPI",
    )
)
def bad_address(metric: MetricSubject) -> Iterator[Hit]:
    """Addresses without a scheme."""
    provider = metric.tree.get("provider")
    prometheus = provider.get("prometheus") if isinstance(provider, dict) else None
    address = prometheus.get("address") if isinstance(prometheus, dict) else None
    if isinstance(address, str) and address and "{{" not in address and not address.startswith(("http://", "https://")):
        yield metric.hit("provider.prometheus.address", f"{address} has no scheme")


@CHECKS.metric(
    Diagnostic(
        "RS827",
        "warning",
        "an interval of nothing",
        "interval: 0s measures again as soon as the last measurement has ended: a loop without a break, against the metric provider.",
        "Give an interval, such as 30s.",
        "argo-rollouts analysis/analysis.go, generateMetricTasks",
    )
)
def no_interval(metric: MetricSubject) -> Iterator[Hit]:
    """An interval of 0."""
    if metric.metric is not None and metric.metric.interval_s == 0 and metric.metric.effective_count != 1:
        yield metric.hit("interval", "an interval of 0 s")
