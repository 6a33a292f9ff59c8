"""One metric of an analysis under examination: its arguments put in, what it would measure, and who asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rolloutsim.diagnostics.diagnostic import Hit
from rolloutsim.diagnostics.landscape import Landscape, Thing
from rolloutsim.diagnostics.promql import Query, query_of
from rolloutsim.diagnostics.subject import Subject
from rolloutsim.manifest.analysis import AnalysisTemplate, Argument, ClusterAnalysisTemplate, DryRun, RolloutAnalysis
from rolloutsim.manifest.analysis_arguments import ArgumentError, arguments
from rolloutsim.manifest.analysis_metrics import Metric, MetricError, matching, substituted, validated
from rolloutsim.manifest.analysis_templates import Template, TemplateError, Templates
from rolloutsim.manifest.kinds import decode_analysis_template, decode_cluster_analysis_template
from rolloutsim.quantities import parse_go_duration

USUAL_SCRAPE_S = 15.0
"""What most set-ups scrape with, where no ServiceMonitor says more (Prometheus' own default is one minute)."""
CANARY_HASH, STABLE_HASH = "canaryhash", "stablehash"
"""What stands for the pod hashes, which manifests do not know."""


@dataclass(frozen=True)
class Use:
    """Where a Rollout asks for an analysis: the path of `analysis` in it."""

    subject: Subject
    path: str
    analysis: RolloutAnalysis

    @property
    def is_background(self) -> bool:
        """Whether it runs beside the steps."""
        return self.path == "spec.strategy.canary.analysis"

    @property
    def step(self) -> int | None:
        """The index of the step that it is."""
        head, _, rest = self.path.partition("steps[")
        return int(rest.partition("]")[0]) if head and rest else None


@dataclass(frozen=True)
class MetricSubject:
    """A metric of a template: where it stands (`thing`, `path`), its tree with arguments put in, and the use (None: nobody refers to it).

    `scrape_s` is how often its source is scraped, as far as the manifests say; `error` has the controller's words if it cannot be measured.
    """

    thing: Thing
    path: str
    tree: Mapping[str, Any]
    use: Use | None
    is_dry_run: bool
    scrape_s: float
    metric: Metric | None
    error: str = ""

    def hit(self, field: str, message: str) -> Hit:
        """Something found in a field of the metric ("" is the metric itself)."""
        path = f"{self.path}.{field}" if field else self.path
        return Hit(self.thing, path, f"{self.name}: {message}")

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.tree.get("name") or "a metric without a name")

    @property
    def provider(self) -> str:
        """The provider's name."""
        provider = self.tree.get("provider")
        return next(iter(provider), "") if isinstance(provider, Mapping) else ""

    @property
    def query_text(self) -> str:
        """The Prometheus query; "" for another provider."""
        provider = self.tree.get("provider")
        prometheus = provider.get("prometheus") if isinstance(provider, Mapping) else None
        query = prometheus.get("query") if isinstance(prometheus, Mapping) else None
        return query if isinstance(query, str) else ""

    @cached_property
    def query(self) -> Query | None:
        """The Prometheus query read; None for another provider or one that cannot be read."""
        return query_of(self.query_text) if self.query_text else None

    @property
    def query_path(self) -> str:
        """The field of the query."""
        return "provider.prometheus.query"

    @property
    def conditions(self) -> tuple[str, str]:
        """successCondition and failureCondition, "" where absent or not yet known."""
        texts = [str(self.tree.get(key) or "").strip() for key in ("successCondition", "failureCondition")]
        return ("", "") if any("{{" in text for text in texts) else (texts[0], texts[1])

    @cached_property
    def length_s(self) -> float | None:
        """From its first look to its last: 0 for a single one, None if it does not end by itself."""
        if self.metric is None or self.metric.effective_count is None:
            return None
        return (self.metric.initial_delay_s or 0.0) + (self.metric.effective_count - 1) * (self.metric.interval_s or 0.0)


