"""Pauses and aborts within a pass: what is stored, what the pass adds and takes away, and what comes of it (rollout/pause.go, pauseContext)."""

from __future__ import annotations

from rolloutsim.control.observed import Now
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import PauseCondition, RolloutStatus

CANARY_PAUSE = "CanaryPauseStep"
BLUE_GREEN_PAUSE = "BlueGreenPause"
INCONCLUSIVE_ANALYSIS = "InconclusiveAnalysisRun"
INCONCLUSIVE_EXPERIMENT = "InconclusiveExperiment"


class Pauses:
    """The pauses of one pass; nothing of what is added or removed counts before the status is written."""

    def __init__(self, stored: RolloutStatus) -> None:
        self._stored = stored
        self.added: list[str] = []
        self._removed: set[str] = set()
        self._is_cleared = False
        self._aborts = self._clears_abort = False
        self.abort_message = ""

    # --- what is stored --------------------------------------------------------------------------------------------------------

    def condition(self, reason: str) -> PauseCondition | None:
        """The stored pause condition of a reason."""
        return next((condition for condition in self._stored.pause_conditions if condition.reason == reason), None)

    def has(self, reason: str) -> bool:
        """Whether a pause of this reason is stored."""
        return self.condition(reason) is not None

    # --- what the pass wants ---------------------------------------------------------------------------------------------------

    def add(self, reason: str) -> None:
        """Pause from now on (AddPauseCondition)."""
        self.added.append(reason)

    def remove(self, reason: str) -> None:
        """End a pause (RemovePauseCondition)."""
        self._removed.add(reason)

    def clear(self) -> None:
        """End every pause and the abort (ClearPauseConditions, RemoveAbort)."""
        self._is_cleared = self._clears_abort = True

    def abort(self, message: str) -> None:
        """Abort the update, for a reason that its condition will give (AddAbort)."""
        self._aborts, self.abort_message = True, message

    def drop_abort(self) -> None:
        """Take the abort of a fully promoted Rollout away (RemoveAbort)."""
        self._clears_abort = True

    @property
    def is_aborted(self) -> bool:
        """Whether the pass works on an aborted update (IsAborted)."""
        return not self._clears_abort and (self._aborts or self._stored.abort)

    # --- what comes of it ------------------------------------------------------------------------------------------------------

    def settled(self, status: RolloutStatus, now: Now) -> RolloutStatus:
        """The status with its fields of pause and abort; no pause left clears controllerPause, too (CalculatePauseStatus)."""
        # An abort of this very pass outlasts the removal of one in it (CalculateAbortStatus, unlike IsAborted).
        if self._aborts or self.is_aborted:
            since_s = self._stored.aborted_at_s
            return replace(status, abort=True, aborted_at_s=now.whole_s if since_s is None else since_s)
        status = replace(status, abort=False, aborted_at_s=None)
        if self._is_cleared:
            return status
        kept = [condition for condition in self._stored.pause_conditions if condition.reason not in self._removed]
        begun = [PauseCondition(reason, now.whole_s) for reason in self.added if not self.has(reason)]
        if not kept and not begun:
            return status
        return replace(status, pause_conditions=(*kept, *begun), controller_pause=self._stored.controller_pause or bool(begun))
