"""A Rollout as the API's JSON, so far as a path of an argument may lead: what is empty or zero there is left out (pkg/apis/rollouts/v1alpha1)."""

from __future__ import annotations

from typing import Any

from rolloutsim.manifest.merge_patch import to_json
from rolloutsim.manifest.objects import Rollout, RolloutStatus, WeightDestination
from rolloutsim.manifest.step_plugins import StepPluginStatus

_OMITTED_IF_ZERO = frozenset(
    [
        "paused",
        "minReadySeconds",
        "progressDeadlineAbort",
        "revisions",
        "autoPromotionSeconds",
        "dynamicStableScale",
        "matchTrafficWeight",
        "previewService",
    ]
)
"""Fields of the spec that are no pointers in Go."""


def rollout_json(rollout: Rollout) -> dict[str, Any]:
    """The whole object; its metadata are read elsewhere, as the downward API reads them."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": rollout.meta.name, "namespace": rollout.meta.namespace},
        "spec": _without_zeros(to_json(rollout.spec)),
        "status": _status(rollout.status),
    }


def _without_zeros(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _without_zeros(item) for key, item in tree.items() if item or key not in _OMITTED_IF_ZERO}
    return [_without_zeros(item) for item in tree] if isinstance(tree, list) else tree


def _status(status: RolloutStatus) -> dict[str, Any]:
    weights = status.weights
    pointers = {"currentStepIndex": status.current_step_index, "collisionCount": status.collision_count}
    plain = {
        "phase": status.phase,
        "message": status.message,
        "observedGeneration": str(status.observed_generation or ""),
        "currentStepHash": status.current_step_hash,
        "currentPodHash": status.current_pod_hash,
        "stableRS": status.stable_rs,
        "abort": status.abort,
        "promoteFull": status.promote_full,
        "controllerPause": status.controller_pause,
        "pauseConditions": [{"reason": condition.reason} for condition in status.pause_conditions],
        "conditions": [{"type": c.type, "status": c.status, "reason": c.reason, "message": c.message} for c in status.conditions],
        "replicas": status.replicas,
        "updatedReplicas": status.updated_replicas,
        "readyReplicas": status.ready_replicas,
        "availableReplicas": status.available_replicas,
        "HPAReplicas": status.hpa_replicas,
        "blueGreen": {
            "activeSelector": status.active_selector or None,
            "previewSelector": status.preview_selector or None,
            "scaleUpPreviewCheckPoint": status.scale_up_preview_check_point or None,
        },
        "canary": {
            "currentExperiment": status.current_experiment or None,
            "stablePingPong": status.stable_ping_pong or None,
            "stepPluginStatuses": [_plugin_status(entry) for entry in status.step_plugins] or None,
            "weights": None if weights is None else {"canary": _destination(weights.canary), "stable": _destination(weights.stable)},
        },
    }
    return {key: value for key, value in plain.items() if value} | {key: value for key, value in pointers.items() if value is not None}


def _plugin_status(entry: StepPluginStatus) -> dict[str, Any]:
    """Without its times, as conditions are."""
    others = {"phase": entry.phase, "message": entry.message, "executions": entry.executions, "disabled": entry.disabled}
    return {"index": entry.index, "name": entry.name, "operation": entry.operation, **{key: value for key, value in others.items() if value}}


def _destination(destination: WeightDestination) -> dict[str, Any]:
    named = {"podTemplateHash": destination.pod_template_hash, "serviceName": destination.service_name}
    return {"weight": destination.weight, **{key: value for key, value in named.items() if value}}
