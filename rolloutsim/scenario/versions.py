"""How a version answers."""

from __future__ import annotations

from pydantic import Field

from rolloutsim.scenario.cluster import Pods
from rolloutsim.scenario.model import Fraction, Model, PerSecond, RandomTime, Seconds


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


class Serving(Model):
    """A pod serves so many requests at once; others wait their turn, first come, first served."""

    concurrency: int = Field(ge=1, le=1_000_000)
    """Requests served at once in one pod (threads, workers, connections to a database)."""
    queue: int | None = Field(default=None, ge=0)
    """At most so many wait in one pod, one more is turned away (503); absent: no limit."""
    time: RandomTime | None = None
    """How long a request is served, waiting left out; absent: the version's `latency`."""


class Version(Model):
    """How a version answers."""

    error_rate: Fraction = 0.0
    latency: Latency | None = None
    turns: tuple[Turn, ...] = ()
    """What changes with the age of a pod, in order."""
    bad_pods: BadPods | None = None
    overload: Overload | None = None
    serving: Serving | None = None
    """Absent: a pod serves any number of requests at once."""
    pods: Pods | None = None
    """Overrides `cluster.pods` for this version."""
