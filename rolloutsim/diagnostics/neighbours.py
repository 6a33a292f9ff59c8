"""What stands beside a Rollout and acts on its pods: autoscalers, disruption budgets, quotas, twins and volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolloutsim.answers.reachable import reachable
from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.landscape import Landscape, fits
from rolloutsim.diagnostics.subject import Subject
from rolloutsim.quantities import scaled

CHECKS = Checks.empty()
MIN_KEYS = {"HorizontalPodAutoscaler": "spec.minReplicas", "ScaledObject": "spec.minReplicaCount"}


@CHECKS.rollout(
    Diagnostic(
        "RS701",
        "warning",
        "replicas in the manifest beside an autoscaler",
        "The autoscaler writes spec.replicas. A manifest that has it too sets it back with every apply: in the middle of an update pods are taken away "
        "or added, and the shares change.",
        "Remove spec.replicas from the manifest.",
        "Kubernetes: HorizontalPodAutoscaler, migrating from spec.replicas",
    )
)
def replicas_beside_autoscaler(subject: Subject) -> Iterator[Hit]:
    """spec.replicas of a Rollout that an autoscaler targets."""
    scaler = subject.autoscaler
    if scaler is not None and subject.spec.replicas is not None:
        yield subject.hit("spec.replicas", f"replicas {subject.spec.replicas}, while {scaler.kind} {scaler.name} sets it")


@CHECKS.rollout(
    Diagnostic(
        "RS702",
        "warning",
        "at the autoscaler's minimum the weights are out of reach",
        "Without a router the share is made of whole pods, and the autoscaler decides how many there are. At night, at minReplicas, the same steps "
        "give other shares than by day.",
        "Raise minReplicas to what the weights need, or use a router.",
        "argo-rollouts utils/replicaset/canary.go",
    )
)
def missed_at_minimum(subject: Subject) -> Iterator[Hit]:
    """Weights that minReplicas pods cannot make, though the manifest's replicas can."""
    scaler = subject.autoscaler
    if scaler is None or not subject.is_basic:
        return
    path = MIN_KEYS[scaler.kind]
    fewest = scaler.number(path)
    fewest = 1 if fewest is None else fewest
    at_minimum = reachable(subject.with_replicas(fewest), subject.tolerance_pp) if 0 < fewest else None
    if at_minimum is not None and at_minimum.missed:
        row = at_minimum.missed[0]
        pods = f"{row.canary_pods} of {row.canary_pods + row.stable_pods} pods"
        message = f"with {fewest} replicas setWeight {row.set_weight_percent:g} is {row.share_percent:.0f} % ({pods})"
        yield Hit(scaler, path, f"{message}; {at_minimum.smallest_replicas} replicas reach all weights")


@CHECKS.rollout(
    Diagnostic(
        "RS703",
        "note",
        "an autoscaler is in play",
        "It changes the replicas during an update: sizes are computed anew at once, and the pass that does so skips traffic routing. What follows from "
        "that is not predicted here.",
        "Read the figures as those of a quiet hour.",
        "argo-rollouts rollout/sync.go, syncReplicasOnly",
    )
)
def autoscaler(subject: Subject) -> Iterator[Hit]:
    """A Rollout with an autoscaler."""
    scaler = subject.autoscaler
    if scaler is not None:
        yield Hit(scaler, "spec.scaleTargetRef", f"{scaler.kind} {scaler.name} sizes Rollout {subject.thing.name}")


