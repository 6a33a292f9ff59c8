"""Conditions of metrics: those that cannot be read, cannot pass, cannot fail, and what they make of no data."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rolloutsim.conditions import evaluate
from rolloutsim.conditions.values import ANY
from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.metric import MetricSubject
from rolloutsim.diagnostics.outcomes import VECTOR, calls, ill_typed, result_type, tree_of, tried, unreadable, values, walk

CHECKS = Checks.empty()
FIELDS = ("successCondition", "failureCondition")
EVALUATE = "argo-rollouts utils/evaluate/evaluate.go on expr v1.15.5; recorded with the real controller"
JUDGE_THEMSELVES = ("job", "kayenta", "plugin")
"""Providers that do not look at conditions."""
ERRORS = re.compile(r"^\^?\(?(5|4\.|\[4|\[5|4\|5|error|fail|server_error)", re.IGNORECASE)
"""Label values that only requests gone wrong have."""


@CHECKS.metric(
    Diagnostic(
        "RS801",
        "error",
        "a condition that cannot be read",
        "Neither the API server nor the controller reads a condition before the first measurement. One with a syntax error, or a name that does not "
        "exist, makes every measurement an Error; after five in a row the run is in Error, and the update is aborted.",
        "Correct the condition; the value is called result.",
        EVALUATE,
    )
)
def unreadable_condition(metric: MetricSubject) -> Iterator[Hit]:
    """Syntax errors, and unknown names whatever the provider gives."""
    for field, condition in zip(FIELDS, metric.conditions, strict=True):
        if (words := unreadable(condition) if condition else "") or (condition and (words := ill_typed(condition, ANY)).startswith("unknown name")):
            yield metric.hit(field, words)


@CHECKS.metric(
    Diagnostic(
        "RS802",
        "error",
        "a condition of the wrong type",
        "A Prometheus query gives a list of numbers, one for each series, and the condition is compiled for that type. result >= 0.95 compares a list "
        "with a number: every measurement is an Error, and after five in a row the update is aborted. Only scalar(...) gives a number.",
        "Write result[0], or all(result, # >= 0.95); without an index only for scalar(...).",
        EVALUATE,
    )
)
def wrong_type(metric: MetricSubject) -> Iterator[Hit]:
    """Conditions that do not compile for the provider's result."""
    kind = result_type(metric)
    for field, condition in zip(FIELDS, metric.conditions, strict=True) if kind != ANY and metric.query is not None else ():
        words = ill_typed(condition, kind) if condition else ""
        if words and not words.startswith("unknown name"):
            yield metric.hit(field, f"{words} (the query gives {'a list' if kind == VECTOR else 'one number'})")


@CHECKS.metric(
    Diagnostic(
        "RS803",
        "error",
        "an analysis that cannot pass",
        "No value that the query can give is Successful. Often a percentage stands against a share: a quotient of two rates lies between 0 and 1, "
        "so that result[0] >= 95 never holds.",
        "Compare in the unit of the query, or multiply the query by 100.",
        EVALUATE,
    )
)
def never_passes(metric: MetricSubject) -> Iterator[Hit]:
    """Conditions that no possible value satisfies."""
    found = tried(metric)
    if found is not None and not any(phase == "Successful" for _, phase in found.phases):
        field = FIELDS[0] if metric.conditions[0] else FIELDS[1]
        span = f"the query is a share between 0 and {metric.query.scale:g}" if metric.query and metric.query.is_share else "no value passes"
        yield metric.hit(field, f"{span}; {metric.conditions[0] or metric.conditions[1]} is never met")


@CHECKS.metric(
    Diagnostic(
        "RS804",
        "warning",
        "an analysis that cannot fail",
        "Whatever is measured, the metric ends Successful. Either no possible value fails its conditions (a metric without conditions is always "
        "Successful), or failureLimit lets all of its measurements fail: it fails at the failure above the limit, not at the limit.",
        "Give a condition in the unit of the query, and a failureLimit below count.",
        f"{EVALUATE}; analysis/analysis.go, assessMetricFailureInconclusiveOrError",
    )
)
def never_fails(metric: MetricSubject) -> Iterator[Hit]:
    """No condition, conditions that every possible value satisfies, or a limit that all measurements fit in."""
    parsed = metric.metric
    if parsed is not None and parsed.effective_count is not None and 0 < parsed.effective_count <= parsed.failure_limit:
        count, limit = parsed.effective_count, parsed.failure_limit
        yield metric.hit("failureLimit", f"failureLimit {limit} lets all {count} measurements fail")
        return
    found = tried(metric)
    has_condition = any(metric.tree.get(field) for field in FIELDS)
    if not has_condition and metric.provider and metric.provider not in JUDGE_THEMSELVES:
        yield metric.hit("", "without a condition every value is Successful")
    elif found is not None and has_condition and all(phase == "Successful" for _, phase in found.phases):
        field = FIELDS[0] if metric.conditions[0] else FIELDS[1]
        span = f"the query is a share between 0 and {metric.query.scale:g}" if metric.query and metric.query.is_share else "every value passes"
        yield metric.hit(field, f"{span}; {metric.conditions[0] or metric.conditions[1]} decides nothing")


