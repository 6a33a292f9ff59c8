"""The Deployment that a Rollout takes its pods from (`spec.workloadRef`): its template and selector, and how many pods of its own it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rolloutsim.manifest.meta import Meta
from rolloutsim.manifest.pod_template import LabelSelector, PodTemplate

WORKLOAD_GENERATION = "rollout.argoproj.io/workload-generation"
"""Annotation of a Rollout: the generation of its workload that the controller has seen (utils/annotations/annotations.go)."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """apps/v1 Deployment, as far as a Rollout uses it; `replicas` is its spec's. No controller plays it: it has no pods."""

    meta: Meta
    template: PodTemplate = field(default_factory=PodTemplate)
    selector: LabelSelector = field(default_factory=LabelSelector)
    replicas: int = 1


def workload_generation(annotations: Mapping[str, str]) -> int | None:
    """The generation of the workload that a Rollout's annotations name; None without one."""
    found = annotations.get(WORKLOAD_GENERATION)
    return int(found) if found is not None else None
