"""How many pods it needed: the peak, and pod-seconds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rolloutsim.manifest.objects import Pod
from rolloutsim.record import Record


@dataclass(frozen=True, slots=True)
class Capacity:
    """Pods that existed at once, those that were terminating not counted; `at_s` is when the peak was first reached."""

    peak_pods: int
    at_s: float
    peak_with_terminating: int
    pod_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def capacity(record: Record) -> Capacity:
    """Count the pods of a record over time."""
    alive: set[str] = set()
    terminating: set[str] = set()
    peak, peak_s, peak_all, seconds, last_s = 0, 0.0, 0, 0.0, 0.0
    for change in record.history("Pod"):
        seconds += (len(alive) + len(terminating)) * (change.t_s - last_s)
        last_s = change.t_s
        alive.discard(change.name)
        terminating.discard(change.name)
        if isinstance(change.object, Pod):
            (alive if change.object.deleted_s is None else terminating).add(change.name)
        if len(alive) > peak:
            peak, peak_s = len(alive), change.t_s
        peak_all = max(peak_all, len(alive) + len(terminating))
    seconds += (len(alive) + len(terminating)) * (record.end_s - last_s)
    return Capacity(peak, peak_s, peak_all, seconds)
