"""Digests of pod templates and steps, computed as the real controller does (utils/hash/hash.go): FNV-32a over Go's JSON of the pod template.

Go prints the fields of a struct in the order of its declaration (k8s.io/api/core/v1/types.go), maps by key, and fills in what the custom
resource's schema defaults (`protocol: TCP`). The tables below hold the structs that pod templates usually have; deeper ones keep the order in
which they are written, so their digest is stable but not the cluster's. Recording tutorial-canary: 86f6dfffd9 and 5f77b69544.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rolloutsim.manifest.objects import PodTemplate, Step

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"

_ORDER: dict[str, str] = {
    "podSpec": "volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy "
    "nodeSelector serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace "
    "securityContext imagePullSecrets hostname subdomain affinity schedulerName tolerations hostAliases priorityClassName priority dnsConfig "
    "readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead topologySpreadConstraints",
    "container": "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy volumeMounts volumeDevices "
    "livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin",
    "port": "name hostPort containerPort protocol hostIP",
    "env": "name value valueFrom",
    "resources": "limits requests claims",
    "probe": "exec httpGet tcpSocket grpc initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold terminationGracePeriodSeconds",
    "httpGet": "path port host scheme httpHeaders",
    "volumeMount": "name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr",
}
_INSIDE = {
    ("podSpec", "containers"): "container",
    ("podSpec", "initContainers"): "container",
    ("container", "ports"): "port",
    ("container", "env"): "env",
    ("container", "resources"): "resources",
    ("container", "livenessProbe"): "probe",
    ("container", "readinessProbe"): "probe",
    ("container", "startupProbe"): "probe",
    ("container", "volumeMounts"): "volumeMount",
    ("probe", "httpGet"): "httpGet",
}
_MAPS = frozenset({"limits", "requests", "nodeSelector", "matchLabels", "labels", "annotations"})


def _fnv32a(data: bytes) -> int:
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def safe_encode(number: int) -> str:
    """Decimal digits of a number in an alphabet without vowels (k8s.io/apimachinery/pkg/util/rand, SafeEncodeString)."""
    return "".join(ALPHABET[ord(digit) % len(ALPHABET)] for digit in str(number))


def _as_go(value: Any, struct: str = "") -> Any:
    """A JSON tree with the keys of each known struct in Go's order and its defaults filled in."""
    if isinstance(value, list | tuple):
        return [_as_go(item, struct) for item in value]
    if not isinstance(value, Mapping):
        return value
    tree = dict(value)
    if struct == "container":
        tree.setdefault("resources", {})
    if struct == "port":
        tree.setdefault("protocol", "TCP")
    order = _ORDER.get(struct, "").split()
    keys = [key for key in order if key in tree] + [key for key in tree if key not in order]
    return {
        key: dict(sorted(tree[key].items())) if key in _MAPS and isinstance(tree[key], Mapping) else _as_go(tree[key], _INSIDE.get((struct, key), ""))
        for key in keys
    }


def _go_json(tree: Any) -> str:
    text = json.dumps(tree, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@functools.lru_cache(maxsize=4096)
def _template_digest(template: PodTemplate, collision_count: int | None) -> str:
    metadata = {key: dict(sorted(tree.items())) for key, tree in (("labels", template.labels), ("annotations", template.annotations)) if tree}
    data = _go_json({"metadata": metadata, "spec": _as_go(template.spec, "podSpec")}).encode()
    if collision_count is not None:
        data += collision_count.to_bytes(4, "little") + bytes(4)
    return safe_encode(_fnv32a(data))


def pod_template_hash(template: PodTemplate, collision_count: int | None = None) -> str:
    """The `rollouts-pod-template-hash` of a template."""
    return _template_digest(template, collision_count)


@functools.lru_cache(maxsize=1024)
def _digest(text: str) -> str:
    return safe_encode(_fnv32a(text.encode()))


def step_hash(steps: tuple[Step, ...] | None) -> str:
    """`status.currentStepHash`, an own digest of the steps as written; blue-green (None) has none."""
    return "" if steps is None else _digest(_steps_text(steps))


@functools.lru_cache(maxsize=1024)
def _cached_text(steps: tuple[Step, ...]) -> str:
    return json.dumps([asdict(step) for step in steps], sort_keys=True)


def _steps_text(steps: tuple[Step, ...]) -> str:
    try:
        return _cached_text(steps)
    except TypeError:  # a step that holds a mapping (header route, experiment) is not hashable
        return json.dumps([asdict(step) for step in steps], sort_keys=True, default=dict)
