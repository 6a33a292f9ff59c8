"""The step engine: entering a pause, and whether the current step is done (rollout/canary.go, rollout/pause.go; spec/canary.md 8.1)."""

from __future__ import annotations

from rolloutsim.control import defaults, plugins
from rolloutsim.control.canary_sizes import at_desired_counts
from rolloutsim.control.context import Context
from rolloutsim.control.pauses import CANARY_PAUSE
from rolloutsim.manifest.analysis import SUCCESSFUL
from rolloutsim.manifest.objects import Pause, Step
from rolloutsim.quantities import pause_seconds


def reconcile_pause(ctx: Context) -> bool:
    """Enter a pause step, or set the timer of a timed one; whether the current step is a pause (reconcileCanaryPause)."""
    if ctx.rollout.spec.paused or ctx.status.promote_full or ctx.step is None or ctx.step.pause is None:
        return False
    condition = ctx.pauses.condition(CANARY_PAUSE)
    if condition is None:
        if not ctx.status.controller_pause:  # else a human has just resumed
            ctx.pauses.add(CANARY_PAUSE)
        return True
    seconds = pause_seconds(ctx.step.pause.duration)
    if seconds is not None:
        wake_up_during_wait(ctx, condition.start_s + seconds)
    return True


def wake_up_during_wait(ctx: Context, until_s: float) -> None:
    """Look again at the end of a wait, if the resync does not come first (checkEnqueueRolloutDuringWait)."""
    if ctx.now.s < until_s < ctx.now.s + defaults.RESYNC_S:
        ctx.wake_up(until_s)


def is_complete(ctx: Context) -> bool:
    """Whether the current step is done (completedCurrentCanaryStep); a pause decides alone when a step has more than one field."""
    step = ctx.step
    if ctx.rollout.spec.paused or step is None:
        return False
    if step.pause is not None:
        return _pause_is_over(ctx, step.pause)
    if step.set_canary_scale is not None:
        return at_desired_counts(ctx, ctx.weights)
    if step.set_weight is not None:
        unverified = ctx.weights is not None and ctx.weights.verified is False
        return at_desired_counts(ctx, ctx.weights) and not unverified
    if step.experiment is not None:
        return ctx.current_experiment is not None and ctx.current_experiment.status.phase == SUCCESSFUL
    if step.analysis is not None:
        run = ctx.runs.current.get("Step")
        return run is not None and run.status.phase == SUCCESSFUL
    if step.set_header_route is not None or step.set_mirror_route is not None:
        return True
    return step.plugin is not None and plugins.is_complete(ctx)


def _pause_is_over(ctx: Context, pause: Pause) -> bool:
    condition = ctx.pauses.condition(CANARY_PAUSE)
    if condition is None:
        return ctx.status.controller_pause
    seconds = pause_seconds(pause.duration)
    return seconds is not None and ctx.now.s > condition.start_s + seconds


def describe(step: Step) -> str:
    """A step as the controller's events print it (CanaryStepString)."""
    if step.set_weight is not None:
        return f"setWeight: {step.set_weight}"
    if step.pause is not None:
        return "pause" if step.pause.duration is None else f"pause: {step.pause.duration}"
    scale = step.set_canary_scale
    if scale is not None:
        if scale.weight is not None:
            return f"setCanaryScale{{weight: {scale.weight}}}"
        if scale.match_traffic_weight:
            return "setCanaryScale{matchTrafficWeight: true}"
        if scale.replicas is not None:
            return f"setCanaryScale{{replicas: {scale.replicas}}}"
    if step.experiment is not None:
        return "experiment"
    if step.analysis is not None:
        return "analysis"
    if step.plugin is not None:
        return f"plugin: {step.plugin.name}"
    for kind, route in (("setHeaderRoute", step.set_header_route), ("setMirrorRoute", step.set_mirror_route)):
        if route is not None:
            return f"{kind}: {route.name}"
    return "invalid"
