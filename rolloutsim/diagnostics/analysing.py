"""Analyses of a Rollout: when they run against the steps."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.metric import MetricSubject
from rolloutsim.diagnostics.outcomes import tried
from rolloutsim.diagnostics.subject import CANARY, Subject
from rolloutsim.quantities import format_duration

CHECKS = Checks.empty()
ORDER = "argo-rollouts rollout/analysis.go"


@CHECKS.metric(
    Diagnostic(
        "RS841",
        "warning",
        "the background analysis begins before the canary",
        "A background analysis starts in the pass after the new image is seen: before any canary pod exists. Without startingStep or initialDelay its "
        "first measurements find no series or no request, and errors are retried every 10 seconds.",
        "Set startingStep to the step after the first setWeight and its pause, or an initialDelay.",
        f"{ORDER}; a recording of the real controller shows it",
    )
)
def before_the_canary(metric: MetricSubject) -> Iterator[Hit]:
    """Background metrics that look before the first weight and do not take no data for good."""
    use, found = metric.use, tried(metric)
    if use is None or not use.is_background or found is None or metric.metric is None or metric.metric.initial_delay_s:
        return
    first = next((i for i, weight in use.subject.set_weights() if weight > 0), None)
    start = use.analysis.starting_step or 0
    if first is not None and start <= first and (found.empty == "Error" or found.nan != "Successful"):
        yield Hit(use.subject.thing, use.path, f"{metric.name} is measured from the start, before setWeight {use.subject.steps[first].set_weight}")


@CHECKS.rollout(
    Diagnostic(
        "RS842",
        "error",
        "a background analysis that never starts",
        "startingStep counts from 0 and is reached while that step runs. Beyond the last step it never is: nothing is analysed, and nothing says so.",
        "Give the index of a step.",
        f"{ORDER}, reconcileBackgroundAnalysisRun",
    )
)
def never_starts(subject: Subject) -> Iterator[Hit]:
    """A startingStep beyond the steps."""
    analysis = subject.canary.analysis if subject.canary is not None else None
    start = analysis.starting_step if analysis is not None else None
    if start is not None and start > max(0, len(subject.steps) - 1):
        yield subject.hit(f"{CANARY}.analysis.startingStep", f"startingStep {start}, the last step is {len(subject.steps) - 1}")


@CHECKS.metric(
    Diagnostic(
        "RS843",
        "warning",
        "the background analysis is over before the update",
        "With a count the run ends after its last measurement and is not started again. The later steps, with more traffic, go on unwatched.",
        "Leave count out: the run ends with the update. Or use a larger count.",
        f"{ORDER}; utils/analysis, EffectiveCount",
    )
)
def over_too_soon(metric: MetricSubject) -> Iterator[Hit]:
    """Background metrics whose measurements end before the pauses do."""
    use = metric.use
    if use is None or not use.is_background or metric.length_s is None or metric.is_dry_run:
        return
    pauses = [use.subject.pause_s(i) for i in range(use.analysis.starting_step or 0, len(use.subject.steps))]
    known = sum(seconds for seconds in pauses if seconds is not None)
    if None in pauses or known > metric.length_s:
        steps = "the steps wait for a promote" if None in pauses else f"the pauses take {format_duration(known)}"
        yield metric.hit("count" if metric.tree.get("count") else "", f"its last look is after {format_duration(metric.length_s)}, {steps}")


@CHECKS.metric(
    Diagnostic(
        "RS844",
        "note",
        "failures add up for as long as the pause lasts",
        "A background analysis without a count never ends by itself, and failures are counted over the whole run, not in a row. In a pause without a "
        "duration a rare failed measurement now and then exceeds failureLimit in the end, and a good canary is aborted.",
        "Give the pause a duration, or a failureLimit that fits the longest wait.",
        "argo-rollouts analysis/analysis.go, assessMetricFailureInconclusiveOrError",
    )
)
def adding_up(metric: MetricSubject) -> Iterator[Hit]:
    """Endless background metrics beside a pause that waits for a promote."""
    use = metric.use
    if use is None or not use.is_background or metric.metric is None or metric.length_s is not None or metric.is_dry_run:
        return
    start = use.analysis.starting_step or 0
    waits = [i for i in range(start, len(use.subject.steps)) if use.subject.pause_s(i) is None]
    if waits and metric.metric.failure_limit >= 0:
        limit = metric.metric.failure_limit
        yield metric.hit(
            "failureLimit" if "failureLimit" in metric.tree else "", f"{limit + 1} failed in all abort, however long step {waits[0]} waits"
        )


@CHECKS.metric(
    Diagnostic(
        "RS845",
        "warning",
        "the analysis is over before traffic comes",
        "The first measurement is made at once. Right after a setWeight the window holds nothing of the new weight yet: the samples of two scrapes have to "
        "come first. An analysis that is over by then judges the time before.",
        "Put a pause before the analysis, give it an initialDelay, or more measurements.",
        "argo-rollouts analysis/analysis.go; Prometheus: rate()",
    )
)
def before_traffic(metric: MetricSubject) -> Iterator[Hit]:
    """Step analyses whose last look comes before two scrapes since the weight moved."""
    use = metric.use
    if use is None or use.step is None or metric.length_s is None or not metric.query_text:
        return
    waited = 0.0
    for i in range(use.step - 1, -1, -1):
        step, pause_s = use.subject.steps[i], use.subject.pause_s(i)
        if pause_s is None or step.analysis is not None or step.experiment is not None:
            return
        waited += pause_s
        if step.set_weight is not None:
            break
    else:
        return
    if waited + metric.length_s < 2 * metric.scrape_s:
        last = "its only look" if metric.length_s == 0 else "its last look"
        yield Hit(
            use.subject.thing, use.path, f"{metric.name}: {last} is {format_duration(waited + metric.length_s)} after setWeight {step.set_weight}"
        )


@CHECKS.metric(
    Diagnostic(
        "RS850",
        "warning",
        "a preview that nobody uses is measured",
        "Before the promotion only the preview Service leads to the new pods, and users do not use it. Rates of their requests are missing or NaN unless "
        "something sends some.",
        "Send requests in the analysis (a job, or web), or judge after the promotion.",
        "argo-rollouts rollout/analysis.go, reconcilePrePromotionAnalysisRun",
    )
)
def unused_preview(metric: MetricSubject) -> Iterator[Hit]:
    """Request rates of a preview, where nothing in the analysis sends requests."""
    use, query = metric.use, metric.query
    if use is None or query is None or not use.path.endswith("prePromotionAnalysis") or not query.functions & {"rate", "irate", "increase"}:
        return
    landscape = use.subject.landscape
    templates = [landscape.near(use.subject.thing, "AnalysisTemplate", ref.template_name) for ref in use.analysis.templates]
    providers = {
        key for t in templates if t is not None for i in range(len(t.list("spec.metrics"))) for key in t.mapping(f"spec.metrics[{i}].provider")
    }
    if not providers & {"job", "web", "plugin"}:
        yield metric.hit(metric.query_path, f"nothing sends requests to the preview of {use.subject.thing.name}")
