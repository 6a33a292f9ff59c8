"""One pass over an Experiment: `reconcile_experiment(observed, now) -> Pass`, a pure function (experiments/experiment.go; spec/analysis.md 10)."""

from __future__ import annotations

from dataclasses import fields

from rolloutsim.control.experiments import analyses, templates
from rolloutsim.control.experiments.look import Look, ObservedExperiment, has_required_success, is_terminating
from rolloutsim.control.experiments.templates import PROGRESSING, size_of
from rolloutsim.control.observed import Now
from rolloutsim.control.operations import Pass, PatchExperimentStatus
from rolloutsim.manifest.analysis import COMPLETED, ERROR, FAILED, INCONCLUSIVE, PENDING, RUNNING, SUCCESSFUL
from rolloutsim.manifest.immutable import replace

_TEMPLATES_WORSE = {SUCCESSFUL: 0, RUNNING: 1, PROGRESSING: 2, ERROR: 3, FAILED: 4}
_RUNS_WORSE = {SUCCESSFUL: 0, RUNNING: 1, PENDING: 2, INCONCLUSIVE: 3, ERROR: 4, FAILED: 5}


def reconcile_experiment(observed: ObservedExperiment, now: Now) -> Pass:
    """What the Experiment controller does on one look: templates, analyses, status, and when to look again."""
    look = Look(observed, now)
    for template in observed.experiment.spec.templates:
        templates.reconcile(look, template)
    for analysis in observed.experiment.spec.analyses:
        analyses.reconcile(look, analysis)
    _conclude(look)
    _schedule(look)
    return look.result()


def _conclude(look: Look) -> None:
    """Phase, message and the patch of the status, with its event (calculateStatus)."""
    before = look.experiment.status
    if before.phase == "":
        look.status = replace(look.status, phase=PENDING)
    elif before.phase in (PENDING, RUNNING):
        _assess(look)
    changes = {f.name: value for f in fields(before) if (value := getattr(look.status, f.name)) != getattr(before, f.name)}
    if changes:
        look.do(PatchExperimentStatus(changes))
    if before.phase != look.status.phase:
        is_bad = look.status.phase in (ERROR, FAILED, INCONCLUSIVE)
        text = f"Experiment transitioned from {before.phase} -> {look.status.phase}"
        look.emit(f"Experiment{look.status.phase}", text, "Warning" if is_bad else "Normal")


def _assess(look: Look) -> None:
    """The worse of templates and analyses, by the table of spec/analysis.md 10 (assessTemplates, assessAnalysisRuns)."""
    by_templates, template_message = _worst_template(look)
    by_runs, run_message = _worst_run(look)
    if by_templates == RUNNING and look.status.available_at_s is None:
        look.status = replace(look.status, available_at_s=look.now.whole_s)
    has_required = any(analysis.required_for_completion for analysis in look.experiment.spec.analyses)
    if by_templates in COMPLETED:
        runs_decide = by_templates == SUCCESSFUL and (by_runs in COMPLETED or has_required)
    else:
        runs_decide = (by_runs in COMPLETED and by_runs != SUCCESSFUL) or has_required_success(look.experiment, look.status)
    phase, message = (by_runs, run_message) if runs_decide else (by_templates, template_message)
    look.status = replace(look.status, phase=phase, message=message)


def _worst_template(look: Look) -> tuple[str, str]:
    worst, message = SUCCESSFUL, ""
    for template in look.status.template_statuses:
        if _TEMPLATES_WORSE[template.status] > _TEMPLATES_WORSE[worst]:
            worst, message = template.status, template.message
    return (PENDING if worst == PROGRESSING else worst), message


def _worst_run(look: Look) -> tuple[str, str]:
    worst, message = SUCCESSFUL, ""
    for run in look.status.analysis_runs:
        if _RUNS_WORSE.get(run.phase, 0) > _RUNS_WORSE[worst]:
            worst, message = run.phase, run.message
    if has_required_success(look.experiment, look.status) and _RUNS_WORSE[worst] < _RUNS_WORSE[RUNNING]:
        return SUCCESSFUL, "Required AnalysisRuns completed"
    return (RUNNING if worst == PENDING else worst), message


def _schedule(look: Look) -> None:
    """Look again at the end of the duration, and when a template without its pods is past its deadline (calculateEnqueueDuration)."""
    if is_terminating(replace(look.experiment, status=look.status)):
        return
    if look.will_end_s is not None and look.now.s <= look.will_end_s:
        look.wake_up(look.will_end_s)
    for template in look.experiment.spec.templates:
        status = look.status.template(template.name)
        if status is None or status.status not in (PROGRESSING, RUNNING) or status.last_transition_s is None:
            continue
        if status.available_replicas != size_of(template):
            look.wake_up(status.last_transition_s + look.progress_deadline_s)
