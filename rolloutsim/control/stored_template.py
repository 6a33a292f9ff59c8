"""A pod template as a ReplicaSet holds it: the API server fills in what was left out (pkg/apis/core/v1/defaults.go).

It matters where a template is taken from a ReplicaSet and hashed anew, as Experiments do: their pods' hash is not the Rollout's
(recording istio-experiment-weight: 8bbf54f79 beside 86f6dfffd9).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import PodTemplate

_POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def as_stored(template: PodTemplate) -> PodTemplate:
    """The template with the API server's defaults."""
    lists = {key: [_container(c) for c in template.spec[key]] for key in ("initContainers", "containers") if template.spec.get(key)}
    return replace(template, spec={**_POD, **template.spec, **lists})


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    image = str(container.get("image", ""))
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    pull = "IfNotPresent" if "@" in image or tag not in ("", "latest") else "Always"
    probes = {key: _probe(container[key]) for key in ("livenessProbe", "readinessProbe", "startupProbe") if container.get(key)}
    return {**_CONTAINER, "imagePullPolicy": pull, **container, **probes}


def _probe(probe: Mapping[str, Any]) -> dict[str, Any]:
    http = {"httpGet": {"path": "/", "scheme": "HTTP", **probe["httpGet"]}} if probe.get("httpGet") else {}
    return {**_PROBE, **probe, **http}
