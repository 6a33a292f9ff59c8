"""A pass in the making: the operations asked for so far, and when to look again."""

from __future__ import annotations

from typing import Literal

from rolloutsim.control.operations import Emit, Operation, Pass


class PassFailed(Exception):
    """The pass cannot go on; what it has asked for so far stands, and the error makes the controller look again."""


class Draft:
    """What a pass has come to so far."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.wake_up_at_s: float | None = None
        self.requeue = False

    def do(self, *operations: Operation) -> None:
        """Append operations."""
        self.operations.extend(operations)

    def emit(self, reason: str, message: str, type_: Literal["Normal", "Warning"] = "Normal") -> None:
        """Append an event about the object of the pass."""
        self.operations.append(Emit(reason, message, type_))

    def wake_up(self, at_s: float) -> None:
        """Look again at `at_s`, or earlier; the work queue keeps the soonest of several."""
        if self.wake_up_at_s is None or at_s < self.wake_up_at_s:
            self.wake_up_at_s = at_s

    def result(self, error: str | None = None) -> Pass:
        """The pass as decided."""
        return Pass(tuple(self.operations), self.wake_up_at_s, self.requeue, error)