@CHECKS.metric(
    Diagnostic(
        "RS805",
        "warning",
        "no requests divide by zero",
        "A quotient of two rates is NaN while nothing is counted, as at night or right after the canary starts. Every comparison with NaN is false: a "
        "successCondition alone then fails, a failureCondition alone passes, both are Inconclusive and park the update.",
        "Say what no traffic means: isNaN(result[0]) || ..., or let the query give nothing below a least rate.",
        EVALUATE,
    )
)
def nan(metric: MetricSubject) -> Iterator[Hit]:
    """Unguarded quotients whose NaN decides something that nobody wrote down."""
    found = tried(metric)
    query = metric.query
    divides = query is not None and not query.is_guarded and (query.is_division or "histogram_quantile" in query.functions)
    if found is None or not divides or "isNaN" in calls(metric) or not any(metric.conditions):
        return
    what = {"Failed": "fails the measurement", "Successful": "passes without a single request", "Inconclusive": "is Inconclusive"}
    if found.nan in what:
        yield metric.hit(FIELDS[0] if metric.conditions[0] else FIELDS[1], f"NaN {what[found.nan]}")


@CHECKS.metric(
    Diagnostic(
        "RS806",
        "warning",
        "no series is an Error, not a result",
        "Before a counter has two samples in the window, and where a label combination never occurred, the query gives an empty list. result[0] of it is "
        "an Error; errors are retried every 10 seconds whatever the interval, and the fifth in a row aborts: 40 seconds without data end an update.",
        "Begin the condition with len(result) == 0 ||, or end the query with `or vector(0)`.",
        EVALUATE,
    )
)
def empty(metric: MetricSubject) -> Iterator[Hit]:
    """Conditions in error on an empty list, where the query can give one."""
    found = tried(metric)
    if found is None or found.empty != "Error" or metric.query is None or metric.query.has_fallback or _counts_errors(metric):
        return
    limit = metric.metric.consecutive_error_limit if metric.metric is not None else 4
    field = FIELDS[0] if metric.conditions[0] else FIELDS[1]
    yield metric.hit(field, f"an empty answer is an Error, and {limit + 1} in a row abort after {10 * limit} s")


@CHECKS.metric(
    Diagnostic(
        "RS807",
        "error",
        "a canary without errors is aborted",
        "A counter of failed requests does not exist before the first one fails. The quotient of errors over all is then empty, result[0] is an Error, "
        "and after five errors the update is aborted: the better the canary, the surer.",
        "End the numerator with `or vector(0)`, or measure the successful part instead.",
        EVALUATE,
    )
)
def missing_errors(metric: MetricSubject) -> Iterator[Hit]:
    """Queries that need a series of failures, with conditions in error without one."""
    found = tried(metric)
    if found is not None and found.empty == "Error" and metric.query is not None and not metric.query.has_fallback and _counts_errors(metric):
        yield metric.hit(metric.query_path, "without a single failed request the query is empty")


def _counts_errors(metric: MetricSubject) -> bool:
    """Whether the query needs a series that only failures make."""
    selectors = (metric.query.numerator or metric.query.selectors) if metric.query is not None else ()
    return bool(selectors) and all(
        any(operator in ("=", "=~") and ERRORS.match(text) for operator, text in selector.matchers.values()) for selector in selectors
    )


@CHECKS.metric(
    Diagnostic(
        "RS808",
        "warning",
        "success and failure at once",
        "Where both conditions hold the measurement is Failed. Bounds that overlap mean that part of what is called a success is a failure.",
        "Let the bounds meet, or leave a gap that is meant to be Inconclusive.",
        EVALUATE,
    )
)
def overlapping(metric: MetricSubject) -> Iterator[Hit]:
    """Values for which both conditions hold."""
    success, failure = metric.conditions
    if not success or not failure or tried(metric) is None:
        return
    kind = "vector" if result_type(metric) == VECTOR else "scalar"
    for value in values(metric):
        result = [value] if kind == "vector" else value
        both = [evaluate(result, condition, "", "vector" if kind == "vector" else "scalar").phase for condition in (success, failure)]
        if both == ["Successful", "Successful"]:
            yield metric.hit(FIELDS[1], f"at {value:g} both conditions hold")
            return


@CHECKS.metric(
    Diagnostic(
        "RS809",
        "warning",
        "default and isNil do not see an empty list",
        "Both look at the whole result, whatever they are given, and an empty list is not nil. default(result, 0) gives the empty list back, so that "
        "no series is an Error all the same.",
        "Ask for len(result) == 0.",
        EVALUATE,
    )
)
def idle_default(metric: MetricSubject) -> Iterator[Hit]:
    """default or isNil on a Prometheus list."""
    for field, condition in zip(FIELDS, metric.conditions, strict=True) if metric.query_text and result_type(metric) == VECTOR else ():
        names = {str(node.value) for node in walk(tree_of(condition)) if node.kind == "call"} & {"default", "isNil"} if condition else set()
        if names:
            yield metric.hit(field, f"{min(names)} does not help against an empty list")


@CHECKS.metric(
    Diagnostic(
        "RS810",
        "warning",
        "one of several series is looked at",
        "A query that does not aggregate gives a value for each series: each pod, path or status. result[0] is one of them; Prometheus promises no order.",
        "Aggregate (sum, max), or ask for all of them: all(result, # >= 0.95).",
        "Prometheus HTTP API, instant queries; argo-rollouts metricproviders/prometheus",
    )
)
def one_of_many(metric: MetricSubject) -> Iterator[Hit]:
    """result[0] of a query without an aggregation."""
    query = metric.query
    if query is None or query.is_scalar or not query.selectors:
        return
    aggregates = {"sum", "avg", "min", "max", "count", "topk", "bottomk", "quantile", "group", "stddev", "scalar", "vector", "absent"}
    indexed = any(node.kind == "index" for c in metric.conditions if c for node in walk(tree_of(c)))
    if indexed and not query.functions & aggregates and any(set(s.matchers) - {"pod", "instance"} or not s.matchers for s in query.selectors):
        yield metric.hit(metric.query_path, "the query gives one value a series, and the condition looks at result[0]")
