"""Rules on the objects that a Rollout refers to, in the controller's order (rollout/controller.go, validation_references.go; spec/validation.md 5).

First everything is fetched: Services, templates, Ingresses, VirtualServices, mappings, mesh resources. What is not there ends the pass; only then the
content is looked at, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.field_errors import Violation, invalid
from rolloutsim.manifest.objects import Rollout
from rolloutsim.manifest.rules import analysis, ingresses, meshes, virtual_services
from rolloutsim.manifest.rules.cluster import Cluster

Tree = Mapping[str, Any]
MANAGED_BY = "argo-rollouts.argoproj.io/managed-by-rollouts"
HASH_LABEL = "rollouts-pod-template-hash"
CORE = ""
"""The group of Kubernetes' first kinds: a Service of Knative is another thing."""
DEFAULT_NAMESPACE = "default"


def reference_violations(tree: Tree, rollout: Rollout, cluster: Cluster, templates: Templates) -> Iterator[Violation]:
    """Violations of the rules on the objects that a Rollout names; `rollout` is the same as `tree`, typed."""
    missing = list(_missing(tree, rollout, cluster, templates))
    yield from missing
    yield from _service_contents(tree, cluster)
    yield from analysis.clashing(rollout, templates)
    if tree["spec"].get("strategy", {}).get("canary", {}).get("trafficRouting") is not None:
        yield from ingresses.content_violations(tree, cluster)
        yield from virtual_services.content_violations(rollout, cluster)
        yield from meshes.content_violations(tree, cluster)


def _missing(tree: Tree, rollout: Rollout, cluster: Cluster, templates: Templates) -> Iterator[Violation]:
    namespace = namespace_of(tree)
    for field, name in service_references(tree["spec"]):
        if cluster.get("Service", name, namespace, CORE) is None:
            yield invalid(field, name, f'service "{name}" not found')
    yield from analysis.missing(rollout, templates)
    if tree["spec"].get("strategy", {}).get("canary", {}).get("trafficRouting") is not None:
        yield from ingresses.missing_violations(tree, cluster)
        yield from virtual_services.missing_violations(rollout, cluster)
        yield from meshes.missing_violations(tree, cluster)


def namespace_of(tree: Tree) -> str:
    """The namespace of an object, "" if it does not say."""
    return str((tree.get("metadata") or {}).get("namespace") or "")


def service_references(spec: Tree) -> list[tuple[str, str]]:
    """(YAML path, name) of every Service that the spec of a Rollout names, in the controller's order."""
    strategy: Tree = spec.get("strategy") or {}
    canary, blue_green = strategy.get("canary"), strategy.get("blueGreen")
    if blue_green is not None:
        found = [(f"spec.strategy.blueGreen.{key}", blue_green.get(key)) for key in ("activeService", "previewService")]
    else:
        canary = canary or {}
        found = [(f"spec.strategy.canary.{key}", canary.get(key)) for key in ("stableService", "canaryService")]
        ping_pong = canary.get("pingPong") or {}
        found += [(f"spec.strategy.canary.pingPong.{key}", ping_pong.get(key)) for key in ("pingService", "pongService")]
    return [(field, name) for field, name in found if name]


def _service_contents(tree: Tree, cluster: Cluster) -> Iterator[Violation]:
    labels: Tree = ((tree["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    for field, name in service_references(tree["spec"]):
        service = cluster.get("Service", name, namespace_of(tree), CORE)
        if service is None:
            continue
        selector: Tree = (service.get("spec") or {}).get("selector") or {}
        for key in sorted(selector):  # the real order is not certain
            if key != HASH_LABEL and labels.get(key) != selector[key]:
                yield invalid(field, name, f'Service "{name}" has unmatch label "{key}" in rollout')
        managed_by = ((service.get("metadata") or {}).get("annotations") or {}).get(MANAGED_BY)
        if managed_by is not None and managed_by != tree["metadata"]["name"]:
            yield invalid(field, name, f'Service "{name}" is managed by another Rollout')
