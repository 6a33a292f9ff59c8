"""The Scenario: what is deployed, who asks, how the cluster behaves, what the operator does, and what is expected.

The models are the scenario file (`apiVersion: rolloutsim.dev/v1alpha1`, keys in camel case) and its JSON Schema at once; the docstring
beneath a field is what editors show. Reading a file, its overrides and its problems: `rolloutsim.manifest.scenario_file`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from rolloutsim.scenario.metrics import MetricSource as MetricSource
from rolloutsim.scenario.model import Delay as Delay
from rolloutsim.scenario.model import DelayShape as DelayShape
from rolloutsim.scenario.model import Fraction, Model, PerSecond, Seconds
from rolloutsim.scenario.model import Lognormal as Lognormal

if TYPE_CHECKING:
    from rolloutsim.manifest.bundle import Manifests


class Flaps(Model):
    """Readiness that comes and goes."""

    ready: Delay
    """So long ready, each time."""
    unready: Delay
    """So long not ready, each time."""


class Crashes(Model):
    """A container that exits and is restarted with the kubelet's back-off."""

    after: Delay
    """From ready to the exit, each time."""
    times: int | None = Field(default=None, ge=1)
    """It exits so often; absent: again and again."""


class Pods(Model):
    """How long a pod takes to become ready and to go, and whether it does."""

    start: Delay | None = None
    """From creation to Ready."""
    stop: Delay | None = None
    """From deletion to gone."""
    ready: bool = True
    """False: the pod never becomes ready."""
    unready_after: Seconds | None = None
    """The pod turns unready so long after it started."""
    flaps: Flaps | None = None
    """Of pods that are created from t = 0 on."""
    crashes: Crashes | None = None
    """Of pods that are created from t = 0 on."""


class Cluster(Model):
    """Delays of the cluster; every one left out is filled in and printed as an assumption."""

    pods: Pods = Pods()
    api_write: Seconds | None = None
    """One write to the API server, seen by the writer."""
    watch: Seconds | None = None
    """From a write to its arrival in a controller's cache."""
    controller_pass: Seconds | None = None
    """One pass of a controller, without its writes."""
    endpoints: Seconds | None = None
    """From a pod's readiness to the EndpointSlice."""
    kube_proxy: Delay | None = None
    """From the EndpointSlice to the rules of every node."""
    ingress: Delay | None = None
    """From the EndpointSlice or Ingress to the ingress controller's workers."""
    scrape: Seconds | None = None
    """Prometheus' scrape interval."""


class Clients(Model):
    """Who opens connections: without it, every request is a connection of its own."""

    connections: int = Field(default=1, ge=1, le=1_000_000)
    requests_per_connection: int | None = Field(default=None, ge=1)
    """A connection closes after so many requests; absent: kept for ever."""


class Stream(Model):
    """One stream of requests."""

    name: str = "users"
    to: str
    """`ingress/HOST[/PATH]` or `service/NAME`."""
    rate: PerSecond
    arrivals: Literal["poisson", "constant"] = "poisson"
    clients: Clients | None = None
    data_plane: str | None = None
    """The data plane by name, as in `rolloutsim split`; absent: what `to` implies."""


class Latency(Model):
    """Lognormal response time by its median and 99th percentile."""

    p50: Seconds
    p99: Seconds | None = None


class Turn(Model):
    """How pods answer from an age on; what is left out stays as it was."""

    after: Seconds
    """So long after the pod's process became ready."""
    over: Seconds = 0.0
    """The change is spread evenly over so long (a leak, a warm-up); 0: at once."""
    error_rate: Fraction | None = None
    latency: Latency | None = None


class BadPods(Model):
    """One of so many pods of a version answers otherwise; which one is drawn."""

    one_in: int = Field(ge=1)
    error_rate: Fraction | None = None
    latency: Latency | None = None
    turns: tuple[Turn, ...] | None = None


class Overload(Model):
    """How a pod answers while more requests fall on it than it can take."""

    above: PerSecond
    """Requests per second of one pod, by its share of the streams' rates."""
    error_rate: Fraction | None = None
    latency: Latency | None = None


class Version(Model):
    """How a version answers."""

    error_rate: Fraction = 0.0
    latency: Latency | None = None
    turns: tuple[Turn, ...] = ()
    """What changes with the age of a pod, in order."""
    bad_pods: BadPods | None = None
    overload: Overload | None = None
    pods: Pods | None = None
    """Overrides `cluster.pods` for this version."""


