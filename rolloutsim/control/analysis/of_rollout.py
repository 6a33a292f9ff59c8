"""The AnalysisRuns of a Rollout: which to create, adopt, stop and delete, and what their outcome does (rollout/analysis.go; spec/analysis.md 9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rolloutsim.control.analysis.creation import named_run
from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.history import beyond_history
from rolloutsim.control.operations import CreateAnalysisRun, DeleteAnalysisRun, TerminateAnalysisRun
from rolloutsim.control.pauses import BLUE_GREEN_PAUSE, CANARY_PAUSE, INCONCLUSIVE_ANALYSIS
from rolloutsim.control.replicas import is_saturated
from rolloutsim.manifest.analysis import ERROR, FAILED, INCONCLUSIVE, AnalysisRun, RolloutAnalysis
from rolloutsim.manifest.analysis_arguments import ArgumentError, arguments
from rolloutsim.manifest.analysis_templates import TemplateError, run_spec
from rolloutsim.manifest.objects import HASH_LABEL, Meta

TYPE_LABEL, STEP_LABEL = "rollout-type", "step-index"
_TEXTS = {
    "Step": "Step-based analysis phase error/failed",
    "Background": "Background analysis phase error/failed",
    "PrePromotion": "Blue/green pre-promotion analysis phase error/failed",
    "PostPromotion": "Blue/green post-promotion analysis phase error/failed",
}


def reconcile(ctx: Context) -> None:
    """Bring the runs of a Rollout in line with where it stands (reconcileAnalysisRuns)."""
    if _is_skipped(ctx):
        everyone = [*ctx.runs.current.values(), *ctx.runs.others]
        ctx.runs.report(ctx.runs.current)
        _terminate(ctx, everyone)
        return
    found: dict[str, AnalysisRun | None] = {}
    if ctx.rollout.spec.strategy.canary is not None:
        found["Step"] = _step_run(ctx)
        found["Background"] = _background_run(ctx)
    else:
        found["PrePromotion"] = _promotion_run(ctx, "PrePromotion")
        _heed(ctx, "PrePromotion", found["PrePromotion"])
        found["PostPromotion"] = _promotion_run(ctx, "PostPromotion")
        _heed(ctx, "PostPromotion", found["PostPromotion"])
    current = {kind: run for kind, run in found.items() if run is not None}
    ctx.runs.report(current)
    names = {run.meta.name for run in current.values()}  # a stale cache may show a run just created among the others
    others = [run for run in ctx.runs.others if run.meta.name not in names]
    _terminate(ctx, others)
    _delete_beyond_limit(ctx, others)
    for kind in ("PostPromotion", "PrePromotion", "Step", "Background"):
        _announce(ctx, kind, current.get(kind))


def _is_skipped(ctx: Context) -> bool:
    """Whether no analysis plays a part: aborted, promoted in full, a fast rollback, the first deploy, or within the rollback window."""
    returning = ctx.new.scale_down_deadline_s is not None
    return ctx.is_aborted or ctx.status.promote_full or returning or not ctx.status.stable_rs or ctx.is_within_rollback_window


# --- canary --------------------------------------------------------------------------------------------------------------------------


def _step_run(ctx: Context) -> AnalysisRun | None:
    """The run of the current step (reconcileStepBasedAnalysisRun)."""
    current, step = ctx.runs.current.get("Step"), ctx.step
    if ctx.status.pause_conditions or ctx.status.abort:
        return current
    wanted = step.analysis if step is not None else None
    index = str(ctx.step_index)
    left_over = wanted is not None and current is not None and current.meta.labels.get(STEP_LABEL) != index
    if wanted is None or not wanted.templates or left_over:
        _terminate(ctx, [current])
        return None
    if current is None or _is_run_anew(ctx, current):
        return _create(ctx, wanted, index, {TYPE_LABEL: "Step", STEP_LABEL: index})
    _heed(ctx, "Step", current)
    return current


def _background_run(ctx: Context) -> AnalysisRun | None:
    """The run that watches from `startingStep` to the promotion (reconcileBackgroundAnalysisRun)."""
    wanted, current = ctx.canary.analysis, ctx.runs.current.get("Background")
    if wanted is None or not wanted.templates:
        _terminate(ctx, [current])
        return None
    early = wanted.starting_step is not None and ctx.status.current_step_index is not None and ctx.step_index < wanted.starting_step
    if ctx.is_fully_promoted or not ctx.status.current_pod_hash or early:
        return None
    if ctx.pauses.has(INCONCLUSIVE_ANALYSIS):
        return current
    if current is None or _is_run_anew(ctx, current):
        return _create(ctx, wanted, "", {TYPE_LABEL: "Background"})
    _heed(ctx, "Background", current)
    return current


# --- blue-green ----------------------------------------------------------------------------------------------------------------------


def _promotion_run(ctx: Context, kind: str) -> AnalysisRun | None:
    """The run before or after the switch (reconcilePrePromotionAnalysisRun, reconcilePostPromotionAnalysisRun)."""
    blue_green, current = ctx.blue_green, ctx.runs.current.get(kind)
    before = kind == "PrePromotion"
    wanted = blue_green.pre_promotion_analysis if before else blue_green.post_promotion_analysis
    if wanted is None or not wanted.templates:
        _terminate(ctx, [current])
        return None
    if _skips_pre_promotion(ctx, current) if before else skips_post_promotion(ctx, current):
        _terminate(ctx, [current])
        return current
    if ctx.pauses.has(INCONCLUSIVE_ANALYSIS):
        return current
    if current is None or _is_run_anew(ctx, current):
        return _create(ctx, wanted, "pre" if before else "post", {TYPE_LABEL: kind})
    return current


def _skips_pre_promotion(ctx: Context, current: AnalysisRun | None) -> bool:
    """Whether the run before the switch is not due: already active or stable, or the preview not complete (skipPrePromotionAnalysisRun)."""
    new, active, blue_green = ctx.new, ctx.status.active_selector, ctx.blue_green
    if ctx.status.stable_rs == new.pod_hash or active in ("", new.pod_hash):
        return True
    if current is not None:
        return False
    count = blue_green.preview_replica_count
    if count is not None:
        return new.replicas != count or new.status.available_replicas != count
    return not is_saturated(new, ctx.replicas)


def skips_post_promotion(ctx: Context, current: AnalysisRun | None) -> bool:
    """Whether the run after the switch is not due: not yet active, already stable, or not complete (skipPostPromotionAnalysisRun)."""
    new = ctx.new
    if ctx.status.stable_rs == new.pod_hash or ctx.status.active_selector != new.pod_hash:
        return True
    return current is None and not is_saturated(new, ctx.replicas)


# --- one run -------------------------------------------------------------------------------------------------------------------------


def _is_run_anew(ctx: Context, current: AnalysisRun) -> bool:
    """Whether a run follows the current one: a human resumed after an inconclusive one, or retried after an abort (needsNewAnalysisRun)."""
    if ctx.status.controller_pause and not ctx.pauses.has(CANARY_PAUSE) and not ctx.pauses.has(BLUE_GREEN_PAUSE):
        return current.status.phase == INCONCLUSIVE
    return ctx.status.aborted_at_s is not None


def _heed(ctx: Context, kind: str, run: AnalysisRun | None) -> None:
    """An inconclusive run holds the rollout, a failed one aborts it."""
    if run is None:
        return
    if run.status.phase == INCONCLUSIVE:
        ctx.pauses.add(INCONCLUSIVE_ANALYSIS)
    elif run.status.phase in (ERROR, FAILED):
        ctx.pauses.abort(_TEXTS[kind] + (f": {run.status.message}" if run.status.message else ""))


def _create(ctx: Context, wanted: RolloutAnalysis, infix: str, labels: dict[str, str]) -> AnalysisRun:
    """A new run, or the like one that is still under way (newAnalysisRunFromRollout)."""
    new, rollout = ctx.new, ctx.rollout
    try:
        stable_hash = ctx.stable.pod_hash if ctx.stable is not None else ""
        args = arguments(wanted.args, rollout, new_hash=new.pod_hash, stable_hash=stable_hash)
        spec = run_spec(ctx.templates.collected(wanted.templates), args, wanted.dry_run, wanted.measurement_retention)
    except (ArgumentError, TemplateError) as error:
        raise PassFailed(str(error)) from error
    base = "-".join(filter(None, (rollout.meta.name, new.pod_hash, str(rollout.revision), infix)))
    metadata = wanted.analysis_run_metadata or {}
    all_labels = {**labels, HASH_LABEL: new.pod_hash, **(metadata.get("labels") or {}), **rollout.spec.selector.match_labels}
    meta = Meta(base, rollout.meta.namespace, labels=all_labels, annotations=dict(metadata.get("annotations") or {}), owner=rollout.meta.name)
    run, is_new = named_run(ctx.runs.by_name, AnalysisRun(meta, spec, revision=rollout.revision))
    if is_new:
        ctx.do(CreateAnalysisRun(run))
    return run


def _terminate(ctx: Context, runs: Iterable[AnalysisRun | None]) -> None:
    """Ask unfinished runs to stop (cancelAnalysisRuns)."""
    for run in runs:
        if run is not None and not run.spec.terminate and not run.is_completed:
            ctx.do(TerminateAnalysisRun(run.meta.name))


def _announce(ctx: Context, kind: str, run: AnalysisRun | None) -> None:
    """The event of a run that changed its phase since the Rollout last looked (emitAnalysisRunStatusChanges)."""
    before = ctx.runs.stored(kind)
    if run is None or not run.status.phase or (before is not None and (before.name != run.meta.name or before.status == run.status.phase)):
        return
    previous = "NoPreviousStatus" if before is None else before.status
    text = f"{kind} Analysis Run '{run.meta.name}' Status New: '{run.status.phase}' Previous: '{previous}'"
    ctx.emit(f"AnalysisRun{run.status.phase}", text, "Warning" if run.status.phase in (FAILED, ERROR) else "Normal")


def _delete_beyond_limit(ctx: Context, others: Sequence[AnalysisRun]) -> None:
    """Old runs go (FilterAnalysisRunsToDelete)."""
    for run in beyond_history(others, ctx.rollout.spec.analysis, ctx.all):
        ctx.do(DeleteAnalysisRun(run.meta.name))
