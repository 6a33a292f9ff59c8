"""What the Rollout controller sees when it looks: its caches, which may be stale, and the clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.deployment import Deployment
from rolloutsim.manifest.objects import AnalysisRun, EndpointSlice, Experiment, Ingress, LoadBalancer, Pod, ReplicaSet, Rollout, Service
from rolloutsim.manifest.router_objects import RouterObjects

if TYPE_CHECKING:
    from rolloutsim.control.plugin_process import StepPlugin


@dataclass(frozen=True, slots=True)
class Now:
    """An instant: `s` seconds from the start; `fraction_s` is the wall clock's fraction of a second at the start."""

    s: float
    fraction_s: float = 0.0

    @property
    def whole_s(self) -> float:
        """The instant cut to a whole wall-clock second, as metav1.Time stores it."""
        return math.floor(self.s + self.fraction_s) - self.fraction_s


@dataclass(frozen=True, slots=True)
class Observed:
    """A Rollout with the ReplicaSets it owns, and the objects it may refer to by name; `pods` are those it owns, listed when a restart is due.

    `load_balancers` are what AWS says, by Ingress, and `endpoint_slices` what the API server says: asked only by a controller that was told to
    verify target groups; None if it was not. `step_plugins` are the plugins that it runs, by name; `workload` is the Deployment of
    `spec.workloadRef`.
    """

    rollout: Rollout
    replica_sets: tuple[ReplicaSet, ...] = ()
    services: Mapping[str, Service] = field(default_factory=dict)
    ingresses: Mapping[str, Ingress] = field(default_factory=dict)
    routes: RouterObjects = field(default_factory=dict)
    load_balancers: Mapping[str, LoadBalancer] | None = None
    endpoint_slices: Mapping[str, EndpointSlice] = field(default_factory=dict)
    pods: tuple[Pod, ...] = ()
    templates: Templates = field(default_factory=Templates)
    analysis_runs: tuple[AnalysisRun, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    step_plugins: Mapping[str, StepPlugin] = field(default_factory=dict)
    workload: Deployment | None = None