Role = Literal["canary", "stable", "active", "preview"]


class PodsReady(Model):
    """A number of ready pods of a role."""

    of: Role = "canary"
    ready: int = Field(ge=0)


class When(Model):
    """A condition on the Rollout; all given parts must hold."""

    phase: Literal["Progressing", "Paused", "Healthy", "Degraded"] | None = None
    step: int | None = Field(default=None, ge=0)
    """`status.currentStepIndex`."""
    pods: PodsReady | None = None


class Promote(Model):
    """`kubectl argo rollouts promote`."""

    full: bool = False
    skip_current_step: bool = False
    skip_all_steps: bool = False


class Nothing(Model):
    """A command without options."""


class Undo(Model):
    """`kubectl argo rollouts undo`; 0 is the second highest revision."""

    to_revision: int = Field(default=0, ge=0)


class Restart(Model):
    """`kubectl argo rollouts restart`."""

    in_: Seconds = Field(default=0.0, alias="in")


class Scale(Model):
    """`kubectl scale`, or what an autoscaler would do."""

    replicas: int = Field(ge=0, le=20_000)


class SomePods(Model):
    """Pods of a role: `count` of them, all when absent."""

    of: Role = "canary"
    count: int | None = Field(default=None, ge=1)


DEEDS = ("set_image", "promote", "abort", "retry", "undo", "restart", "pause", "scale", "edit", "delete_pods", "fail_pods")


class Action(Model):
    """One entry of the timeline: when (exactly one of `at`, `when`, or `after` alone = after the entry before), and what."""

    at: Seconds | None = None
    when: When | None = None
    after: Seconds | None = None
    """With `when`: so long after the condition became true; alone: after the entry before."""
    set_image: dict[str, str] | None = None
    """Container name (`*`: all) to image."""
    promote: Promote | None = None
    abort: Nothing | None = None
    retry: Nothing | None = None
    undo: Undo | None = None
    restart: Restart | None = None
    pause: Nothing | None = None
    scale: Scale | None = None
    edit: dict[str, Any] | None = None
    """A merge patch of the Rollout, `{spec: ...}`."""
    delete_pods: SomePods | None = None
    fail_pods: SomePods | None = None
    """The pods turn unready and stay so."""

    @property
    def deeds(self) -> list[str]:
        """What the entry does; exactly one in a valid scenario."""
        return [name for name in DEEDS if getattr(self, name) is not None]


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


class ExpectShare(Model):
    """The share of a version at a step is what `setWeight` says (or `is`), within a tolerance."""

    of: Role = "canary"
    step: int | None = Field(default=None, ge=0)
    """From the completion of step i to the next setWeight; absent: every setWeight."""
    stream: str | None = None
    is_: Fraction | None = Field(default=None, alias="is")
    """The share wanted; absent: `setWeight`."""
    within: Fraction = 0.02


class ExpectPhase(Model):
    """The Rollout reaches a phase."""

    is_: Literal["Progressing", "Paused", "Healthy", "Degraded"] = Field(alias="is")
    before: Seconds | None = None
    """At the end when absent."""


class ExpectPods(Model):
    """Pods at peak."""

    at_most: int = Field(ge=0)


class ExpectErrors(Model):
    """Failed requests, as a share of all (`rate`) or a number."""

    at_most: Fraction | None = None
    no_endpoint: int | None = Field(default=None, ge=0)
    """At most so many requests found no endpoint."""


class Expectation(Model):
    """One expectation; exactly one key."""

    share: ExpectShare | None = None
    phase: ExpectPhase | None = None
    pods: ExpectPods | None = None
    errors: ExpectErrors | None = None


class ScenarioSpec(Model):
    """`spec` of a Scenario."""

    manifests: tuple[str, ...] = ()
    """Files and folders with the Kubernetes manifests, relative to the scenario file; objects may also stand in the scenario file."""
    start: Start = Start()
    duration: Seconds | None = None
    until: Until | None = None
    seed: int = Field(default=1, ge=0, lt=2**63)
    detail: Literal["counts", "requests"] = "requests"
    cluster: Cluster = Cluster()
    traffic: tuple[Stream, ...] = ()
    versions: dict[str, Version] = Field(default={})
    timeline: tuple[Action, ...] = ()
    metrics: dict[str, MetricSource] = Field(default={})
    """What each metric of the AnalysisTemplates measures, by the metric's name."""
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
