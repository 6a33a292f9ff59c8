"""How the cluster behaves: its delays, and how pods start, stop and fail."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rolloutsim.scenario.lag import Lag
from rolloutsim.scenario.model import Delay, Model, Seconds

OnTerm = Literal["serve", "drain", "exit"]


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
    """From SIGTERM to the exit; SIGTERM comes at the deletion, or when the preStop hook is done."""
    pre_stop: Seconds | None = None
    """How long the preStop hook takes; absent: as long as the manifest's hook sleeps."""
    grace: Seconds | None = None
    """Killed so long after the deletion, hook included; absent: the manifest's terminationGracePeriodSeconds (30 s)."""
    on_term: OnTerm | None = None
    """What the process does from SIGTERM to its exit. `serve` (default): it goes on, and finishes what it has; `drain`: it takes no more
    connections, closes those that are kept, and finishes what it has by then; `exit`: what it has in hand gets no answer."""
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
    kubelet_write: Seconds = 0.0
    """One node's kubelet reports pods one after another, each so long; 0: the pods are spread over many nodes."""
    endpoints: Seconds | None = None
    """From a pod's readiness to the EndpointSlice."""
    kube_proxy: Lag | None = None
    """The control plane of Services: from the EndpointSlice to new rules. A time, a random one, or a mechanism."""
    ingress: Lag | None = None
    """The control plane of ingresses, meshes and load balancers: from the EndpointSlice or routing object to the proxy's new configuration."""
    proxy: Lag | None = None
    """From a proxy's new configuration (or rules) to the first request that follows it; `{reload: 32ms}` opens all connections anew."""
    aws_verify_target_group: bool = False
    """The Rollout controller runs with `--aws-verify-target-group`: it asks AWS whether an ALB's weights and targets are those wanted."""
    scrape: Seconds | None = None
    """Prometheus' scrape interval."""
