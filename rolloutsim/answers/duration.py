"""How long it took: from the new image to Healthy, step by step, and how much of it was waiting for a human."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rolloutsim.answers.stretches import Update, updates
from rolloutsim.control.phase import client_phase
from rolloutsim.control.steps import describe
from rolloutsim.manifest.objects import Service
from rolloutsim.record import Record


@dataclass(frozen=True, slots=True)
class StepTime:
    """A step of the update and how long it took (the steps' own order; `end` is what follows the last)."""

    step: int | None
    label: str
    from_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds from the last new image to Healthy (None: not reached), of which paused until somebody promoted."""

    started_s: float | None
    healthy_s: float | None
    seconds: float | None
    waited_for_human_s: float
    steps: tuple[StepTime, ...]
    switches: tuple[tuple[float, str, str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def duration(record: Record) -> Duration:
    """Times of the last update of a record; `switches` are (instant, Service, from, to) of its selectors."""
    found = updates(record)
    switches = tuple(_switches(record))
    if not found:
        return Duration(None, None, None, 0.0, (), switches)
    update = found[-1]
    states = [(t_s, rollout) for t_s, rollout in record.rollouts() if t_s >= update.at_s]
    healthy_s = next((t_s for t_s, rollout in states if client_phase(rollout)[0] == "Healthy"), None)
    end_s = healthy_s if healthy_s is not None else record.end_s
    steps, waited_s = _steps(record, update, end_s)
    seconds = None if healthy_s is None else healthy_s - update.at_s
    return Duration(update.at_s, healthy_s, seconds, waited_s, tuple(steps), switches)


def _steps(record: Record, update: Update, end_s: float) -> tuple[list[StepTime], float]:
    states = [(t_s, rollout) for t_s, rollout in record.rollouts() if update.at_s <= t_s <= end_s]
    rows: list[StepTime] = []
    waited_s, at_s, place = 0.0, update.at_s, (0, "")
    first = True
    for t_s, rollout in [*states, (end_s, states[-1][1])]:
        canary, index = rollout.spec.strategy.canary, rollout.status.current_step_index or 0
        steps = canary.steps if canary is not None else ()
        label = "aborted" if rollout.status.abort else describe(steps[index]) if index < len(steps) else "the rest"
        now = (index, label)
        if first:
            first = False
            place = now if rollout.status.current_pod_hash == update.new_hash else (0, describe(steps[0]) if steps else "the rest")
        is_last = t_s == end_s
        if (now != place and rollout.status.current_pod_hash == update.new_hash) or is_last:
            if t_s > at_s:
                rows.append(StepTime(place[0] if place[1] != "the rest" else None, place[1], at_s, t_s - at_s))
            at_s, place = t_s, now
    for (t_s, rollout), (next_s, _) in zip(states, [*states[1:], (end_s, states[-1][1])], strict=True):
        canary = rollout.spec.strategy.canary
        step = (
            canary.steps[rollout.status.current_step_index or 0] if canary and (rollout.status.current_step_index or 0) < len(canary.steps) else None
        )
        timed = step is not None and step.pause is not None and step.pause.duration is not None
        if rollout.status.pause_conditions and not timed and not (canary is None and _auto(rollout)):
            waited_s += next_s - t_s
    return rows, waited_s


def _auto(rollout: Any) -> bool:
    blue_green = rollout.spec.strategy.blue_green
    return blue_green is not None and blue_green.auto_promotion_enabled is not False


def _switches(record: Record) -> list[tuple[float, str, str, str]]:
    last: dict[str, str] = {}
    rows = []
    for change in record.history("Service"):
        if isinstance(change.object, Service):
            before = last.get(change.name)
            if before is not None and before != change.object.pod_hash:
                rows.append((change.t_s, change.name, before, change.object.pod_hash))
            last[change.name] = change.object.pod_hash
    return rows
