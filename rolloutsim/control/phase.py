"""Phase and message of a Rollout (utils/rollout/rolloututil.go, CalculateRolloutPhase)."""

from __future__ import annotations

from rolloutsim.control import conditions, defaults
from rolloutsim.manifest.analysis import COMPLETED
from rolloutsim.manifest.deployment import workload_generation
from rolloutsim.manifest.objects import Phase, Rollout, RolloutSpec, RolloutStatus


def phase_of(spec: RolloutSpec, status: RolloutStatus) -> tuple[Phase, str]:
    """Phase and message for a spec and status; first match wins (spec/canary.md 14, spec/bluegreen.md 12)."""
    for condition in status.conditions:
        if condition.type == "InvalidSpec":
            return "Degraded", f"InvalidSpec: {condition.message}"
        if condition.reason in ("RolloutAborted", "ProgressDeadlineExceeded"):
            return "Degraded", f"{condition.reason}: {condition.message}"
    if spec.paused:
        return "Paused", "manually paused"
    if status.pause_conditions:
        return "Paused", status.pause_conditions[0].reason
    if spec.restart_at_s is not None and spec.restart_at_s != status.restarted_at_s:
        return "Progressing", "rollout is restarting"
    if status.updated_replicas < defaults.desired_replicas(spec):
        return "Progressing", "more replicas need to be updated"
    if status.available_replicas < status.updated_replicas:
        return "Progressing", "updated replicas are still becoming available"
    completed = conditions.is_completed(status)
    if spec.strategy.blue_green is not None:
        if status.active_selector == "" or status.active_selector != status.current_pod_hash:
            return "Progressing", "active service cutover pending"
        if not completed:
            awaited = "analysis" if _awaits_post_promotion_analysis(spec, status) else "post-promotion verification"
            return "Progressing", f"waiting for {awaited} to complete"
    else:
        canary = spec.strategy.canary
        if canary is not None and canary.traffic_routing is None and status.replicas > status.updated_replicas:
            return "Progressing", "old replicas are pending termination"
        if not completed:
            return "Progressing", "waiting for all steps to complete"
    return "Healthy", ""


def _awaits_post_promotion_analysis(spec: RolloutSpec, status: RolloutStatus) -> bool:
    blue_green, run = spec.strategy.blue_green, status.post_promotion_run
    return blue_green is not None and blue_green.post_promotion_analysis is not None and (run is None or run.status not in COMPLETED)


def client_phase(rollout: Rollout) -> tuple[Phase | None, str]:
    """Phase and message as clients show them: not yet observed changes and resumes read as Progressing (GetRolloutPhase; spec/views.md 4.1)."""
    status = rollout.status
    if status.observed_generation is not None and status.observed_generation < rollout.meta.generation:
        return "Progressing", "waiting for rollout spec update to be observed"
    if status.controller_pause and not status.pause_conditions:
        return "Progressing", "waiting for rollout to unpause"
    if rollout.spec.workload_ref is not None and status.workload_observed_generation is not None:
        # A Rollout without the annotation counts as observed, like one whose status names no generation.
        seen = workload_generation(rollout.meta.annotations)
        if seen not in (None, status.workload_observed_generation):
            return "Progressing", "waiting for rollout spec update to be observed for the reference workload"
    return status.phase, status.message