@CHECKS.landscape(
    Diagnostic(
        "RS704",
        "error",
        "an autoscaler that does not find its Rollout",
        "scaleTargetRef needs kind Rollout and apiVersion argoproj.io/v1alpha1. With kind Deployment, or another group, the autoscaler finds nothing and "
        "the Rollout keeps its size.",
        "Write apiVersion: argoproj.io/v1alpha1 and kind: Rollout.",
        "Kubernetes: HorizontalPodAutoscaler, scaleTargetRef",
    )
)
def wrong_target(landscape: Landscape) -> Iterator[Hit]:
    """Autoscalers that name a Rollout by another kind or group."""
    for scaler in landscape.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
        target = scaler.mapping("spec.scaleTargetRef")
        name, kind, version = (str(target.get(key) or "") for key in ("name", "kind", "apiVersion"))
        rollout = landscape.near(scaler, "Rollout", name)
        if rollout is None or (kind and landscape.near(scaler, kind, name) not in (None, rollout)):
            continue
        wrong = kind != "Rollout" or (version != "argoproj.io/v1alpha1" and (version or scaler.kind == "ScaledObject"))
        if wrong or not version:
            at = "spec.scaleTargetRef.kind" if kind != "Rollout" and kind else "spec.scaleTargetRef"
            yield Hit(scaler, at, f"{scaler.name} targets {version or 'no apiVersion'} {kind or 'no kind'} {name}, which is a Rollout")


@CHECKS.rollout(
    Diagnostic(
        "RS705",
        "warning",
        "a disruption budget that allows nothing",
        "A PodDisruptionBudget that needs all pods refuses every eviction: nodes cannot be drained, and a restart of the Rollout never gets further "
        "than its first pod. It does not protect an update: the controller scales, it does not evict.",
        "Allow at least one: maxUnavailable: 1.",
        "Kubernetes: PodDisruptionBudget; argo-rollouts rollout/restart.go",
    )
)
def tight_budget(subject: Subject) -> Iterator[Hit]:
    """Budgets that leave no pod to evict."""
    for budget in subject.landscape.of_kind("PodDisruptionBudget"):
        selector = budget.mapping("spec.selector.matchLabels")
        if not selector or not budget.sees(subject.thing) or not fits(selector, subject.labels):
            continue
        n = subject.replicas
        least, most = budget.get("spec.minAvailable"), budget.get("spec.maxUnavailable")
        if isinstance(most, int | str) and not isinstance(most, bool) and n and scaled(most, n, up=True) == 0:
            yield Hit(budget, "spec.maxUnavailable", f"{budget.name} allows none of {n} pods to be evicted")
        elif isinstance(least, int | str) and not isinstance(least, bool) and n and scaled(least, n, up=True) >= n:
            yield Hit(budget, "spec.minAvailable", f"{budget.name} needs {least} of {n} pods")


@CHECKS.rollout(
    Diagnostic(
        "RS706",
        "error",
        "the quota has no room for an update",
        "At the peak of an update there are more pods than replicas: up to twice as many with a router or in blue-green. Pods beyond the quota are not "
        "created, and the update stands still.",
        "Raise the quota above the peak, or lower the peak (maxSurge, dynamicStableScale, previewReplicaCount).",
        "Kubernetes: ResourceQuota",
    )
)
def no_room(subject: Subject) -> Iterator[Hit]:
    """A quota of pods below the peak."""
    peak = subject.reachable.peak_pods if subject.reachable else 2 * subject.replicas
    for quota in subject.landscape.of_kind("ResourceQuota"):
        for key in ("pods", "count/pods"):
            limit = quota.mapping("spec.hard").get(key)
            room = int(limit) if isinstance(limit, int) or (isinstance(limit, str) and limit.isdigit()) else None
            if room is not None and quota.sees(subject.thing) and room < peak:
                yield Hit(quota, f"spec.hard.{key}", f"{room} pods, where an update of {subject.thing.name} has {peak} at its peak")


@CHECKS.rollout(
    Diagnostic(
        "RS707",
        "error",
        "a Deployment with the same pods",
        "A Deployment whose pods have the Rollout's labels runs beside it: the Services send requests to both, the share of the canary is diluted, and "
        "the Deployment's pods never change. It is often left over from the migration.",
        "Delete the Deployment, scale it to 0, or refer to it by workloadRef with scaleDown: onsuccess.",
        "argo-rollouts docs/migrating.md",
    )
)
def twin(subject: Subject) -> Iterator[Hit]:
    """Deployments whose pods the Rollout's selector fits."""
    selector = subject.thing.mapping("spec.selector.matchLabels")
    for deployment in subject.landscape.of_kind("Deployment"):
        if not selector or not deployment.sees(subject.thing) or deployment.number("spec.replicas") == 0:
            continue
        if deployment is subject.workload:
            if subject.thing.text("spec.workloadRef.scaleDown") in ("", "never"):
                yield subject.hit("spec.workloadRef", f"Deployment {deployment.name} keeps its pods beside the Rollout's (scaleDown is never)")
        elif fits(selector, deployment.pod_labels):
            yield Hit(
                deployment, "spec.template.metadata.labels", f"pods of Deployment {deployment.name} have the labels of Rollout {subject.thing.name}"
            )


