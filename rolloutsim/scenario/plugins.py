"""`spec.plugins` of a scenario: what stands for the step plugins that the controller would run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rolloutsim.scenario.model import Model, Seconds


class PluginSource(Model):
    """What a step plugin answers when the controller calls it, which is at once, and then each time its wait is over.

    To undo its step after an abort, or to end it for a full promotion, takes it no time and always succeeds.
    """

    phase: Literal["Successful", "Failed"] = "Successful"
    """How it ends; Failed aborts the update."""
    after: Seconds = 0.0
    """So long after the first call it has come to its end; until then it is Running. The controller learns of it when it next asks."""
    message: str = ""
    """What it says when it ends, and with each error."""
    errors: int = Field(default=0, ge=0)
    """So many calls fail first; each is repeated 30 s later, and noticed another 5 s later."""
    requeue_after: Seconds = 0.0
    """The wait that it asks for while it runs; 10 s or less, and none at all, are 30 s."""
    disabled: bool = False
    """The flag of the controller's ConfigMap: the step is passed over."""
