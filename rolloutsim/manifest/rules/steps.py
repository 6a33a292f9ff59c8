"""Rules on a canary step (validation.go, ValidateRolloutStrategyCanary)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.manifest.field_errors import Violation, invalid, required
from rolloutsim.manifest.go_printing import Struct, printed
from rolloutsim.manifest.names import qualified_name_errors
from rolloutsim.manifest.rules.step_routes import header_violations, managed_violations, mirror_violations
from rolloutsim.quantities import pause_seconds

Tree = Mapping[str, Any]
STEP_RULE = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause"
_KINDS = ("experiment", "pause", "setWeight", "analysis", "setCanaryScale", "setHeaderRoute", "setMirrorRoute", "plugin")
_ALONE = _KINDS[:4]
"""Kinds of which a step may have one; the others may stand beside them, which nobody refuses."""
_WEIGHED_EXPERIMENTS = ("alb", "smi", "istio")


def step_violations(canary: Tree, step: Tree, i: int) -> Iterator[Violation]:
    """Rules of `spec.strategy.canary.steps[i]`."""
    field, path = f"spec.strategy.steps[{i}]", f"spec.strategy.canary.steps[{i}]"
    routing: Tree | None = canary.get("trafficRouting")
    if sum(kind in step for kind in _ALONE) > 1:
        yield invalid(field, _flags(step, _ALONE, there=True), STEP_RULE, path)
    if not any(kind in step for kind in _KINDS):
        yield invalid(field, _flags(step, _KINDS, there=False), STEP_RULE, path)
    most = (routing or {}).get("maxTrafficWeight", 100)
    if "setWeight" in step and not 0 <= step["setWeight"] <= most:
        yield invalid(f"{field}.setWeight", step["setWeight"], f"SetWeight needs to be between 0 and {most}", f"{path}.setWeight")
    seconds = pause_seconds(step.get("pause", {}).get("duration"))
    if seconds is not None and seconds < 0:
        yield invalid(f"{field}.pause.duration", seconds, "Duration needs to be greater than 0", f"{path}.pause.duration")
    if "setCanaryScale" in step and routing is None:
        yield required("spec.strategy.trafficRouting", "SetCanaryScale requires TrafficRouting to be set", f"{path}.setCanaryScale")
    yield from header_violations(step, routing, field, path)
    yield from mirror_violations(step, routing, field, path)
    yield from managed_violations(step, routing, field, path)
    yield from _experiment_weights(step, routing, field, path)
    yield from _arguments(step, field, path)


def _flags(step: Tree, kinds: Sequence[str], *, there: bool) -> str:
    return " ".join(f"step.{kind[0].upper()}{kind[1:]}: {printed((kind in step) == there)}" for kind in kinds)


def _experiment_weights(step: Tree, routing: Tree | None, field: str, path: str) -> Iterator[Violation]:
    for k, template in enumerate(step.get("experiment", {}).get("templates") or ()):
        below = f".experiment.templates[{k}].weight"
        if "weight" not in template:
            continue
        if routing is None:
            text = "Experiment template weight cannot be set unless TrafficRouting is enabled"
            yield invalid(field + below, template["weight"], text, path + below)
        elif not any(name in routing for name in _WEIGHED_EXPERIMENTS) and not routing.get("plugins"):
            text = "Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this time"
            yield invalid(field + below, template["weight"], text, path + below)


def _arguments(step: Tree, field: str, path: str) -> Iterator[Violation]:
    """Arguments that ask for metadata which the downward API does not have."""
    found: list[tuple[str, Tree]] = []
    for k, analysis in enumerate(step.get("experiment", {}).get("analyses") or ()):
        found += [(f"{path}.experiment.analyses[{k}].args[{n}]", arg) for n, arg in enumerate(analysis.get("args") or ())]
    found += [(f"{path}.analysis.args[{n}]", arg) for n, arg in enumerate(step.get("analysis", {}).get("args") or ())]
    for at, arg in found:
        field_path = arg.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath", "")
        if field_path.startswith("metadata") and not _is_downward(field_path):
            text = "Analyses arguments must refer to valid object metadata supported by downwardAPI"
            yield invalid(f"{field}.analyses", [_shown_argument(other) for _, other in found], text, f"{at}.valueFrom.fieldRef.fieldPath")


def _is_downward(path: str) -> bool:
    """Whether the downward API has a field of the metadata (kubernetes, pkg/fieldpath)."""
    subscript = re.fullmatch(r"(.*?)\['(.*)'\]", path, re.DOTALL)
    if subscript is None:
        return path in ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
    if subscript[1] == "metadata.annotations":
        return not qualified_name_errors(subscript[2].lower())
    return subscript[1] == "metadata.labels" and not qualified_name_errors(subscript[2])


def _shown_argument(arg: Tree) -> Struct:
    source = arg.get("valueFrom")
    shown = None if source is None else Struct.of(source, "podTemplateHashValue", "fieldRef")
    return Struct(name=arg["name"], **({"value": arg["value"]} if arg.get("value") else {}), **({} if shown is None else {"valueFrom": shown}))
