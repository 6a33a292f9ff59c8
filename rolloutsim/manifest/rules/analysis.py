"""The controller's rules on the templates that a Rollout refers to (pkg/apis/rollouts/validation/validation_references.go; spec/validation.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rolloutsim.manifest.analysis import Argument, RolloutAnalysis
from rolloutsim.manifest.analysis_arguments import ArgumentError, arguments
from rolloutsim.manifest.analysis_metrics import MetricError, effective_count, substituted
from rolloutsim.manifest.analysis_templates import Template, TemplateError, TemplateMissing, Templates, run_spec
from rolloutsim.manifest.field_errors import Violation, invalid
from rolloutsim.manifest.objects import Rollout


class Asked(NamedTuple):
    """An analysis that a Rollout asks for: the field that holds its templates, and whether it runs in the background."""

    field: str
    analysis: RolloutAnalysis
    in_background: bool = False


def asked_for(rollout: Rollout) -> list[Asked]:
    """The analyses of a Rollout in the controller's order."""
    canary, blue_green = rollout.spec.strategy.canary, rollout.spec.strategy.blue_green
    found: list[Asked] = []
    if blue_green is not None:
        base = "spec.strategy.blueGreen"
        for name, analysis in (("pre", blue_green.pre_promotion_analysis), ("post", blue_green.post_promotion_analysis)):
            if analysis is not None:
                found.append(Asked(f"{base}.{name}PromotionAnalysis.templates", analysis))
    elif canary is not None:
        base = "spec.strategy.canary"
        steps = [(i, step.analysis) for i, step in enumerate(canary.steps) if step.analysis is not None]
        found = [Asked(f"{base}.steps[{i}].analysis.templates", analysis) for i, analysis in steps]
        if canary.analysis is not None:
            found.append(Asked(f"{base}.analysis.templates", canary.analysis, in_background=True))
    return found


def missing(rollout: Rollout, templates: Templates) -> Iterator[Violation]:
    """References to templates that are not there."""
    for asked in asked_for(rollout):
        try:
            templates.collected(asked.analysis.templates)
        except TemplateMissing as error:
            direct = error.reference in asked.analysis.templates
            yield invalid(asked.field if direct else "spec.templates", error.reference.template_name, str(error), asked.field)
        except TemplateError as error:
            yield invalid(asked.field, asked.analysis.templates[0].template_name, str(error))


def clashing(rollout: Rollout, templates: Templates) -> Iterator[Violation]:
    """Templates that do not fit together, or whose metrics would never end where they must (ValidateAnalysisTemplatesWithType)."""
    asked_analyses = asked_for(rollout)
    step_rules = [asked.analysis for asked in asked_analyses if ".steps[" in asked.field]
    for asked in asked_analyses:
        try:
            found = templates.collected(asked.analysis.templates)
        except TemplateError:
            continue
        args = _arguments(asked.analysis, rollout)
        value = f"templateNames: [{' '.join(template.meta.name for template in found)}]"
        try:
            run_spec(found, args)
            for other in step_rules:  # every step's rules are tried on every analysis's templates, as in the source
                run_spec(found, args, other.dry_run, other.measurement_retention)
        except TemplateError as error:
            yield invalid(asked.field, value, str(error))
            continue
        for template in found:
            words = _undeclared(template, rollout) if asked.in_background else _endless(template)
            yield from (invalid(asked.field, template.meta.name, text) for text in words)


def _arguments(analysis: RolloutAnalysis, rollout: Rollout) -> list[Argument]:
    try:
        return arguments(analysis.args, rollout, new_hash="", stable_hash="")
    except ArgumentError:  # only said when the run is created
        return [Argument(arg.name, "") for arg in analysis.args]


def _endless(template: Template) -> Iterator[str]:
    """A metric of a step, pre- or post-promotion analysis has to end by itself; its arguments have to be declared."""
    name, spec = template.meta.name, template.spec
    both = next((arg.name for arg in spec.args if arg.value is not None and arg.value_from is not None), None)
    if both is not None:
        yield f"AnalysisTemplate {name}: arg '{both}' has both Value and ValueFrom fields"
        return
    given = [replace(arg, value="dummy-value") if arg.value is None else arg for arg in spec.args]
    try:
        trees = substituted(spec.metrics, given)
    except MetricError as error:
        yield f"AnalysisTemplate {name}: {error}"
        return
    for tree in trees:
        if effective_count(tree) is None:
            count = "<nil>" if tree.get("count") is None else tree["count"]
            yield f"AnalysisTemplate {name} has metric {tree.get('name')} which runs indefinitely. Invalid value for count: {count}"


def _undeclared(template: Template, rollout: Rollout) -> Iterator[str]:
    """Arguments of a background analysis that neither the template nor the Rollout gives."""
    canary = rollout.spec.strategy.canary
    given = canary.analysis.args if canary is not None and canary.analysis is not None else ()
    for arg in template.spec.args:
        if arg.value is None and arg.value_from is None:
            if not given:
                yield "missing analysis arguments in rollout spec"
            elif all(other.name != arg.name for other in given):
                yield arg.name
