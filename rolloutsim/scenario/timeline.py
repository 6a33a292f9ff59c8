"""What the operator does, and when."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from rolloutsim.scenario.model import Model, Seconds

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
