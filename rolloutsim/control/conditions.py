"""Conditions of a Rollout: their texts, and how a list of them changes (utils/conditions/conditions.go)."""

from __future__ import annotations

from typing import Literal

from rolloutsim.control.observed import Now
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import Condition, RolloutStatus

Conditions = tuple[Condition, ...]
Status = Literal["True", "False", "Unknown"]

NOT_AVAILABLE = "Rollout does not have minimum availability"
AVAILABLE = "Rollout has minimum availability"


def get(conditions: Conditions, type_: str) -> Condition | None:
    """The condition of a type."""
    for condition in conditions:
        if condition.type == type_:
            return condition
    return None


def without(conditions: Conditions, type_: str) -> Conditions:
    """The list without the condition of a type."""
    return tuple(c for c in conditions if c.type != type_)


def new(type_: str, status: Status, reason: str, message: str, now: Now) -> Condition:
    """A condition stamped with the present second."""
    return Condition(type_, status, reason, message, now.whole_s, now.whole_s)


def with_(conditions: Conditions, condition: Condition) -> tuple[Conditions, bool]:
    """The list with a condition set, and whether it changed: an equal status and reason keeps the old one, message and stamps included."""
    current = get(conditions, condition.type)
    if current is not None and current.status == condition.status:
        if current.reason == condition.reason:
            return conditions, False
        condition = replace(condition, last_transition_s=current.last_transition_s)
    return (*without(conditions, condition.type), condition), True


def is_completed(status: RolloutStatus) -> bool:
    """Whether the stable ReplicaSet is the current one (RolloutCompleted)."""
    return status.stable_rs != "" and status.stable_rs == status.current_pod_hash
