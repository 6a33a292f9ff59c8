"""What must fit between a scenario and a Rollout that takes its template from a Deployment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rolloutsim.manifest.bundle import Manifests
from rolloutsim.manifest.objects import Rollout

Refuse = Callable[[str, str, str, str], None]


def check_workload(manifests: Manifests, *, healthy: bool, refuse: Refuse) -> None:
    """Refuse a Deployment whose own pods would get requests: pods of Deployments are not simulated."""
    deployment = manifests.deployment
    if deployment is None or deployment.replicas == 0:
        return
    # The Services that the Rollout names select one hash once the controller has seen them; a Deployment's pods have no hash of it.
    pinned = _named_services(manifests.rollout) if healthy else set()
    labels = deployment.template.labels
    for service in manifests.services:
        if service.meta.name not in pinned and service.selector and service.selector.items() <= labels.items():
            name = deployment.meta.name
            found = f"Deployment {name} with {deployment.replicas} pods that Service {service.meta.name} sends requests to"
            rule = "pods of a Deployment are not simulated: with them every share would be another"
            refuse("spec.manifests", found, rule, f"Play the state after the migration: --set Deployment/{name}:spec.replicas=0.")


def check_workload_edit(patch: dict[str, Any], path: str, manifests: Manifests, refuse: Refuse) -> None:
    """Refuse an edit that would give the Rollout another template than its Deployment's."""
    spec = patch.get("spec")
    changed = sorted({"template", "workloadRef"} & set(spec)) if isinstance(spec, dict) else []
    if "workloadRef" in changed or (changed and manifests.deployment is not None):
        for key in changed:
            rule = "a Rollout that changes from or to a Deployment's template is not simulated"
            refuse(f"{path}.spec.{key}", key, rule, "Change the Deployment's image by setImage.")


def _named_services(rollout: Rollout) -> set[str]:
    canary, blue_green = rollout.spec.strategy.canary, rollout.spec.strategy.blue_green
    if blue_green is not None:
        return {blue_green.active_service, blue_green.preview_service}
    if canary is None:
        return set()
    pair = canary.ping_pong
    return {canary.stable_service, canary.canary_service, *((pair.ping_service, pair.pong_service) if pair is not None else ())}