def metrics_of(landscape: Landscape, subjects: Sequence[Subject]) -> list[MetricSubject]:
    """Every metric of every template, once for each use, or once if nobody uses it."""
    things, templates = _templates(landscape)
    scrape_s = _scrape_s(landscape)
    found: list[MetricSubject] = []
    used: set[str] = set()
    for subject in subjects:
        for path, analysis in subject.analyses:
            use = Use(subject, path, analysis)
            try:
                collected = templates.collected(analysis.templates)
            except TemplateError:
                continue  # the controller says so
            for template in collected:
                key = _key(template)
                used.add(key)
                found += _of_template(things[key], template, use, scrape_s)
    for key, thing in things.items():
        if key not in used:
            kind = templates.of_cluster if thing.kind == "ClusterAnalysisTemplate" else templates.namespaced
            found += _of_template(thing, kind[thing.name], None, scrape_s)
    return found


def _templates(landscape: Landscape) -> tuple[dict[str, Thing], Templates]:
    things: dict[str, Thing] = {}
    namespaced: dict[str, AnalysisTemplate] = {}
    of_cluster: dict[str, ClusterAnalysisTemplate] = {}
    for thing in landscape.of_kind("AnalysisTemplate"):
        if (template := decode_analysis_template(thing.document, [], thing.prefix)) is not None:
            namespaced[template.meta.name] = template
            things[_key(template)] = thing
    for thing in landscape.of_kind("ClusterAnalysisTemplate"):
        if (clustered := decode_cluster_analysis_template(thing.document, [], thing.prefix)) is not None:
            of_cluster[clustered.meta.name] = clustered
            things[_key(clustered)] = thing
    return things, Templates(namespaced, of_cluster)


def _key(template: Template) -> str:
    return f"{type(template).__name__}/{template.meta.name}"


def _scrape_s(landscape: Landscape) -> float:
    """The shortest scrape interval of the monitors among the manifests."""
    found: list[float] = []
    for monitor in landscape.of_kind("ServiceMonitor", "PodMonitor"):
        for key in ("spec.endpoints", "spec.podMetricsEndpoints"):
            for i in range(len(monitor.list(key))):
                try:
                    found.append(parse_go_duration(monitor.text(f"{key}[{i}].interval")))
                except ValueError:
                    continue
    return min((seconds for seconds in found if seconds > 0), default=USUAL_SCRAPE_S)


def _of_template(thing: Thing, template: Template, use: Use | None, scrape_s: float) -> Iterator[MetricSubject]:
    args = _arguments(template, use)
    dry_rules = [*(use.analysis.dry_run if use is not None else ()), *template.spec.dry_run]
    for i, tree in enumerate(template.spec.metrics):
        error, filled, metric = "", tree, None
        try:
            filled = substituted([tree], args)[0]
            metric = validated([filled])[0]
        except MetricError as failed:
            error = str(failed).removeprefix("metrics[0]: ")
        yield MetricSubject(thing, f"spec.metrics[{i}]", filled, use, _is_dry(dry_rules, metric), scrape_s, metric, error)


def _arguments(template: Template, use: Use | None) -> list[Argument]:
    """Declared arguments with the Rollout's values; one that nobody gives stays a tag, so that nothing is concluded from it."""
    given: dict[str, str | None] = {}
    if use is not None:
        try:
            found = arguments(use.analysis.args, use.subject.rollout, new_hash=CANARY_HASH, stable_hash=STABLE_HASH)
        except ArgumentError:
            found = []
        given = {argument.name: argument.value for argument in found}
    values = []
    for argument in template.spec.args:
        value = given.get(argument.name, argument.value)
        values.append(Argument(argument.name, f"{{{{args.{argument.name}}}}}" if value is None else value))
    return values


def _is_dry(rules: Sequence[DryRun], metric: Metric | None) -> bool:
    if metric is None:
        return False
    for rule in rules:
        try:
            matching([rule], [metric], "dryRun")
        except MetricError:
            continue
        return True
    return False
