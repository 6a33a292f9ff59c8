"""A Rollout that takes its pod template from a workload (rollout/templateref.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.manifest.rules.cluster import Cluster
from rolloutsim.manifest.rules.spec import has_template

Tree = Mapping[str, Any]
_KNOWN = {("", "PodTemplate"): "podtemplates", ("apps", "Deployment"): "deployments.apps", ("apps", "ReplicaSet"): "replicasets.apps"}


class WorkloadError(Exception):
    """A workload that cannot be used, in the controller's words."""


def resolved(rollout: Tree, cluster: Cluster) -> Tree:
    """The Rollout with the template, and if it has none the selector, of the workload that it refers to; WorkloadError if there is none."""
    spec: Tree = rollout["spec"]
    reference = spec.get("workloadRef")
    if reference is None:
        return rollout
    if has_template(spec):
        raise WorkloadError("template must be empty for workload reference rollout")
    group, kind, name = reference.get("apiVersion", "").rpartition("/")[0], reference.get("kind", ""), reference.get("name", "")
    if (group, kind) not in _KNOWN:
        raise WorkloadError(f"workload of type {group}/{kind} is not supported")
    namespace = str(rollout["metadata"].get("namespace") or "")
    workload = cluster.get(kind, name, namespace, group)
    if workload is None:
        raise WorkloadError(f'{_KNOWN[group, kind]} "{namespace or "default"}/{name}" not found')
    theirs: Tree = workload if kind == "PodTemplate" else workload.get("spec") or {}
    selector = {"selector": theirs["selector"]} if "selector" not in spec and theirs.get("selector") and kind != "PodTemplate" else {}
    own = {key: value for key, value in spec.items() if key != "workloadRef"}
    return {**rollout, "spec": {**own, "template": theirs.get("template") or {}, **selector}}
