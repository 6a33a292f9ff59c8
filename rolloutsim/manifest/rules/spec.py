"""Rules on the spec of a Rollout that hold for every strategy (validation.go, ValidateRolloutSpec)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, internal, invalid, not_negative, required
from rolloutsim.manifest.go_printing import Struct
from rolloutsim.manifest.names import selector_violations
from rolloutsim.manifest.rules.blue_green import blue_green_violations
from rolloutsim.manifest.rules.canary import canary_violations
from rolloutsim.manifest.rules.pod_template import pod_template_violations

Tree = Mapping[str, Any]
HISTORY_LIMIT, PROGRESS_DEADLINE_S = 10, 600
_MISSING = "Rollout has missing field '{}'"


def spec_violations(rollout: Tree) -> Iterator[Violation]:
    """Violations of the rules on the Rollout alone, in evaluation order."""
    spec: Tree = rollout["spec"]
    yield from not_negative("spec.replicas", spec.get("replicas", 1))
    selector, workload = spec.get("selector"), spec.get("workloadRef")
    wrong_selector = False
    if workload is None and selector is None:
        yield required("spec.selector", _MISSING.format(".spec.selector"), "spec")
    elif selector is not None:
        found = list(selector_violations(selector, "spec.selector"))
        wrong_selector = bool(found)
        if workload is None:
            yield from found
            if not selector.get("matchLabels") and not selector.get("matchExpressions"):
                yield invalid("spec.selector", {}, "empty selector is invalid for deployment")
    if workload is not None and has_template(spec):
        yield internal("spec.template", "template must be empty for workload reference rollout")
    if wrong_selector:
        yield invalid("spec.selector", _shown_selector(selector or {}), "invalid label selector")
    elif workload is None:
        yield from pod_template_violations(spec.get("template") or {}, selector or {}, "spec.template")
    yield from not_negative("spec.minReadySeconds", spec.get("minReadySeconds", 0))
    yield from not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit", HISTORY_LIMIT))
    deadline = spec.get("progressDeadlineSeconds", PROGRESS_DEADLINE_S)
    yield from not_negative("spec.progressDeadlineSeconds", deadline)
    if deadline <= spec.get("minReadySeconds", 0):
        at = "spec.progressDeadlineSeconds" if "progressDeadlineSeconds" in spec else "spec.minReadySeconds"
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds", at)
    yield from _strategy_violations(spec)


def has_template(spec: Tree) -> bool:
    """Whether the Rollout has a template of its own: labels or annotations are what is looked at (RolloutSpec.EmptyTemplate)."""
    meta = (spec.get("template") or {}).get("metadata") or {}
    return bool(meta.get("labels") or meta.get("annotations"))


def _shown_selector(selector: Tree) -> Struct:
    expressions = [Struct.of(expression, "key", "operator", "values") for expression in selector.get("matchExpressions") or ()]
    return Struct(matchLabels=selector.get("matchLabels") or {}, matchExpressions=expressions)


def _strategy_violations(spec: Tree) -> Iterator[Violation]:
    strategy: Tree = spec.get("strategy") or {}
    canary, blue_green = strategy.get("canary"), strategy.get("blueGreen")
    field = "spec.strategy.strategy"
    if canary is None and blue_green is None:
        yield required(field, _MISSING.format(".spec.strategy.canary or .spec.strategy.blueGreen"), "spec.strategy")
    elif canary is not None and blue_green is not None:
        yield invalid(field, "blueGreen: true canary: true", "Multiple Strategies can not be listed", "spec.strategy")
    elif blue_green is not None:
        yield from blue_green_violations(blue_green, spec.get("revisionHistoryLimit", HISTORY_LIMIT))
    elif canary is not None:
        yield from canary_violations(canary)
