"""Step plugins of a canary as immutable typed values: the step that asks for one, and what its status remembers (types.go, StepPluginStatus)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Operation = Literal["Run", "Abort", "Terminate"]
PluginPhase = Literal["Running", "Successful", "Failed", "Error", ""]


@dataclass(frozen=True, slots=True)
class PluginStep:
    """A canary step that a plugin carries out; what its config means is known to the plugin alone."""

    name: str
    config: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StepPluginStatus:
    """An entry of `status.canary.stepPluginStatuses`: one operation of the plugin of one step; instants are whole wall-clock seconds."""

    index: int
    name: str
    operation: Operation = "Run"
    phase: PluginPhase = ""
    message: str = ""
    started_s: float | None = None
    updated_s: float | None = None
    finished_s: float | None = None
    backoff_s: float = 0.0
    executions: int = 0
    disabled: bool = False
    began_s: float | None = None
    """The plugin's own status: the instant of the first call, which it counts from."""
