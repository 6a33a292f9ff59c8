"""Arguments of an Experiment's analyses: `{{templates.T.podTemplateHash}}` and its like (utils/template/template.go, ResolveExperimentArgsValue)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rolloutsim.control.observed import Now
from rolloutsim.manifest.analysis import Argument
from rolloutsim.manifest.analysis_templates import TemplateError
from rolloutsim.manifest.experiment import Experiment
from rolloutsim.manifest.objects import ReplicaSet
from rolloutsim.quantities import parse_go_duration


def resolved_arguments(args: Iterable[Argument], experiment: Experiment, replica_sets: Mapping[str, ReplicaSet], now: Now) -> list[Argument]:
    """Arguments with what they say of the Experiment put in; TemplateError for a tag that nothing resolves."""
    values: dict[str, str] = {}
    at_s = experiment.status.available_at_s
    if at_s is not None:
        values["experiment.availableAt"] = _rfc3339(at_s, now)
        if experiment.spec.duration:
            try:
                values["experiment.finishedAt"] = _rfc3339(at_s + parse_go_duration(experiment.spec.duration), now)
            except ValueError as error:
                raise TemplateError(str(error)) from error
    for template in experiment.spec.templates:
        rs = replica_sets.get(f"{experiment.meta.name}-{template.name}")
        if rs is not None:
            values[f"templates.{template.name}.podTemplateHash"] = rs.pod_hash
            values[f"templates.{template.name}.replicaset.name"] = rs.meta.name
    return [Argument(arg.name, None if arg.value is None else _put_in(arg.value, values)) for arg in args]


def _put_in(text: str, values: Mapping[str, str]) -> str:
    unresolved: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        found = values.get(match[1].strip())
        if found is None:
            unresolved.append(match[1])
        return found or ""

    result = re.sub(r"\{\{(.*?)\}\}", replaced, text, flags=re.DOTALL)
    if unresolved:
        raise TemplateError(f"failed to resolve {{{{{unresolved[-1]}}}}}")
    return result


def _rfc3339(at_s: float, now: Now) -> str:
    """An instant as the controller would print it, counted from the default start of a scenario, 2026-01-01T00:00:00Z (a date is no clock)."""
    days, seconds = divmod(round(at_s + now.fraction_s), 86400)
    year, lengths = 2026, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    month = 0
    while days >= (length := lengths[month] + (month == 1 and year % 4 == 0)):
        days -= length
        year, month = (year + 1, 0) if month == 11 else (year, month + 1)
    return f"{year}-{month + 1:02d}-{days + 1:02d}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}Z"
