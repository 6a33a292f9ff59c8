"""What must fit between `spec.metrics` of a scenario and the metrics of its AnalysisTemplates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from rolloutsim.manifest.analysis import AnalysisTemplate, ClusterAnalysisTemplate
from rolloutsim.manifest.bundle import Manifests
from rolloutsim.manifest.decode import camel
from rolloutsim.manifest.documents import shown
from rolloutsim.manifest.json_path import PathError, UnsupportedPath, parsed
from rolloutsim.manifest.proposed_source import DECIDING, proposed_source
from rolloutsim.scenario import ScenarioSpec
from rolloutsim.scenario.metrics import SOURCES, MetricSource

Refuse = Callable[[str, str, str, str], None]
SHORTEST_SCRAPE_S = 0.1
WRONG = 1e-6
"""Outcomes may miss a sum of 1 by this much (percentages are decimal)."""


def asked_metrics(manifests: Manifests) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The metrics of the templates: template, metric name, and the metric as written; a name that an argument makes is left out."""
    templates: list[AnalysisTemplate | ClusterAnalysisTemplate] = [*manifests.analysis_templates, *manifests.cluster_analysis_templates]
    for template in templates:
        for metric in template.spec.metrics:
            name = str(metric.get("name") or "")
            if name and "{{" not in name:
                yield template.meta.name, name, dict(metric)


def check_metrics(spec: ScenarioSpec, manifests: Manifests, refuse: Refuse) -> None:
    """Refuse metrics without a source, sources without a metric, and sources that say too much or nothing."""
    if spec.cluster.scrape is not None and spec.cluster.scrape < SHORTEST_SCRAPE_S:
        rule = f"a scrape interval is at least {SHORTEST_SCRAPE_S:g} s"
        refuse("spec.cluster.scrape", f"{spec.cluster.scrape:g} s", rule, "Prometheus' own default is 1m, often 15s or 30s is set.")
    asked = list(asked_metrics(manifests))
    names = {name for _, name, _ in asked}
    for template, name, metric in asked:
        if name not in spec.metrics:
            remedy = f"For example {name}: {proposed_source(metric)}"
            refuse(
                "spec.metrics", f"nothing for metric {shown(name)} of {template}", "each metric of an AnalysisTemplate has a source of values", remedy
            )
    for _, name, metric in asked:
        if name in spec.metrics:
            _check_fit(spec.metrics[name], metric, f"spec.metrics.{name}", refuse)
    for name, source in spec.metrics.items():
        if names and name not in names:
            refuse(f"spec.metrics.{name}", shown(name), f"no AnalysisTemplate has this metric ({', '.join(sorted(names))})", "Correct the name.")
        _check_source(source, f"spec.metrics.{name}", spec, refuse)


def _check_fit(source: MetricSource, metric: dict[str, Any], path: str, refuse: Refuse) -> None:
    """Refuse values where the provider decides the phase itself, and a body that the metric's path cannot be followed into."""
    provider = metric.get("provider") or {}
    own = next((kind for kind in DECIDING if kind in provider), None)
    if own is not None and source.outcomes is None:
        refuse(path, "values", f"the provider {own} decides the phase itself, conditions play no part", "Give outcomes: {Successful: 100%}.")
    web = provider.get("web") or {}
    json_path = str(web.get("jsonPath") or "{$}")
    if not any(isinstance(value, dict | list | tuple) for _, value in source.values or ()) or "{{" in json_path:
        return
    try:
        parsed(json_path)
    except UnsupportedPath as error:
        refuse(path, f"a body for jsonPath {json_path}", str(error).removeprefix("unsupported: "), "Give bare values: what the path finds.")
    except PathError:
        return  # the controller says so in each measurement


def _check_source(source: MetricSource, path: str, spec: ScenarioSpec, refuse: Refuse) -> None:
    if len(source.sources) != 1:
        known = ", ".join(camel(name) for name in SOURCES)
        refuse(path, f"{len(source.sources)} sources", f"a metric has exactly one: {known}", "Keep one.")
    for phase, share in (source.outcomes or {}).items():
        if share < 0:
            refuse(f"{path}.outcomes.{phase}", f"{share:g}", "a probability is not negative", "Correct it.")
    if source.outcomes is not None and abs(math.fsum(source.outcomes.values()) - 1) > WRONG:
        refuse(f"{path}.outcomes", f"{math.fsum(source.outcomes.values()):.4g} in all", "probabilities sum to 1", "Complete them.")
    if source.values is not None:
        starts = [from_s for from_s, _ in source.values]
        if not starts or starts != sorted(starts):
            refuse(f"{path}.values", "no value, or times that go back", "a series of [from, value] in order of time", "For example [[0s, 0.97]].")
    query = source.of_requests
    if query is None:
        return
    if not spec.traffic:
        refuse(path, "no traffic", "requests are measured on traffic", "Add spec.traffic, or give values or outcomes.")
    if query.stream is not None and query.stream not in {stream.name for stream in spec.traffic}:
        refuse(f"{path}.stream", shown(query.stream), "there is no such stream", "Correct the name.")
    if query.window <= 0:
        refuse(path, f"a window of {query.window:g} s", "a window is longer than 0 s", "For example window: 1m.")
    if query.minus is not None and query.over is not None:
        refuse(path, "minus together with over", "a metric is compared in one way", "Keep one of them.")
