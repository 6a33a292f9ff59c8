"""The status a pass writes: counters, conditions, pauses, phase, and the promotion of the current ReplicaSet (rollout/sync.go)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from rolloutsim.control import conditions, defaults, workload
from rolloutsim.control.analysis.runs import RUN_FIELDS
from rolloutsim.control.context import Context
from rolloutsim.control.operations import PatchRolloutStatus
from rolloutsim.control.phase import phase_of
from rolloutsim.control.replicas import available_replicas
from rolloutsim.manifest.deployment import workload_generation
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import Condition, Rollout, RolloutStatus

_FIELDS = tuple(f.name for f in fields(RolloutStatus))


def base(ctx: Context) -> RolloutStatus:
    """A fresh status with what both strategies have in common (calculateBaseStatus); whatever is not filled in later is thereby cleared."""
    status = ctx.status
    found = RolloutStatus(
        restarted_at_s=ctx.restarted_at_s,
        weights=ctx.weights,
        albs=ctx.albs,
        current_pod_hash=ctx.new.pod_hash,
        replicas=sum(rs.status.replicas for rs in ctx.all),
        updated_replicas=ctx.new.status.replicas,
        ready_replicas=sum(rs.status.ready_replicas for rs in ctx.all),
        collision_count=status.collision_count,
        conditions=conditions.without(status.conditions, "InvalidSpec"),
        promote_full=status.promote_full,
        stable_rs=status.stable_rs,
    )
    runs: dict[str, Any] = {**ctx.runs.references, "current_experiment": ctx.experiment_reference}
    return replace(found, **runs)


def reset(ctx: Context, status: RolloutStatus) -> RolloutStatus:
    """The status at the beginning of a new update: pauses, abort, full promotion and runs are gone, steps start over (resetRolloutStatus)."""
    ctx.pauses.clear()
    forgotten: dict[str, Any] = dict.fromkeys(RUN_FIELDS.values())
    return replace(
        status, promote_full=False, scale_up_preview_check_point=False, step_plugins=(), current_step_index=0 if ctx.steps else None, **forgotten
    )


def promote(ctx: Context, status: RolloutStatus, reason: str) -> RolloutStatus:
    """The status with the current ReplicaSet as stable; the event comes only when that is a change (promoteStable)."""
    ctx.pauses.clear()
    workload.scale_on_success(ctx)
    if status.stable_rs != status.current_pod_hash:
        text = f"Rollout completed update to revision {ctx.rollout.revision} ({status.current_pod_hash}): {reason}"
        ctx.emit("RolloutCompleted", text)
    return replace(
        status,
        promote_full=False,
        scale_up_preview_check_point=False,
        stable_rs=status.current_pod_hash,
        stable_ping_pong=_next_ping_pong(ctx, status),
        current_step_index=len(ctx.steps) or None,
    )


def _next_ping_pong(ctx: Context, status: RolloutStatus) -> str:
    """Which of the two Services is the stable one after a promotion: ping first, then they take turns."""
    canary = ctx.rollout.spec.strategy.canary
    if canary is None or canary.ping_pong is None or status.stable_rs == status.current_pod_hash:
        return ctx.status.stable_ping_pong
    return "pong" if ctx.status.stable_ping_pong == "ping" else "ping"


def patch_conditions(ctx: Context, added: list[Condition]) -> None:
    """Write conditions and phase ahead of the pass proper, which goes on with the old copy (patchCondition)."""
    updated = ctx.status.conditions
    for condition in added:
        updated = conditions.with_(updated, condition)[0]
    status = replace(ctx.status, conditions=updated, observed_generation=ctx.rollout.meta.generation)
    ctx.do(PatchRolloutStatus(_difference(ctx.status, _with_phase(ctx.rollout, status))))


def persist(ctx: Context, status: RolloutStatus) -> None:
    """Settle pauses, generation and phase and patch what differs; nothing to patch sets the timer that detects a stuck rollout."""
    previous = ctx.status
    status = ctx.pauses.settled(status, ctx.now)
    observed = workload_generation(ctx.rollout.meta.annotations) if ctx.workload is not None else None
    status = replace(status, observed_generation=ctx.rollout.meta.generation, workload_observed_generation=observed)
    status = _with_phase(ctx.rollout, status)
    changes = _difference(previous, status)
    if not changes:
        _watch_progress(ctx, status)
        return
    ctx.do(PatchRolloutStatus(changes))
    if bool(previous.pause_conditions) != bool(status.pause_conditions):
        if status.pause_conditions:
            ctx.emit("RolloutPaused", f"Rollout is paused ({status.pause_conditions[0].reason})")
        elif status.aborted_at_s is None:
            ctx.emit("RolloutResumed", "Rollout is resumed")


def with_conditions(ctx: Context, status: RolloutStatus) -> RolloutStatus:
    """The status with its conditions brought up to date, deadline included (calculateRolloutConditions)."""
    current, now = status.conditions, ctx.now
    healthy = is_healthy(ctx.rollout, status)
    became_unhealthy = False
    if healthy and not ctx.is_paused:
        current, _ = conditions.with_(current, conditions.new("Healthy", "True", "RolloutHealthy", "Rollout is healthy", now))
    elif conditions.get(ctx.status.conditions, "Healthy") is not None:
        unhealthy = conditions.new("Healthy", "False", "RolloutHealthy", "Rollout is not healthy", now)
        current, became_unhealthy = conditions.with_(current, unhealthy)
    if ctx.is_aborted:
        message = f"Rollout aborted update to revision {ctx.rollout.revision}" + (f": {ctx.pauses.abort_message}" if ctx.pauses.abort_message else "")
        current, changed = conditions.with_(current, conditions.new("Progressing", "False", "RolloutAborted", message, now))
        if changed:
            ctx.emit("RolloutAborted", message, "Warning")
    else:
        current = _with_progress(ctx, status, current, healthy=healthy, became_unhealthy=became_unhealthy)
    has_available = _is_available(ctx, status)
    available = conditions.new(
        "Available",
        "True" if has_available else "False",
        "AvailableReason",
        conditions.AVAILABLE if has_available else conditions.NOT_AVAILABLE,
        now,
    )
    current, _ = conditions.with_(current, available)
    completed = conditions.is_completed(status)
    condition = conditions.new("Completed", "True" if completed else "False", "RolloutCompleted", "RolloutCompleted", now)
    current, changed = conditions.with_(current, condition)
    if changed and not completed:
        text = f"Rollout not completed, started update to revision {ctx.rollout.revision} ({status.current_pod_hash})"
        ctx.emit("RolloutNotCompleted", text)
    return replace(status, conditions=current)


def is_healthy(rollout: Rollout, status: RolloutStatus) -> bool:
    """Condition Healthy: updated, available and promoted, in a generation that was observed before (utils/conditions, RolloutHealthy)."""
    n, strategy = defaults.desired_replicas(rollout.spec), rollout.spec.strategy
    if strategy.blue_green is not None:
        done = status.active_selector == status.current_pod_hash
        if strategy.blue_green.preview_service:
            done = done and status.preview_selector == status.current_pod_hash
    else:
        steps = len(strategy.canary.steps) if strategy.canary else 0
        executed = not steps or status.current_step_index in (None, steps)
        done = executed and conditions.is_completed(status) and status.replicas == n
    observed = rollout.status.observed_generation == rollout.meta.generation
    return done and observed and status.updated_replicas == n and status.available_replicas == n


def _with_progress(
    ctx: Context, status: RolloutStatus, current: conditions.Conditions, *, healthy: bool, became_unhealthy: bool
) -> conditions.Conditions:
    """Condition Progressing: done, moving, or past its deadline."""
    now = ctx.now
    name = f'ReplicaSet "{ctx.new.meta.name}"'
    if healthy:
        done = conditions.new("Progressing", "True", "NewReplicaSetAvailable", f"{name} has successfully progressed.", now)
        return conditions.with_(current, done)[0]
    if _is_progress(ctx, status) or became_unhealthy:
        reason, message = "ReplicaSetUpdated", f"{name} is progressing."
        if became_unhealthy and status.stable_rs == status.current_pod_hash:
            reason, message = "ReplicaSetNotAvailable", conditions.NOT_AVAILABLE
        moving = conditions.new("Progressing", "True", reason, message, now)
        before = conditions.get(ctx.status.conditions, "Progressing")
        assert before is not None  # no pass comes this far without one (revisions.sync)
        if before.status == "True":
            moving = replace(moving, last_transition_s=before.last_transition_s)
        # Every progress renews lastUpdateTime, unlike other conditions: it restarts the deadline.
        return conditions.with_(conditions.without(current, "Progressing"), moving)[0]
    waits = any(rs.scale_down_deadline_s is not None for rs in ctx.others)
    if not _is_indefinite(ctx) and not waits and _timed_out(ctx, current):
        late = conditions.new("Progressing", "False", "ProgressDeadlineExceeded", f"{name} has timed out progressing.", now)
        current, _ = conditions.with_(current, late)
        if ctx.rollout.spec.progress_deadline_abort and not ctx.is_aborted:
            ctx.pauses.abort(late.message)
            ctx.emit("RolloutAborted", late.message, "Warning")
    return current


def _is_progress(ctx: Context, status: RolloutStatus) -> bool:
    """Whether anything moved since the stored status (utils/conditions, RolloutProgressing)."""
    before = ctx.status
    if ctx.rollout.spec.strategy.blue_green is not None:
        moved = before.active_selector != status.active_selector or before.preview_selector != status.preview_selector
    else:
        both = None not in (before.current_step_index, status.current_step_index)
        moved = (
            before.stable_rs != status.stable_rs
            or before.current_step_hash != status.current_step_hash
            or (both and before.current_step_index != status.current_step_index)
        )
    return (
        moved
        or status.updated_replicas != before.updated_replicas
        or status.replicas - status.updated_replicas < before.replicas - before.updated_replicas
        or status.ready_replicas > before.ready_replicas
        or status.available_replicas > before.available_replicas
    )


def _is_indefinite(ctx: Context) -> bool:
    """Whether the deadline does not run: at a pause, analysis or experiment step, or while the Paused condition holds (isIndefiniteStep)."""
    step = ctx.step
    if step is not None and (step.pause is not None or step.analysis is not None or step.experiment is not None):
        return True
    paused = conditions.get(ctx.status.conditions, "Paused")
    return paused is not None and paused.status == "True"


def _timed_out(ctx: Context, current: conditions.Conditions) -> bool:
    condition = conditions.get(current, "Progressing")
    if condition is None or condition.reason in ("RolloutAborted", "RolloutPaused"):
        return False
    if condition.reason == "ProgressDeadlineExceeded":
        return True
    return condition.last_update_s + defaults.progress_deadline_seconds(ctx.rollout.spec) < ctx.now.s


def _watch_progress(ctx: Context, status: RolloutStatus) -> None:
    """Look again when the deadline has passed: lastUpdateTime + deadline + 1 s, or at once if that is near (requeueStuckRollout)."""
    condition = conditions.get(ctx.status.conditions, "Progressing")
    if condition is None or condition.reason == "ProgressDeadlineExceeded" or ctx.is_paused or ctx.status.abort:
        return
    if is_healthy(ctx.rollout, status) or _is_indefinite(ctx):
        return
    deadline_s = condition.last_update_s + defaults.progress_deadline_seconds(ctx.rollout.spec)
    if deadline_s - ctx.now.s < 1:
        ctx.requeue = True
    else:
        ctx.wake_up(deadline_s + 1)


def _is_available(ctx: Context, status: RolloutStatus) -> bool:
    if ctx.rollout.spec.strategy.blue_green is None:
        return available_replicas(ctx.all) >= ctx.replicas
    active = next((rs for rs in ctx.all if rs.pod_hash == status.active_selector), None)
    return active is not None and active.replicas == active.desired_replicas == active.status.available_replicas == ctx.replicas


def _with_phase(rollout: Rollout, status: RolloutStatus) -> RolloutStatus:
    phase, message = phase_of(rollout.spec, status)
    return replace(status, phase=phase, message=message)


def _difference(before: RolloutStatus, after: RolloutStatus) -> dict[str, Any]:
    return {name: value for name in _FIELDS if (value := getattr(after, name)) != getattr(before, name)}
