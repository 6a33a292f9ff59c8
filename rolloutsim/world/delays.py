"""How long things take in the simulated cluster: what the scenario says, else a default with its source.

Pod start and stop are assumptions about the user's own application; the other delays were read off recordings of the real controller
(medians of tests/parity, argo-rollouts 1.9.1 on Kubernetes 1.34.1) or off the defaults of the component named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rolloutsim.quantities import format_duration
from rolloutsim.scenario import Cluster, Delay, DelayShape, Lognormal, Pods, Version
from rolloutsim.scenario.model import Z95

POD_START: Delay = DelayShape(lognormal=Lognormal(median=4.0, p95=9.0))
POD_STOP: Delay = 1.0
PODS = Pods(start=POD_START, stop=POD_STOP)
API_WRITE_S = 0.012
REPLICA_SET_WRITE_S = 0.0075
"""A write of the ReplicaSet controller: a ReplicaSet grown by one counts its pod after 0.027 s, three writes and a watch (median, n = 676)."""
WATCH_S = 0.004
CONTROLLER_PASS_S = 0.004
ANALYSIS_LOOK_S = 0.006
"""A look at an AnalysisRun with its measurements and its write: created -> first phase takes 0.010 s with the watch (median, n = 56)."""
ENDPOINTS_S = 0.010
SCRAPE_S = 15.0


@dataclass(frozen=True, slots=True)
class Delays:
    """Delays of one run, in seconds."""

    api_write_s: float = API_WRITE_S
    replica_set_write_s: float = REPLICA_SET_WRITE_S
    watch_s: float = WATCH_S
    controller_pass_s: float = CONTROLLER_PASS_S
    kubelet_write_s: float = 0.0
    endpoints_s: float = ENDPOINTS_S
    pods: Pods = PODS

    @classmethod
    def of(cls, cluster: Cluster) -> Delays:
        """The scenario's delays, filled in with the defaults."""
        return cls(
            api_write_s=_given(cluster.api_write, API_WRITE_S),
            replica_set_write_s=_given(cluster.api_write, REPLICA_SET_WRITE_S),
            watch_s=_given(cluster.watch, WATCH_S),
            controller_pass_s=_given(cluster.controller_pass, CONTROLLER_PASS_S),
            kubelet_write_s=cluster.kubelet_write,
            endpoints_s=_given(cluster.endpoints, ENDPOINTS_S),
            pods=merged(cluster.pods, PODS),
        )

    def for_version(self, version: Version) -> Pods:
        """How pods of a version start and stop."""
        return self.pods if version.pods is None else merged(version.pods, self.pods)


def _given(value: float | None, default: float) -> float:
    return default if value is None else value


def merged(pods: Pods, default: Pods) -> Pods:
    """Pods with what is left open taken from a default."""
    start = default.start if pods.start is None else pods.start
    stop = default.stop if pods.stop is None else pods.stop
    unready_after = default.unready_after if pods.unready_after is None else pods.unready_after
    return Pods(
        pre_stop=default.pre_stop if pods.pre_stop is None else pods.pre_stop,
        grace=default.grace if pods.grace is None else pods.grace,
        on_term=pods.on_term or default.on_term,
        start=start,
        stop=stop,
        ready=pods.ready and default.ready,
        unready_after=unready_after,
        flaps=pods.flaps or default.flaps,
        crashes=pods.crashes or default.crashes,
    )


def draw(delay: Delay | None, generator: np.random.Generator) -> float:
    """Seconds drawn from a delay; a plain number is itself."""
    if delay is None:
        return 0.0
    if not isinstance(delay, DelayShape):
        return delay
    if delay.lognormal is not None:
        spread = math.log(delay.lognormal.p95 / delay.lognormal.median) / Z95
        return delay.lognormal.median * math.exp(spread * float(generator.standard_normal()))
    if delay.uniform is not None:
        return float(generator.uniform(delay.uniform.low, delay.uniform.high))
    return float(delay.exponential or 0.0) * float(generator.standard_exponential())


def describe(delay: Delay | None) -> str:
    """A delay in words."""
    if not isinstance(delay, DelayShape):
        return format_duration(delay or 0.0)
    if delay.lognormal is not None:
        return f"{format_duration(delay.lognormal.median)} median, {format_duration(delay.lognormal.p95)} in 5 of 100"
    if delay.uniform is not None:
        return f"{format_duration(delay.uniform.low)} to {format_duration(delay.uniform.high)}"
    return f"{format_duration(delay.exponential or 0.0)} on average (exponential)"
