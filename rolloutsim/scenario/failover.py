"""What a proxy does when a try fails: how often and where it tries again, and which pods it passes over."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rolloutsim.scenario.model import Model, Seconds

Failure = Literal["refused", "reset", "5xx"]
NextPod = Literal["same", "backend", "another", "redispatch", "again"]


class BackOff(Model):
    """A wait that is drawn evenly from 0 to a bound, which doubles with each try (Envoy)."""

    base: Seconds
    """The bound of the first wait."""
    at_most: Seconds
    """The bound does not grow beyond this."""


class HealthCheck(Model):
    """Active probes of each pod by the proxy; a probe fails while the pod's process is gone."""

    interval: Seconds
    fall: int = Field(default=1, ge=1, le=100)
    """Failed probes in a row after which the pod is passed over."""
    rise: int = Field(default=1, ge=1, le=100)
    """Good probes in a row after which it is asked again."""


class Failover(Model):
    """What a proxy does with a failed try. What is left out is as the data plane does it by default."""

    attempts: int | None = Field(default=None, ge=1, le=1000)
    """Tries of one request altogether; absent: the data plane's default, or as many as there are pods."""
    retry_on: tuple[Failure, ...] = ("refused", "reset")
    """Failures after which it is tried again."""
    next: NextPod = "another"
    """Where: `same` the pod again; `backend` the version's backend balances anew; `another` a pod not tried yet; `redispatch` any other pod at
    once; `again` the whole data plane decides anew."""
    wait: Seconds = 0.0
    """The wait before the next try."""
    back_off: BackOff | None = None
    """A random wait instead."""
    within: Seconds | None = None
    """No try begins later than so long after the first."""
    max_retries: int | None = Field(default=None, ge=0)
    """So many requests of one backend may wait for another try, or be in it, at once; one more is not tried again (Envoy's circuit breaker)."""
    max_fails: int | None = Field(default=None, ge=1)
    """A pod is set aside after so many failed tries within `failTimeout`; absent: never. A pod that is alone in its backend is not."""
    fail_timeout: Seconds = 10.0
    """It is set aside for so long."""
    check: HealthCheck | None = None
    refused_after: Seconds = 0.0002
    """A try that is refused fails after so long: a round trip within a cluster (assumed); longer where packets are dropped until a timeout."""
