"""The Scenario: what is deployed, who asks, how the cluster behaves, what the operator does, and what is expected.

The models are the scenario file (`apiVersion: rolloutsim.dev/v1alpha1`, keys in camel case) and its JSON Schema at once; the docstring
beneath a field is what editors show. Reading a file, its overrides and its problems: `rolloutsim.manifest.scenario_file`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from rolloutsim.scenario.arrivals import ArrivalShape, Bursts, Diurnal, Spike, Trace
from rolloutsim.scenario.cluster import Cluster, Crashes, Flaps, Pods
from rolloutsim.scenario.expectations import Expectation, ExpectErrors, ExpectPhase, ExpectPods, ExpectShare
from rolloutsim.scenario.metrics import MetricSource
from rolloutsim.scenario.model import Delay, DelayShape, Distribution, Lognormal, Model, RandomTime, Seconds
from rolloutsim.scenario.plugins import PluginSource
from rolloutsim.scenario.timeline import DEEDS, Action, Nothing, PodsReady, Promote, Restart, Role, Scale, SomePods, Undo, When
from rolloutsim.scenario.traffic import Clients, Pool, Sticky, Stream
from rolloutsim.scenario.versions import BadPods, Latency, Overload, Serving, Turn, Version

if TYPE_CHECKING:
    from rolloutsim.manifest.bundle import Manifests

__all__ = [
    "DEEDS",
    "Action",
    "ArrivalShape",
    "BadPods",
    "Bursts",
    "Clients",
    "Cluster",
    "Crashes",
    "Delay",
    "DelayShape",
    "Distribution",
    "Diurnal",
    "ExpectErrors",
    "ExpectPhase",
    "ExpectPods",
    "ExpectShare",
    "Expectation",
    "Flaps",
    "Latency",
    "Lognormal",
    "MetricSource",
    "Nothing",
    "Overload",
    "PluginSource",
    "Pods",
    "PodsReady",
    "Pool",
    "Promote",
    "RandomTime",
    "Restart",
    "Role",
    "Scale",
    "Scenario",
    "ScenarioSpec",
    "Serving",
    "SomePods",
    "Spike",
    "Start",
    "Sticky",
    "Stream",
    "Trace",
    "Turn",
    "Undo",
    "Until",
    "Version",
    "When",
]


class Until(Model):
    """The run ends when the timeline is done and the phase is reached, or at the limit."""

    phase: Literal["Healthy", "Degraded", "Paused"] = "Healthy"
    limit: Seconds = 3600.0
    settle: Seconds = 10.0
    """The run goes on so long after the phase is reached, to measure where it ended."""


class Start(Model):
    """The state at t = 0."""

    state: Literal["healthy", "empty"] = "healthy"
    """healthy: the Rollout stands at its manifest's image; empty: the manifests are applied at t = 0."""
    at: str = "2026-01-01T00:00:00Z"
    """Wall-clock instant of t = 0 (RFC 3339); a fraction of a second that is not given is drawn from the seed."""


class ScenarioSpec(Model):
    """`spec` of a Scenario."""

    manifests: tuple[str, ...] = ()
    """Files and folders with the Kubernetes manifests, relative to the scenario file; objects may also stand in the scenario file."""
    start: Start = Start()
    duration: Seconds | None = None
    until: Until | None = None
    seed: int = Field(default=1, ge=0, lt=2**63)
    detail: Literal["counts", "requests"] = "requests"
    """counts: at a cost that does not depend on the number of requests; requests: one by one, each with its pod, outcome and latency."""
    keep: Literal["requests", "tallies"] = "requests"
    """Of requests one by one, the record keeps each, or tallies by stretch of time, pod and outcome, so that memory does not grow with them."""
    cluster: Cluster = Cluster()
    traffic: tuple[Stream, ...] = ()
    versions: dict[str, Version] = Field(default={})
    timeline: tuple[Action, ...] = ()
    metrics: dict[str, MetricSource] = Field(default={})
    """What each metric of the AnalysisTemplates measures, by the metric's name."""
    plugins: dict[str, PluginSource] = Field(default={})
    """What each step plugin of the canary does, by the plugin's name."""
    expect: tuple[Expectation, ...] = ()


class Scenario(Model):
    """A scenario together with the manifests that it plays."""

    name: str
    spec: ScenarioSpec
    manifests: Any = None
    """`rolloutsim.manifest.bundle.Manifests`: the typed objects."""
    source: str = ""
    """The file or folder it was read from, as given."""
    paths: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()

    def with_(self, **overrides: Any) -> Scenario:
        """The scenario read again with values changed: `with_(**{"Rollout:spec.replicas": 5})`; InputError for what does not fit."""
        from rolloutsim.manifest.scenario_file import load_scenario

        added = tuple(f"{path}={json.dumps(value)}" for path, value in overrides.items())
        return load_scenario(self.paths, (*self.overrides, *added))

    @property
    def objects(self) -> Manifests:
        """The typed objects of its manifests."""
        return self.manifests  # type: ignore[no-any-return]
