"""AnalysisTemplates and what analyses give them: references, arguments, rules by metric name."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.landscape import Landscape, mappings
from rolloutsim.diagnostics.subject import Subject
from rolloutsim.manifest.analysis_metrics import fits_metric

CHECKS = Checks.empty()


@CHECKS.landscape(
    Diagnostic(
        "RS846",
        "note",
        "a template that nobody refers to",
        "No Rollout, Experiment or template among the manifests refers to this AnalysisTemplate. It may be used from elsewhere; often a reference was "
        "misspelt or forgotten.",
        "Refer to it, or remove it.",
        "argo-rollouts docs/features/analysis.md",
    )
)
def unreferenced(landscape: Landscape) -> Iterator[Hit]:
    """Namespaced templates without a reference, where there are Rollouts."""
    if not landscape.of_kind("Rollout"):
        return
    named = {name for thing in landscape.things for name in _template_names(thing.data)}
    for template in landscape.of_kind("AnalysisTemplate"):
        if template.name not in named:
            yield Hit(template, "metadata.name", f"nobody refers to {template.name}")


def _template_names(value: object) -> Iterator[str]:
    """Every templateName in a tree."""
    if isinstance(value, dict):
        if isinstance(value.get("templateName"), str):
            yield value["templateName"]
        for item in value.values():
            yield from _template_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _template_names(item)


@CHECKS.rollout(
    Diagnostic(
        "RS847",
        "warning",
        "an argument that no template takes",
        "Arguments whose name no template declares are dropped without a word. The template then runs with its default, or with something else.",
        "Declare the argument in the template's args, or correct its name.",
        "argo-rollouts utils/analysis/helpers.go, MergeArgs",
    )
)
def dropped_argument(subject: Subject) -> Iterator[Hit]:
    """Arguments that none of the analysis' templates declares."""
    for path, analysis in subject.analyses:
        declared = _declared(subject, [ref.template_name for ref in analysis.templates])
        for i, arg in enumerate(analysis.args) if declared is not None else ():
            if declared is not None and arg.name not in declared:
                yield subject.hit(f"{path}.args[{i}].name", f"{arg.name} is dropped; declared: {', '.join(sorted(declared)) or 'none'}")


def _declared(subject: Subject, names: list[str]) -> set[str] | None:
    """Arguments that some templates, and those that they refer to, declare; None if one is not among the manifests."""
    declared: set[str] = set()
    seen: set[str] = set()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        template = subject.landscape.near(subject.thing, "AnalysisTemplate", name) or subject.landscape.near(
            subject.thing, "ClusterAnalysisTemplate", name
        )
        if template is None:
            return None
        declared |= {str(arg.get("name")) for arg in mappings(template.get("spec.args"))}
        names += [str(ref.get("templateName")) for ref in mappings(template.get("spec.templates"))]
    return declared


@CHECKS.rollout(
    Diagnostic(
        "RS848",
        "warning",
        "an argument of nothing",
        "An argument with neither value nor valueFrom is the empty text, and it overrides the template's default.",
        "Give it a value, or remove it so that the default holds.",
        "argo-rollouts utils/analysis/factory.go, BuildArgumentsForRolloutAnalysisRun",
    )
)
def empty_argument(subject: Subject) -> Iterator[Hit]:
    """Arguments without value and valueFrom."""
    for path, analysis in subject.analyses:
        for i, arg in enumerate(analysis.args):
            if not arg.value and not arg.value_from:
                yield subject.hit(f"{path}.args[{i}]", f"{arg.name} is empty")


@CHECKS.rollout(
    Diagnostic(
        "RS849",
        "error",
        "an analysis without a template",
        "The API server takes an analysis with no templates. A step then has no run that could succeed: it waits until somebody promotes. In the "
        "background nothing is analysed.",
        "Name a template.",
        "argo-rollouts rollout/analysis.go; verdicts of the real controller",
    )
)
def no_template(subject: Subject) -> Iterator[Hit]:
    """Analyses with an empty list of templates."""
    for path, analysis in subject.analyses:
        if not analysis.templates:
            yield subject.hit(path, "no templates")


@CHECKS.rollout(
    Diagnostic(
        "RS851",
        "error",
        "a dry-run rule that fits no metric",
        "dryRun and measurementRetention name metrics by a regular expression. One that fits none, as * alone does not, puts the run into Error at once, "
        "and the update is aborted.",
        "Name a metric, or write .* for all.",
        "argo-rollouts utils/analysis/factory.go, GetDryRunMetrics; verdicts of the real controller",
    )
)
def idle_dry_run(subject: Subject) -> Iterator[Hit]:
    """Rules that fit no metric of the analysis."""
    for path, analysis in subject.analyses:
        templates = [subject.landscape.near(subject.thing, "AnalysisTemplate", ref.template_name) for ref in analysis.templates]
        if not templates or any(template is None or template.has("spec.templates") for template in templates):
            continue
        names = [template.text(f"spec.metrics[{i}].name") for template in templates if template for i in range(len(template.list("spec.metrics")))]
        rules = [(f"dryRun[{i}]", rule.metric_name) for i, rule in enumerate(analysis.dry_run)]
        rules += [(f"measurementRetention[{i}]", rule.metric_name) for i, rule in enumerate(analysis.measurement_retention)]
        for at, pattern in rules:
            if not any(fits_metric(pattern, name) for name in names):
                yield subject.hit(f"{path}.{at}.metricName", f"{pattern!r} fits none of {', '.join(names)}")
