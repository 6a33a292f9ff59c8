"""Templates collected and merged into the spec of one run, in the controller's words when they do not fit together.

Source: rollout/analysis.go (getAnalysisTemplatesFromRefs), utils/analysis/helpers.go (FlattenTemplates, MergeArgs); spec/analysis.md 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from rolloutsim.manifest.analysis import (
    AnalysisTemplate,
    Argument,
    ClusterAnalysisTemplate,
    DryRun,
    MeasurementRetention,
    RunSpec,
    TemplateReference,
)

Template = AnalysisTemplate | ClusterAnalysisTemplate


class TemplateError(Exception):
    """Templates that do not make a run, in the controller's words."""


class TemplateMissing(TemplateError):
    """A template that is not there."""

    def __init__(self, reference: TemplateReference) -> None:
        kind = "ClusterAnalysisTemplate" if reference.cluster_scope else "AnalysisTemplate"
        super().__init__(f"{kind} '{reference.template_name}' not found")
        self.reference = reference


class Templates(NamedTuple):
    """The templates of a cluster by name."""

    namespaced: Mapping[str, AnalysisTemplate] = {}
    of_cluster: Mapping[str, ClusterAnalysisTemplate] = {}

    def collected(self, references: Iterable[TemplateReference]) -> list[Template]:
        """Referenced templates with those that they refer to, depth first and each once: the namespace's, then the cluster's.

        TemplateMissing for one that is not there; TemplateError for templates that refer to each other in a circle (the real controller
        does not come back from that).
        """
        found: list[Template] = []
        self._collect(references, (), found)
        once: dict[tuple[bool, str], Template] = {}
        for template in found:
            once.setdefault((isinstance(template, ClusterAnalysisTemplate), template.meta.name), template)
        return [once[key] for key in sorted(once, key=lambda key: key[0])]

    def _collect(self, references: Iterable[TemplateReference], above: tuple[TemplateReference, ...], found: list[Template]) -> None:
        for reference in references:
            if reference in above:
                raise TemplateError(f"templates refer to each other in a circle at '{reference.template_name}'")
            known: Mapping[str, Template] = self.of_cluster if reference.cluster_scope else self.namespaced
            template = known.get(reference.template_name)
            if template is None:
                raise TemplateMissing(reference)
            found.append(template)
            self._collect(template.spec.templates, (*above, reference), found)


def run_spec(
    templates: Sequence[Template],
    args: Iterable[Argument],
    dry_run: Sequence[DryRun] = (),
    retention: Sequence[MeasurementRetention] = (),
) -> RunSpec:
    """The spec of a run of some templates with arguments and rules from outside (NewAnalysisRunFromTemplates); TemplateError if they clash."""
    metrics = tuple(metric for template in templates for metric in template.spec.metrics)
    _refuse_twice([str(metric.get("name", "")) for metric in metrics], "two metrics have the same name '{}'")
    own_dry_run = [rule for template in templates for rule in template.spec.dry_run]
    own_retention = [rule for template in templates for rule in template.spec.measurement_retention]
    dry_text, retention_text = (f"two {kind} metric rules have the same name '{{}}'" for kind in ("Dry-Run", "Measurement Retention"))
    _refuse_twice([rule.metric_name for rule in own_dry_run], dry_text)
    _refuse_twice([rule.metric_name for rule in own_retention], retention_text)
    merged = _merged(args, _flattened(argument for template in templates for argument in template.spec.args))
    _refuse_twice([rule.metric_name for rule in (*dry_run, *own_dry_run)], dry_text)
    _refuse_twice([rule.metric_name for rule in (*retention, *own_retention)], retention_text)
    return RunSpec(metrics, merged, (*dry_run, *own_dry_run), (*retention, *own_retention))


def _refuse_twice(names: Sequence[str], text: str) -> None:
    for i, name in enumerate(names):
        if name in names[:i]:
            raise TemplateError(text.format(name))


def _flattened(arguments: Iterable[Argument]) -> list[Argument]:
    """Arguments of several templates: a value stands against a later absence, a different value clashes (flattenArgs)."""
    found: dict[str, Argument] = {}
    for argument in arguments:
        before = found.get(argument.name)
        if before is not None and before.value is not None and argument.value is not None and before.value != argument.value:
            text = f"Argument `{argument.name}` specified multiple times with different values: '{before.value}', '{argument.value}'"
            raise TemplateError(text)
        if before is None or before.value is None:
            found[argument.name] = argument
    return list(found.values())


def _merged(incoming: Iterable[Argument], declared: Sequence[Argument]) -> tuple[Argument, ...]:
    """Declared arguments with the incoming values; what nobody declared is dropped, what nobody gave is an error (MergeArgs)."""
    merged = {argument.name: argument for argument in declared}
    for argument in incoming:
        if argument.name in merged:
            if argument.value is not None:
                merged[argument.name] = replace(merged[argument.name], value=argument.value)
            elif argument.value_from is not None:
                merged[argument.name] = replace(merged[argument.name], value_from=argument.value_from)
    for argument in merged.values():
        if argument.value is None and argument.value_from is None:
            raise TemplateError(f"args.{argument.name} was not resolved")
    return tuple(merged.values())
