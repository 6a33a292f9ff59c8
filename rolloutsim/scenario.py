"""The Scenario: what is deployed, who asks, how the cluster behaves, what the operator does, and what is expected.

The models are the scenario file (`apiVersion: rolloutsim.dev/v1alpha1`, keys in camel case) and its JSON Schema at once; the docstring
beneath a field is what editors show. Reading a file, its overrides and its problems: `rolloutsim.manifest.scenario_file`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rolloutsim.quantities import parse_duration, parse_percent, parse_quantile, parse_rate

if TYPE_CHECKING:
    from rolloutsim.manifest.bundle import Manifests

Seconds = Annotated[float, BeforeValidator(parse_duration), Field(json_schema_extra={"type": ["string", "number"], "examples": ["4s", "10m"]})]
PerSecond = Annotated[float, BeforeValidator(parse_rate), Field(json_schema_extra={"type": ["string", "number"], "examples": ["200/s"]})]
Quantile = Annotated[float, BeforeValidator(parse_quantile), Field(json_schema_extra={"type": ["string", "number"], "examples": ["p95", 0.95]})]
Fraction = Annotated[float, BeforeValidator(parse_percent), Field(json_schema_extra={"type": ["string", "number"], "examples": ["2%", "2pp"]})]


class Model(BaseModel):
    """Immutable, camel case outside, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True, arbitrary_types_allowed=True
    )


class Lognormal(Model):
    """A lognormal distribution by its median and 95th percentile."""

    median: Seconds
    p95: Seconds


class Uniform(Model):
    """Uniform between two durations."""

    low: Seconds
    high: Seconds


class DelayShape(Model):
    """A random delay; exactly one shape."""

    lognormal: Lognormal | None = None
    uniform: Uniform | None = None
    exponential: Seconds | None = None
    """Mean of an exponential delay."""


Delay = DelayShape | Seconds


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


class Version(Model):
    """How a version answers."""

    error_rate: Fraction = 0.0
    latency: Latency | None = None
    pods: Pods | None = None
    """Overrides `cluster.pods` for this version."""


Role = Literal["canary", "stable", "active", "preview"]


Measured = Literal["canary", "stable", "all"]


class RequestMetric(Model):
    """Simulated requests as Prometheus sees them: counters of the pods, scraped, and `rate` over a window."""

    of: Measured = "canary"
    """Pods of the newest revision, of the stable one, or all."""
    stream: str | None = None
    """Only requests of this stream."""
    window: Seconds = 60.0
    """The range of `rate`, `[1m]`."""
    function: Literal["rate", "irate"] = "rate"
    minus: Measured | None = None
    """The difference to the same metric of other pods."""
    over: Measured | None = None
    """The quotient with the same metric of other pods."""
    or_else: float | None = None
    """`or on() vector(0)`: the value where no series has a result; absent: an empty vector."""


class LatencyMetric(RequestMetric):
    """`histogram_quantile` over the pods' histograms, in seconds."""

    quantile: Quantile


Outcome = Literal["Successful", "Failed", "Inconclusive", "Error"]


class MetricSource(Model):
    """What stands for the query or address of a metric; exactly one of the sources."""

    success_rate: RequestMetric | None = None
    """Share of requests that did not fail: `sum(rate(requests{code!~"5.."}[w])) / sum(rate(requests[w]))`."""
    error_rate: RequestMetric | None = None
    """Share of requests that failed; an empty vector while none ever did."""
    request_rate: RequestMetric | None = None
    """Requests per second."""
    requests: RequestMetric | None = None
    """Requests in the window (`increase`)."""
    latency: LatencyMetric | None = None
    values: tuple[tuple[Seconds, Any], ...] | None = None
    """A series of `[from, value]`; `error` is a provider that does not answer."""
    outcomes: dict[Outcome, Fraction] | None = None
    """Each measurement comes to one of these phases, with these probabilities."""
    takes: Delay | None = None
    """How long one measurement takes (a job's run time); absent: no time."""

    @property
    def sources(self) -> list[str]:
        """What is given; exactly one in a valid scenario."""
        return [name for name in SOURCES if getattr(self, name) is not None]

    @property
    def of_requests(self) -> RequestMetric | None:
        """The query over simulated requests, if it is one."""
        return self.success_rate or self.error_rate or self.request_rate or self.requests or self.latency


SOURCES = ("success_rate", "error_rate", "request_rate", "requests", "latency", "values", "outcomes")


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
    versions: dict[str, Version] = {}
    timeline: tuple[Action, ...] = ()
    metrics: dict[str, MetricSource] = {}
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
