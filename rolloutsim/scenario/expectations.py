"""What is expected of a run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rolloutsim.scenario.model import Fraction, Model, Seconds
from rolloutsim.scenario.timeline import Role


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
