"""The Rollout controller's pass: `reconcile(observed, now) -> Pass`, a pure function (rollout/controller.go, rollout/context.go)."""

from __future__ import annotations

from rolloutsim.control import blue_green, canary, conditions, defaults, revisions, status, workload
from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.observed import Now, Observed
from rolloutsim.control.operations import Pass, UpdateRollout
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import Condition
from rolloutsim.manifest.rules.running import first_violation


def reconcile(observed: Observed, now: Now) -> Pass:
    """What the controller does on one look at a Rollout: the writes in their order, when to look again, and an error if it gave up."""
    ctx = Context(observed, now)
    try:
        _reconcile(ctx)
    except PassFailed as failed:
        return ctx.result(error=str(failed))
    return ctx.result()


def _reconcile(ctx: Context) -> None:
    lost = workload.missing(ctx)
    if lost is not None:
        _say_invalid(ctx, lost)
        ctx.wake_up(ctx.now.s + defaults.LOST_WORKLOAD_S)
        return
    _refuse_invalid_spec(ctx)
    promoted = ctx.is_fully_promoted
    if not ctx.has_new:
        revisions.create_new(ctx)
    if promoted and ctx.is_aborted:
        ctx.pauses.drop_abort()
    if ctx.rollout.spec.replicas is None:
        ctx.do(UpdateRollout({"spec": replace(ctx.stored_spec, replicas=defaults.REPLICAS), "normalised": True, **ctx.annotated}))
        return
    _check_paused_conditions(ctx)
    revisions.sync(ctx)
    strategy = blue_green if ctx.rollout.spec.strategy.blue_green is not None else canary
    if _is_scaling_event(ctx):
        strategy.reconcile_replicas_only(ctx)
    else:
        strategy.reconcile(ctx)


def _refuse_invalid_spec(ctx: Context) -> None:
    """Say what is invalid, once, and give up: the error comes back with the back-off (newRolloutContext)."""
    violation = first_violation(ctx.rollout, ctx.services, ctx.ingresses, ctx.templates, ctx.routes)
    if violation is None:
        return
    raise PassFailed(_say_invalid(ctx, str(violation)))


def _say_invalid(ctx: Context, violation: str) -> str:
    """Put what is invalid into the status, unless it stands there; the whole message (createInvalidRolloutCondition)."""
    message = f'The Rollout "{ctx.rollout.meta.name}" is invalid: {violation}'
    stored = conditions.get(ctx.status.conditions, "InvalidSpec")
    if stored is None or stored.message != message or ctx.status.observed_generation != ctx.rollout.meta.generation:
        if stored is not None and stored.message != message:
            cleared = conditions.without(ctx.status.conditions, "InvalidSpec")
            ctx.rollout = replace(ctx.rollout, status=replace(ctx.status, conditions=cleared))
        status.patch_conditions(ctx, [conditions.new("InvalidSpec", "True", "InvalidSpec", message, ctx.now)])
    return message


def _is_scaling_event(ctx: Context) -> bool:
    """Whether new or stable has pods and remembers another spec.replicas (isScalingEvent)."""
    present = [rs for rs in (ctx.new, ctx.stable) if rs is not None and rs.replicas > 0]
    return any(rs.desired_replicas not in (None, ctx.replicas) for rs in present)


def _check_paused_conditions(ctx: Context) -> None:
    """Patch Paused and Progressing when they disagree with the pauses; the pass goes on with the old copy (checkPausedConditions)."""
    now, stored = ctx.now, ctx.status.conditions
    progressing, paused = conditions.get(stored, "Progressing"), conditions.get(stored, "Paused")
    reason = progressing.reason if progressing is not None else ""
    aborted = reason == "RolloutAborted"
    added: list[Condition] = []
    if ctx.is_paused != (reason == "RolloutPaused") and not aborted and not conditions.is_completed(ctx.status):
        texts = ("RolloutPaused", "Rollout is paused") if ctx.is_paused else ("RolloutResumed", "Rollout is resumed")
        added.append(conditions.new("Progressing", "Unknown", *texts, now))
    if not ctx.status.abort and aborted:
        added.append(conditions.new("Progressing", "Unknown", "RolloutRetry", "Retrying Rollout after abort", now))
    if ctx.is_paused != (paused is not None and paused.status == "True") and not aborted:
        added.append(conditions.new("Paused", "True" if ctx.is_paused else "False", "RolloutPaused", "Rollout is paused", now))
    if added:
        status.patch_conditions(ctx, added)
