"""Metrics of a run: arguments put in, read into typed values, and the controller's rules for them.

Source: utils/template/template.go, utils/analysis/factory.go (ResolveMetricArgs, ValidateMetrics); spec/analysis.md 2, 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rolloutsim.conditions.nodes import ConditionError
from rolloutsim.manifest.analysis import Argument, DryRun, MeasurementRetention, Tree
from rolloutsim.quantities import parse_go_duration

DEFAULT_CONSECUTIVE_ERROR_LIMIT = 4
PROVIDERS = (
    "prometheus",
    "job",
    "web",
    "wavefront",
    "kayenta",
    "datadog",
    "newRelic",
    "cloudWatch",
    "graphite",
    "influxdb",
    "skywalking",
)
_FIELDS = (
    "name",
    "interval",
    "initialDelay",
    "count",
    "successCondition",
    "failureCondition",
    "failureLimit",
    "inconclusiveLimit",
    "consecutiveErrorLimit",
    "provider",
    "consecutiveSuccessLimit",
)
"""Fields of a metric in the order of the Go struct, in which arguments are looked for."""
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class MetricError(Exception):
    """Metrics that cannot be measured, in the controller's words."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its arguments put in; `interval_s` and `initial_delay_s` are None where unset, limits have their defaults."""

    name: str
    provider: Tree
    interval_s: float | None
    initial_delay_s: float | None
    count: int
    success_condition: str
    failure_condition: str
    failure_limit: int
    inconclusive_limit: int
    consecutive_error_limit: int
    consecutive_success_limit: int

    @property
    def effective_count(self) -> int | None:
        """How many measurements end it: `count`, 1 without count and interval, None for endless (EffectiveCount)."""
        if self.count == 0:
            return 1 if self.interval_s is None else None
        return self.count


def substituted(trees: Iterable[Tree], args: Sequence[Argument]) -> list[Tree]:
    """Metrics with their arguments put in; MetricError for a tag that nothing resolves (the last one in the order of fields)."""
    missing = next((argument.name for argument in args if argument.value is None), None)
    if missing is not None:
        raise MetricError(f'argument "{missing}" was not supplied')
    values = {f"args.{argument.name}": argument.value or "" for argument in args}
    found: list[Tree] = []
    for tree in trees:
        unresolved: list[str] = []
        ordered = {key: tree[key] for key in (*_FIELDS, *tree) if key in tree}
        found.append(_put_in(ordered, values, unresolved))
        if unresolved:
            raise MetricError(f"failed to resolve {{{{{unresolved[-1]}}}}}")
    return found


def without_secrets(args: Iterable[Argument]) -> list[Argument]:
    """Arguments with a placeholder for secrets, as the controller checks metrics before it reads them (getResolvedMetricsWithoutSecrets)."""
    return [Argument(a.name, "temp-for-secret") if (a.value_from or {}).get("secretKeyRef") else a for a in args]


def _put_in(value: Any, values: Mapping[str, str], unresolved: list[str]) -> Any:
    if isinstance(value, str):

        def replaced(match: re.Match[str]) -> str:
            found = values.get(match[1].strip())
            if found is None:
                unresolved.append(match[1])
            return found or ""

        return _TAG.sub(replaced, value) if "{{" in value else value
    if isinstance(value, Mapping):
        return {_put_in(key, values, unresolved): _put_in(item, values, unresolved) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_put_in(item, values, unresolved) for item in value]
    return value


def validated(trees: Sequence[Tree]) -> list[Metric]:
    """Metrics as typed values; MetricError for the first rule that one breaks (ValidateMetrics)."""
    if not trees:
        raise MetricError("no metrics specified")
    metrics: list[Metric] = []
    for i, tree in enumerate(trees):
        name = str(tree.get("name") or "")
        if any(metric.name == name for metric in metrics):
            raise MetricError(f"metrics[{i}]: duplicate name '{name}'")
        try:
            metrics.append(_validated(name, tree))
        except MetricError as error:
            raise MetricError(f"metrics[{i}]: {error}") from error
    return metrics


def _validated(name: str, tree: Tree) -> Metric:
    count, failures, inconclusives = (_whole(tree.get(key)) for key in ("count", "failureLimit", "inconclusiveLimit"))
    successes, errors = _whole(tree.get("consecutiveSuccessLimit")), _whole(tree.get("consecutiveErrorLimit"), DEFAULT_CONSECUTIVE_ERROR_LIMIT)
    rules = (
        (successes < 0, "consecutiveSuccessLimit must be >= 0"),
        (failures < -1, "failureLimit must be >= 0, or -1 to be disabled"),
        (successes == 0 and failures == -1, "failureLimit and consecutiveSuccessLimit cannot both be disabled"),
        (inconclusives < 0, "inconclusiveLimit must be >= 0"),
        (errors < 0, "consecutiveErrorLimit must be >= 0"),
        (
            failures >= 0 and 0 < count < failures + successes,
            f"count ({count}) must be >= failureLimit + consecutiveSuccessLimit ({failures} + {successes}) if both >= 0",
        ),
        (failures < 0 < count < successes, "count must be >= consecutiveSuccessLimit"),
        (0 < count < inconclusives, "count must be >= inconclusiveLimit"),
        (count > 1 and not tree.get("interval"), "interval must be specified when count > 1"),
    )
    for broken, text in rules:
        if broken:
            raise MetricError(text)
    interval_s = _duration(tree.get("interval"), "interval")
    initial_delay_s = _duration(tree.get("initialDelay"), "startDelay")
    provider = tree.get("provider") or {}
    plugins = provider.get("plugin") or {}
    named = sum(provider.get(key) is not None for key in PROVIDERS) + len(plugins)
    if named != 1:
        raise MetricError("multiple providers specified" if named else "no provider specified")
    success, failure = (str(tree.get(key) or "") for key in ("successCondition", "failureCondition"))
    return Metric(name, provider, interval_s, initial_delay_s, count, success, failure, failures, inconclusives, errors, successes)


def _whole(value: Any, default: int = 0) -> int:
    """An int-or-string as a whole number; text that is none counts as 0 (intstr.IntValue)."""
    if value is None:
        return default
    if isinstance(value, int):
        return int(value)
    return int(value) if re.fullmatch(r"[+-]?\d+", str(value)) else 0


def effective_count(tree: Tree) -> int | None:
    """How many measurements end a metric that is not read yet (EffectiveCount)."""
    count = _whole(tree.get("count"))
    if count == 0:
        return None if tree.get("interval") else 1
    return count


def _duration(text: Any, name: str) -> float | None:
    if not text:
        return None
    try:
        return parse_go_duration(str(text))
    except ValueError as error:
        raise MetricError(f"invalid {name} string: {error}") from error


def matching(rules: Sequence[DryRun | MeasurementRetention], metrics: Sequence[Metric], kind: str) -> dict[str, int]:
    """Metric name -> index of the last rule whose regular expression fits; MetricError for a rule that fits none (GetDryRunMetrics)."""
    found: dict[str, int] = {}
    for i, rule in enumerate(rules):
        fitting = [metric.name for metric in metrics if fits_metric(rule.metric_name, metric.name)]
        if not fitting:
            raise MetricError(f"{kind}[{i}]: Rule didn't match any metric name(s)")
        found.update(dict.fromkeys(fitting, i))
    return found


def fits_metric(pattern: str, name: str) -> bool:
    """Whether an unanchored regular expression fits; one that does not compile fits nothing."""
    from rolloutsim.conditions.regexp import compiled

    try:
        return compiled(pattern).search(name) is not None
    except ConditionError:
        return False
