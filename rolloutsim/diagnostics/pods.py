"""How many pods there are during an update, and when a new one counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.control import defaults
from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.landscape import mappings
from rolloutsim.diagnostics.subject import BLUE_GREEN, CANARY, Subject

CHECKS = Checks.empty()
FENCEPOSTS = "argo-rollouts utils/replicaset/replicaset.go, resolveFenceposts"
HALF = 0.5


def _limits(subject: Subject) -> Iterator[tuple[str, Any]]:
    for path in (f"{CANARY}.maxSurge", f"{CANARY}.maxUnavailable", f"{BLUE_GREEN}.maxUnavailable"):
        if subject.thing.has(path):
            yield path, subject.thing.get(path)


@CHECKS.rollout(
    Diagnostic(
        "RS201",
        "warning",
        "a quoted number is a percentage",
        'Any text in maxSurge or maxUnavailable is read as a percentage, with or without the % sign: maxSurge: "3" is 3 % of the replicas, '
        'and maxUnavailable: "1" is 1 %, which rounds down to none.',
        "Take the quotes away, or write the % sign.",
        f"{FENCEPOSTS}; a recording of the real controller shows it",
    )
)
def quoted_number(subject: Subject) -> Iterator[Hit]:
    """Digits as text, without a percent sign."""
    for path, value in _limits(subject):
        if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            share = int(value) * subject.replicas
            pods = -(-share // 100) if path.endswith("maxSurge") else share // 100
            yield subject.hit(path, f'{path.rpartition(".")[2]}: "{value}" is {value} % of {subject.replicas}: {pods} pod{"s" if pods != 1 else ""}')


@CHECKS.rollout(
    Diagnostic(
        "RS202",
        "error",
        "this limit cannot be read and counts as 0",
        "The API server takes any text for maxSurge and maxUnavailable, and the controller reads what it cannot understand as 0.",
        "Write a whole number (1) or a percentage (25%).",
        "argo-rollouts utils/replicaset/replicaset.go, MaxSurge and MaxUnavailable",
    )
)
def unreadable_limit(subject: Subject) -> Iterator[Hit]:
    """Text that is neither a number nor a percentage, and negative numbers."""
    for path, value in _limits(subject):
        if isinstance(value, str) and not re.fullmatch(r"-?\d+%?", value):
            yield subject.hit(path, f"{value!r} is neither a number nor a percentage")
        elif (isinstance(value, int) and value < 0) or (isinstance(value, str) and value.startswith("-")):
            yield subject.hit(path, f"{value} is negative")


@CHECKS.rollout(
    Diagnostic(
        "RS203",
        "warning",
        "the surge doubles the pods at the peak",
        "maxSurge is a ceiling for all pods of an update together, and the controller uses it: at the peak there are replicas + maxSurge. "
        "A cluster without that room leaves new pods pending, and the update stands still.",
        "Lower maxSurge, or make sure that the nodes and quotas have the room.",
        FENCEPOSTS,
    )
)
def doubled_at_peak(subject: Subject) -> Iterator[Hit]:
    """A surge of at least the replicas, without a router."""
    surge = subject.surge_and_unavailable[0]
    if subject.is_basic and subject.replicas > 2 and surge >= subject.replicas:
        yield subject.hit(f"{CANARY}.maxSurge", f"up to {subject.replicas + surge} pods for {subject.replicas} replicas")


@CHECKS.rollout(
    Diagnostic(
        "RS204",
        "warning",
        "half of the pods may be missing during the update",
        "maxUnavailable lets the controller remove old pods before the new ones are ready, and it begins with that: the rest carries all requests "
        "until the new pods are available.",
        "Set maxUnavailable to 0 (with a maxSurge of at least 1), or to what the remaining pods can carry.",
        "argo-rollouts rollout/canary.go, reconcileCanaryReplicaSets: stable is resized before the canary",
    )
)
def capacity_given_away(subject: Subject) -> Iterator[Hit]:
    """maxUnavailable of half the replicas or more, without a router."""
    n, unavailable = subject.replicas, subject.surge_and_unavailable[1]
    path = f"{CANARY}.maxUnavailable"
    if subject.is_basic and n > 1 and subject.thing.has(path) and unavailable >= HALF * n:
        yield subject.hit(path, f"only {n - unavailable} of {n} pods are promised")


@CHECKS.rollout(
    Diagnostic(
        "RS205",
        "note",
        "a router makes maxSurge and maxUnavailable idle",
        "With trafficRouting the canary gets its pods in one go and stable keeps all of its own, so that up to twice the replicas exist; "
        "maxSurge and maxUnavailable do not limit that.",
        "Remove them; dynamicStableScale or setCanaryScale bound the pods with a router.",
        "argo-rollouts utils/replicaset/canary.go, CalculateReplicaCountsForTrafficRoutedCanary",
    )
)
def idle_limits(subject: Subject) -> Iterator[Hit]:
    """Limits beside a router."""
    if subject.is_routed and subject.thing.has(f"{CANARY}.maxSurge"):
        peak = subject.reachable.peak_pods if subject.reachable else 2 * subject.replicas
        yield subject.hit(f"{CANARY}.maxSurge", f"maxSurge does not hold with a router: up to {peak} pods")


@CHECKS.rollout(
    Diagnostic(
        "RS206",
        "error",
        "the progress deadline is over before a pod can be available",
        "A new pod counts when its readiness probe has passed and minReadySeconds are over. If that takes longer than progressDeadlineSeconds, "
        "the Rollout is Degraded (and with progressDeadlineAbort goes back) although nothing is wrong.",
        "Raise progressDeadlineSeconds well above initialDelaySeconds + minReadySeconds.",
        "argo-rollouts utils/conditions, RolloutTimedOut; Kubernetes: probes and minReadySeconds",
    )
)
def deadline_too_short(subject: Subject) -> Iterator[Hit]:
    """Delays of the probes plus minReadySeconds at or above the deadline."""
    deadline = defaults.progress_deadline_seconds(subject.spec)
    for path, container in subject.containers():
        needed = _earliest_ready_s(container) + subject.spec.min_ready_seconds
        if needed >= deadline > subject.spec.min_ready_seconds:
            at = "spec.progressDeadlineSeconds" if subject.thing.has("spec.progressDeadlineSeconds") else f"{path}.readinessProbe"
            yield subject.hit(at, f"a pod of {container.get('name')} takes at least {needed:g} s, the deadline is {deadline} s")
            return


@CHECKS.rollout(
    Diagnostic(
        "RS207",
        "warning",
        "the progress deadline is shorter than the start that its probe allows",
        "The startupProbe lets a container take failureThreshold x periodSeconds to start. A pod that uses that time overruns "
        "progressDeadlineSeconds, and the Rollout is Degraded although the pod is still allowed to start.",
        "Raise progressDeadlineSeconds above what the startupProbe allows, or tighten the probe.",
        "argo-rollouts utils/conditions, RolloutTimedOut; Kubernetes: startup probes",
    )
)
def deadline_below_startup(subject: Subject) -> Iterator[Hit]:
    """A startupProbe that allows more than the deadline."""
    deadline = defaults.progress_deadline_seconds(subject.spec)
    for path, container in subject.containers():
        probe = _mapping(container, "startupProbe")
        allowed = _seconds(probe, "initialDelaySeconds") + _seconds(probe, "failureThreshold", 3) * _seconds(probe, "periodSeconds", 10)
        if probe and allowed + subject.spec.min_ready_seconds > deadline:
            yield subject.hit(f"{path}.startupProbe", f"it allows {allowed:g} s, the deadline is {deadline} s")


@CHECKS.rollout(
    Diagnostic(
        "RS208",
        "note",
        "no readiness probe: a pod counts as soon as its process runs",
        "Without a readinessProbe (and with minReadySeconds 0) a new pod is available the moment its containers run. Steps go on, weights move and "
        "old pods are removed before the new version has answered anything.",
        "Add a readinessProbe to the container that serves.",
        "Kubernetes: pod readiness; argo-rollouts counts status.availableReplicas",
    )
)
def no_readiness_probe(subject: Subject) -> Iterator[Hit]:
    """No container has a readiness probe, and minReadySeconds is 0."""
    containers = list(subject.containers())
    if containers and subject.spec.min_ready_seconds == 0 and not any(_mapping(c, "readinessProbe") for _, c in containers):
        path = next((path for path, c in containers if c.get("ports")), containers[0][0])
        yield subject.hit(path, "no readinessProbe and no minReadySeconds")


@CHECKS.rollout(
    Diagnostic(
        "RS209",
        "warning",
        "a moving image tag",
        "A rollout begins when the pod template changes. Pushing a new image under the same tag changes nothing in the manifest, so no rollout "
        "happens, and pods that restart get the new image without any step.",
        "Use a tag that names the build, or a digest.",
        "Kubernetes: images; argo-rollouts compares pod templates",
    )
)
def moving_tag(subject: Subject) -> Iterator[Hit]:
    """`latest`, or no tag at all."""
    for path, container in subject.containers():
        image = container.get("image")
        if isinstance(image, str) and image and "@" not in image:
            _, colon, tag = image.rpartition("/")[2].partition(":")
            if not colon or tag == "latest":
                yield subject.hit(f"{path}.image", f"{image} has {'no tag' if not colon else 'the tag latest'}")


@CHECKS.rollout(
    Diagnostic(
        "RS210",
        "error",
        "a probe asks a port that the container does not name",
        "A probe that names a port needs a container port of that name; otherwise the kubelet refuses every probe and the pod is never ready.",
        "Name the port in the container's ports, or give the number.",
        "Kubernetes: probes",
    )
)
def unnamed_probe_port(subject: Subject) -> Iterator[Hit]:
    """A probe's port name without a port."""
    for path, container in subject.containers():
        names = {port["name"] for port in mappings(container.get("ports")) if isinstance(port.get("name"), str)}
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            for how in ("httpGet", "tcpSocket"):
                port = _mapping(_mapping(container, probe), how).get("port")
                if isinstance(port, str) and not port.isdigit() and port not in names:
                    known = ", ".join(sorted(names)) or "none"
                    yield subject.hit(f"{path}.{probe}.{how}.port", f"port {port!r} is not named (named: {known})")