@CHECKS.landscape(
    Diagnostic(
        "RS708",
        "warning",
        "two Rollouts with the same pods",
        "Services and disruption budgets select by label. Pods of two Rollouts with the same labels mix: each Service sends requests to both.",
        "Give each Rollout a label of its own, in selector and template.",
        "Kubernetes: labels and selectors",
    )
)
def same_labels(landscape: Landscape) -> Iterator[Hit]:
    """Rollouts whose selector fits the pods of another one."""
    rollouts = landscape.of_kind("Rollout")
    for i, rollout in enumerate(rollouts):
        selector = rollout.mapping("spec.selector.matchLabels")
        for other in rollouts[:i] if selector else ():
            if rollout.sees(other) and other.pod_labels and fits(selector, other.pod_labels):
                yield Hit(rollout, "spec.selector", f"{rollout.name} selects the pods of {other.name} too")
                break


@CHECKS.rollout(
    Diagnostic(
        "RS709",
        "warning",
        "a volume that only one node can mount",
        "During an update old and new pods run side by side, mostly on several nodes. A ReadWriteOnce volume is mounted on one node: new pods elsewhere "
        "stay pending until the old ones are gone, and those wait for the new ones.",
        "Use a ReadWriteMany volume, or keep the state elsewhere.",
        "Kubernetes: persistent volumes, access modes",
    )
)
def single_mount(subject: Subject) -> Iterator[Hit]:
    """Claims among the manifests that are ReadWriteOnce."""
    for i in range(len(subject.thing.list("spec.template.spec.volumes"))):
        claim = subject.thing.text(f"spec.template.spec.volumes[{i}].persistentVolumeClaim.claimName")
        found = subject.landscape.near(subject.thing, "PersistentVolumeClaim", claim) if claim else None
        modes = found.texts("spec.accessModes") if found is not None else ()
        if modes and set(modes) <= {"ReadWriteOnce", "ReadWriteOncePod"}:
            yield subject.hit(f"spec.template.spec.volumes[{i}].persistentVolumeClaim", f"claim {claim} is {', '.join(modes)}")


@CHECKS.rollout(
    Diagnostic(
        "RS710",
        "warning",
        "a port of the node",
        "hostPort (and hostNetwork) let one pod a node use the port. The extra pods of an update need as many more nodes, or stay pending.",
        "Remove hostPort and hostNetwork, or allow no surge (maxSurge: 0).",
        "Kubernetes: configuration best practices",
    )
)
def host_port(subject: Subject) -> Iterator[Hit]:
    """Ports of the node while pods surge."""
    if subject.is_basic and subject.surge_and_unavailable[0] == 0:
        return
    if subject.pods.get("hostNetwork") is True:
        yield subject.hit("spec.template.spec.hostNetwork", "hostNetwork: true")
        return
    for path, container in subject.containers():
        ports = container.get("ports")
        for k, port in enumerate(ports if isinstance(ports, list) else ()):
            if isinstance(port, Mapping) and port.get("hostPort"):
                yield subject.hit(f"{path}.ports[{k}].hostPort", f"hostPort {port['hostPort']}")


@CHECKS.landscape(
    Diagnostic(
        "RS711",
        "warning",
        "the same object twice",
        "Two documents describe the same object. Applied together the last one wins, and what the first one said is lost.",
        "Keep one of them.",
        "Kubernetes: kubectl apply",
    )
)
def twice(landscape: Landscape) -> Iterator[Hit]:
    """Objects of the same kind, namespace and name."""
    for thing in landscape.overwritten:
        yield Hit(thing, "metadata.name", f"another {thing.kind} {thing.name} comes later")
