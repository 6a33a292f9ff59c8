"""All diagnostics, and all checks on some objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rolloutsim.diagnostics import (
    analysing,
    blue_green,
    dynamic_stable,
    gateways,
    ingresses,
    istio,
    judging,
    measuring,
    neighbours,
    pods,
    routing,
    scale_down,
    service_ports,
    services,
    steps,
    templates,
    verdicts,
    weights,
)
from rolloutsim.diagnostics.diagnostic import SEVERITIES, Diagnostic, Finding, Hit
from rolloutsim.diagnostics.landscape import Landscape
from rolloutsim.diagnostics.subject import Subject

_NOUNS = (
    weights, pods, steps, routing, dynamic_stable, scale_down, istio, gateways, services, service_ports, ingresses, blue_green, neighbours,
    judging, measuring, analysing, templates,
)  # fmt: skip


def catalogue() -> Mapping[str, Diagnostic]:
    """Every diagnostic by its code, in the order of codes."""
    found = [*verdicts.DIAGNOSTICS, *(diagnostic for noun in _NOUNS for diagnostic in noun.CHECKS.diagnostics)]
    return {diagnostic.code: diagnostic for diagnostic in sorted(found, key=lambda d: d.code)}


def findings(landscape: Landscape, subjects: Sequence[Subject]) -> list[Finding]:
    """What the checks find in some objects, each finding once."""
    found: dict[tuple[object, ...], Finding] = {}
    for diagnostic, hit in _hits(landscape, subjects):
        place = hit.thing.place(hit.path)
        found.setdefault(
            (diagnostic.code, place.file, place.line, place.column, hit.message), Finding(diagnostic, place, hit.message, str(hit.thing))
        )
    return list(found.values())


def _hits(landscape: Landscape, subjects: Sequence[Subject]) -> Iterator[tuple[Diagnostic, Hit]]:
    for noun in _NOUNS:
        for diagnostic, of_rollout in noun.CHECKS.of_rollouts:
            yield from ((diagnostic, hit) for subject in subjects for hit in of_rollout(subject))
        for diagnostic, of_landscape in noun.CHECKS.of_landscapes:
            yield from ((diagnostic, hit) for hit in of_landscape(landscape))
    if landscape.of_kind("AnalysisTemplate", "ClusterAnalysisTemplate"):
        yield from _metric_hits(landscape, subjects)


def _metric_hits(landscape: Landscape, subjects: Sequence[Subject]) -> Iterator[tuple[Diagnostic, Hit]]:
    from rolloutsim.diagnostics.metric import metrics_of  # late: many manifests have no analysis

    metrics = metrics_of(landscape, subjects)
    for noun in _NOUNS:
        for diagnostic, of_metric in noun.CHECKS.of_metrics:
            yield from ((diagnostic, hit) for metric in metrics for hit in of_metric(metric))


def worst_first(found: Sequence[Finding]) -> list[Finding]:
    """Findings by severity, then by code, then by where they stand."""
    return sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.code, f.place.file, f.place.line or 0, f.message))