@CHECKS.rollout(
    Diagnostic(
        "RS211",
        "error",
        "a progress threshold that is never reached",
        "replicaProgressThreshold says how much of a step's canary must be available. More than all of it never is, so no step is ever done.",
        "Give a percentage up to 100, or at most as many pods as the smallest step has.",
        "argo-rollouts utils/replicaset/canary.go, ReplicaProgressThresholdMet",
    )
)
def unreachable_threshold(subject: Subject) -> Iterator[Hit]:
    """A percentage above 100, or more pods than a step has."""
    threshold = subject.canary.replica_progress_threshold if subject.canary else None
    if threshold is None or subject.reachable is None:
        return
    sizes = [row.canary_pods for row in subject.reachable.rows if row.canary_pods] or [subject.replicas]
    path = f"{CANARY}.replicaProgressThreshold.value"
    if threshold.type == "Percent" and threshold.value > 100:
        yield subject.hit(path, f"{threshold.value} % of a step's pods")
    elif threshold.type != "Percent" and threshold.value > min(sizes):
        yield subject.hit(path, f"{threshold.value} pods, where the smallest step has {min(sizes)}")


def _mapping(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = tree.get(key)
    return value if isinstance(value, Mapping) else {}


def _seconds(tree: Mapping[str, Any], key: str, default: int = 0) -> int:
    value = tree.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _earliest_ready_s(container: Mapping[str, Any]) -> int:
    """The soonest that a container can be ready: its startup probe's delay, then its readiness probe's, counted from the container's start."""
    delays = [_seconds(_mapping(container, probe), "initialDelaySeconds") for probe in ("startupProbe", "readinessProbe")]
    return max(delays)
