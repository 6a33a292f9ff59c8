"""The anti-affinity that keeps a new version off the nodes of the stable one, put into the new ReplicaSet's template.

The pod hash does not know of it; but `undo` copies the template as it stands, rule included, and so makes another hash
(utils/replicaset/replicaset.go, GenerateReplicaSetAffinity).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import HASH_LABEL, PodTemplate, Rollout


def with_anti_affinity(rollout: Rollout, template: PodTemplate, pod_hash: str) -> PodTemplate:
    """The template of a new ReplicaSet; unchanged without anti-affinity, on the first deploy, and for stable's own template."""
    canary, blue_green = rollout.spec.strategy.canary, rollout.spec.strategy.blue_green
    asked = canary.anti_affinity if canary is not None else blue_green.anti_affinity if blue_green is not None else None
    stable = rollout.status.stable_rs
    if not asked or stable in ("", pod_hash):
        return template
    term: dict[str, Any] = {
        "labelSelector": {"matchExpressions": [{"key": HASH_LABEL, "operator": "In", "values": [stable]}]},
        "namespaces": [rollout.meta.namespace],
        "topologyKey": "kubernetes.io/hostname",
    }
    preferred: Mapping[str, Any] | None = asked.get("preferredDuringSchedulingIgnoredDuringExecution")
    key = "preferredDuringSchedulingIgnoredDuringExecution" if preferred is not None else "requiredDuringSchedulingIgnoredDuringExecution"
    rule = {"weight": preferred.get("weight", 0), "podAffinityTerm": term} if preferred is not None else term
    affinity = template.spec.get("affinity") or {}
    against = affinity.get("podAntiAffinity") or {}
    return replace(template, spec={**template.spec, "affinity": {**affinity, "podAntiAffinity": {**against, key: [*(against.get(key) or ()), rule]}}})
