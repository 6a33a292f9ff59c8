"""Step plugins within a pass: run, aborted in reverse order, or terminated by a full promotion (rollout/stepplugin.go; spec/canary.md 8.1)."""

from __future__ import annotations

from rolloutsim.control.context import Context
from rolloutsim.control.plugin_process import StepPlugin
from rolloutsim.manifest.step_plugins import Operation, StepPluginStatus

BUFFER_S = 5.0
"""Added to every back-off before the Rollout is looked at again (defaultBackoffDelay)."""
CONTROLLER_ERROR_S = 30.0
_VERBS = {"Run": "transitioned to {}", "Abort": "aborted ({})", "Terminate": "terminated ({})"}


def reconcile(ctx: Context) -> None:
    """Let the plugin of the current step run; on an abort undo those that ran, on a full promotion end the one that runs."""
    ctx.plugin_statuses = ctx.status.step_plugins
    if ctx.is_aborted:
        _abort(ctx)
    elif ctx.status.promote_full or ctx.is_fully_promoted:
        _terminate(ctx)
    else:
        _forget_before_retry(ctx)
        _run(ctx)


def is_complete(ctx: Context) -> bool:
    """Whether the plugin step is done: its run has ended, was cut short, or is disabled; not in a pass that did not come as far as the plugins."""
    run = _status(ctx, ctx.step_index, "Run")
    if ctx.plugin_error or run is None:
        return False
    if run.phase == "Running":
        return any(_status(ctx, run.index, operation) is not None for operation in ("Terminate", "Abort"))
    return run.disabled or run.phase in ("Failed", "Successful")


def _abort(ctx: Context) -> None:
    for run in reversed(ctx.status.step_plugins):
        if run.operation != "Run" or run.phase not in ("Running", "Successful"):
            continue
        if _resolved(ctx, run.index, run.name) is None:
            return
        if _status(ctx, run.index, "Abort") is None:
            _record(ctx, _at_once(ctx, run, "Abort"))


def _terminate(ctx: Context) -> None:
    for status in reversed(ctx.status.step_plugins):
        if status.operation == "Terminate":
            return
        if status.operation == "Run" and status.phase == "Running":
            if _resolved(ctx, status.index, status.name) is not None:
                _record(ctx, _at_once(ctx, status, "Terminate"))
            return


def _at_once(ctx: Context, run: StepPluginStatus, operation: Operation) -> StepPluginStatus:
    """An abort or a termination: it cannot run asynchronously, and is taken to succeed."""
    now_s = ctx.now.whole_s
    return StepPluginStatus(run.index, run.name, operation, "Successful", started_s=now_s, finished_s=now_s)


def _forget_before_retry(ctx: Context) -> None:
    """At step 0 an outcome can only be one from before an abort; the pass that forgets it still reads it (cleanStatusForRetry)."""
    step = ctx.step
    if step is not None and ctx.step_index == 0 and (step.plugin is None or is_complete(ctx)):
        ctx.plugin_statuses = ()


def _run(ctx: Context) -> None:
    step = ctx.step.plugin if ctx.step is not None else None
    if step is None or ctx.status.phase != "Progressing":
        return
    plugin = _resolved(ctx, ctx.step_index, step.name)
    if plugin is None:
        return
    fresh = StepPluginStatus(ctx.step_index, step.name, disabled=plugin.disabled)
    if plugin.disabled:
        _record(ctx, fresh)
        return
    stored = (s for s in ctx.status.step_plugins if s.index == fresh.index and s.operation == "Run")
    run = next(stored, StepPluginStatus(fresh.index, fresh.name, phase="Running", started_s=ctx.now.whole_s))
    if run.phase in ("Successful", "Failed"):
        return
    if run.updated_s is None or run.updated_s + run.backoff_s <= ctx.now.s:
        run = plugin.run(run, ctx.now)
    _record(ctx, run)
    if run.phase in ("Running", "Error"):
        ctx.wake_up((run.updated_s or 0.0) + run.backoff_s + BUFFER_S)
    elif run.phase == "Failed":
        ctx.pauses.abort(f"Step Plugin {run.index + 1} ({run.name}) failed: {run.message}")


def _status(ctx: Context, index: int, operation: str) -> StepPluginStatus | None:
    return next((status for status in ctx.plugin_statuses or () if status.index == index and status.operation == operation), None)


def _resolved(ctx: Context, index: int, name: str) -> StepPlugin | None:
    """The plugin; one that the controller does not have ends neither the pass nor the update, but is asked for again (handleError)."""
    plugin = ctx.step_plugins.get(name)
    if plugin is None:
        ctx.plugin_error = True
        why = f"failed to get step plugin {name}: unable to find plugin ({name}): plugin {name} not configured in configmap"
        ctx.emit("ReconciliationError", f"Reconciliation failed with error: could not create step plugin at index {index} : {why}", "Warning")
        ctx.wake_up(ctx.now.s + CONTROLLER_ERROR_S)
    return plugin


def _record(ctx: Context, status: StepPluginStatus) -> None:
    """Put a status in its place, or last, and tell of a change of phase; that a step is done is told elsewhere (recordPhase)."""
    before = _status(ctx, status.index, status.operation)
    known = ctx.plugin_statuses or ()
    ctx.plugin_statuses = (*known, status) if before is None else tuple(status if other is before else other for other in known)
    told = status.disabled or (status.operation == "Run" and status.phase == "Successful")
    if told or (before is not None and before.phase == status.phase):
        return
    verb = _VERBS[status.operation].format(status.phase)
    text = f"Step plugin {status.name} (step {status.index + 1}) {verb}"
    ctx.emit("StepPluginTransition", text, "Warning" if status.phase in ("Error", "Failed") else "Normal")
