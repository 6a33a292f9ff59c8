"""Which ReplicaSet plays which role in the views (info/rollout_info.go; spec/views.md 2.5)."""

from __future__ import annotations

from rolloutsim.manifest.objects import ReplicaSet, Rollout


def is_canary(rollout: Rollout, rs: ReplicaSet) -> bool:
    """Whether a ReplicaSet is the current one of a canary, and not stable."""
    status = rollout.status
    return rollout.spec.strategy.canary is not None and rs.pod_hash != status.stable_rs and rs.pod_hash == status.current_pod_hash


def tags(rollout: Rollout, rs: ReplicaSet) -> list[str]:
    """Roles of a ReplicaSet: stable, then one of canary, active, preview, then ping or pong."""
    status, found = rollout.status, list[str]()
    is_stable = rs.pod_hash == status.stable_rs
    if is_stable:
        found.append("stable")
    if is_canary(rollout, rs):
        found.append("canary")
    elif rs.pod_hash == status.active_selector:
        found.append("active")
    elif rs.pod_hash == status.preview_selector:
        found.append("preview")
    canary = rollout.spec.strategy.canary
    if canary is not None and canary.ping_pong is not None and (is_stable or is_canary(rollout, rs)):
        found.append("ping" if is_stable == (status.stable_ping_pong == "ping") else "pong")
    return found
