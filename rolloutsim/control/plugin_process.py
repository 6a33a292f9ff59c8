"""A step plugin as the controller sees it: a process that is asked, and answers with a phase (rollout/steps/plugin/rpc)."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutsim.control.observed import Now
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.step_plugins import PluginPhase, StepPluginStatus

LEAST_BACKOFF_S = 10.0
BACKOFF_S = 30.0
ERROR_BACKOFF_S = 30.0


@dataclass(frozen=True, slots=True)
class StepPlugin:
    """What a plugin answers: `errors` calls fail, then it runs until `after_s` since its first call, and ends in `phase`.

    `requeue_after_s` is the wait that it asks for while it runs; `disabled` is the flag of the controller's ConfigMap.
    """

    phase: PluginPhase = "Successful"
    after_s: float = 0.0
    message: str = ""
    errors: int = 0
    requeue_after_s: float = 0.0
    disabled: bool = False

    def run(self, status: StepPluginStatus, now: Now) -> StepPluginStatus:
        """The status after one more call (rollout/steps/plugin/plugin.go, Run); a wait of at most 10 s that it asks for becomes 30 s."""
        began_s = now.s if status.began_s is None else status.began_s
        called = replace(status, updated_s=now.whole_s, executions=status.executions + 1, backoff_s=0.0, message=self.message, began_s=began_s)
        if status.executions < self.errors:
            return replace(called, phase="Error", backoff_s=ERROR_BACKOFF_S)
        if now.s < began_s + self.after_s:
            asked_s = self.requeue_after_s
            return replace(called, phase="Running", message="", backoff_s=asked_s if asked_s > LEAST_BACKOFF_S else BACKOFF_S)
        return replace(called, phase=self.phase, finished_s=now.whole_s)
