"""How the cluster behaves: its delays, and how pods start, stop and fail."""

from __future__ import annotations

from pydantic import Field

from rolloutsim.scenario.model import Delay, Model, Seconds


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
