"""The anti-affinity that keeps a new version off the nodes of the stable one, put into the new ReplicaSet's template.

The pod hash does not know of it; but `undo` copies the template as it stands, rule included, and so makes another hash
(utils/replicaset/replicaset.go, GenerateReplicaSetAffinity).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import HASH_LABEL, PodTemplate, Rollout

PREFERRED, REQUIRED = "preferredDuringSchedulingIgnoredDuringExecution", "requiredDuringSchedulingIgnoredDuringExecution"


def with_anti_affinity(rollout: Rollout, template: PodTemplate, pod_hash: str) -> PodTemplate:
    """The template of a new ReplicaSet; unchanged without anti-affinity, on the first deploy, and for stable's own template."""
    asked, stable = _asked(rollout), rollout.status.stable_rs
    if not asked or stable in ("", pod_hash):
        return template
    term: dict[str, Any] = {
        "labelSelector": {"matchExpressions": [{"key": HASH_LABEL, "operator": "In", "values": [stable]}]},
        "namespaces": [rollout.meta.namespace],
        "topologyKey": "kubernetes.io/hostname",
    }
    key = _key(asked)
    rule = {"weight": asked[key].get("weight", 0), "podAffinityTerm": term} if key == PREFERRED else term
    affinity = template.spec.get("affinity") or {}
    against = affinity.get("podAntiAffinity") or {}
    return replace(template, spec={**template.spec, "affinity": {**affinity, "podAntiAffinity": {**against, key: [*(against.get(key) or ()), rule]}}})


def without_anti_affinity(rollout: Rollout, template: PodTemplate) -> PodTemplate:
    """A ReplicaSet's template without the rule that was put in, as it is compared with the Rollout's (RemoveInjectedAntiAffinityRule)."""
    asked, affinity = _asked(rollout), template.spec.get("affinity") or {}
    against = affinity.get("podAntiAffinity") or {}
    key = _key(asked) if asked else ""
    rules = list(against.get(key) or ())
    at = next((i for i, rule in enumerate(rules) if _is_injected(rule.get("podAffinityTerm", rule))), None)
    if at is None:
        return template
    against = _filled({**against, key: rules[:at] + rules[at + 1 :]})
    affinity = _filled({**affinity, "podAntiAffinity": against})
    return replace(template, spec=_filled({**template.spec, "affinity": affinity}, "affinity"))


def _asked(rollout: Rollout) -> Mapping[str, Any] | None:
    strategy = rollout.spec.strategy.canary or rollout.spec.strategy.blue_green
    return strategy.anti_affinity if strategy is not None else None


def _key(asked: Mapping[str, Any]) -> str:
    return PREFERRED if asked.get(PREFERRED) is not None else REQUIRED


def _is_injected(term: Mapping[str, Any]) -> bool:
    return any(expression.get("key") == HASH_LABEL for expression in (term.get("labelSelector") or {}).get("matchExpressions") or ())


def _filled(tree: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """A mapping without its empty members (of `keys`, if there are some)."""
    return {key: value for key, value in tree.items() if value or (keys and key not in keys)}
