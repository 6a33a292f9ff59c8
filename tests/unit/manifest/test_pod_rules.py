"""Kubernetes' rules on the pod template of a Rollout, one a case: what is changed in a good template, and the controller's first words.

The words are those of kubernetes v1.34, pkg/apis/core/validation and apimachinery, pkg/util/validation.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from rolloutsim.manifest.documents import Document
from rolloutsim.manifest.resource_quantity import Quantity
from rolloutsim.manifest.verdict import verdict

CONTAINER: dict[str, Any] = {
    "name": "app",
    "image": "app:v1",
    "ports": [{"name": "http", "containerPort": 8080}],
    "env": [{"name": "A", "value": "b"}, {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
    "envFrom": [{"secretRef": {"name": "s"}}],
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": 1, "memory": "1Gi"}},
    "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "timeoutSeconds": 0},
    "livenessProbe": {"tcpSocket": {"port": 8080}},
    "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
}
SPEC: dict[str, Any] = {
    "containers": [CONTAINER],
    "initContainers": [{"name": "init", "image": "init:v1"}, {"name": "side", "image": "side:v1", "restartPolicy": "Always", "startupProbe": {"grpc": {"port": 1}}}],
    "volumes": [{"name": "data"}, {"name": "conf", "configMap": {"name": "c"}}, {"name": "host", "hostPath": {"path": "/x", "type": "File"}}],
    "tolerations": [{"operator": "Exists"}, {"key": "a", "value": "b", "effect": "NoExecute", "tolerationSeconds": 5}],
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    "nodeSelector": {"disk": "ssd"},
    "serviceAccountName": "app",
    "dnsPolicy": "Default",
}  # fmt: skip


def words_of(spec: Any) -> str | None:
    template = {"metadata": {"labels": {"app": "app"}}, "spec": spec}
    tree = {"selector": {"matchLabels": {"app": "app"}}, "strategy": {"canary": {}}, "template": template}
    rollout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "app"}, "spec": tree}
    found = verdict([Document("app.yaml", rollout)])
    assert found.word in ("accepted", "invalid"), found.objects[0].api
    invalid = found.rollouts[0].invalid
    return None if invalid is None else invalid.removeprefix('The Rollout "app" is invalid: spec.template.spec.')


def changed(path: str, value: Any) -> dict[str, Any]:
    tree = copy.deepcopy(SPEC)
    at: Any = tree
    *above, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in above:
        at = at[part]
    if value is None:
        del at[last]
    elif isinstance(at, list) and last == len(at):
        at.append(value)
    else:
        at[last] = value
    return tree


PORT_RANGE = "must be between 1 and 65535, inclusive"
CASES: list[tuple[str, Any, str]] = [
    ("containers", [], "containers: Required value"),
    ("containers/0/name", "App", "containers[0].name: Invalid value: \"App\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"),
    ("containers/0/name", "", "containers[0].name: Required value"),
    ("containers/0/image", None, "containers[0].image: Required value"),
    ("containers/0/imagePullPolicy", "Sometimes", 'containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'),
    ("containers/0/terminationMessagePolicy", "Log", 'containers[0].terminationMessagePolicy: Unsupported value: "Log": supported values: "File", "FallbackToLogsOnError"'),
    ("containers/0/ports/0/containerPort", 0, "containers[0].ports[0].containerPort: Required value"),
    ("containers/0/ports/0/containerPort", 70000, f"containers[0].ports[0].containerPort: Invalid value: 70000: {PORT_RANGE}"),
    ("containers/0/ports/0/name", "http-of-the-service", 'containers[0].ports[0].name: Invalid value: "http-of-the-service": must be no more than 15 characters'),
    ("containers/0/ports/0/name", "80", 'containers[0].ports[0].name: Invalid value: "80": must contain at least one letter (a-z)'),
    ("containers/0/ports/0/protocol", "HTTP", 'containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'),
    ("containers/0/ports/1", {"name": "http", "containerPort": 9090}, 'containers[0].ports[1].name: Duplicate value: "http"'),
    ("containers/0/env/0/name", "1A", "containers[0].env[0].name: Invalid value: \"1A\": a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"),
    ("containers/0/env/1/value", "x", 'containers[0].env[1].valueFrom: Invalid value: "": may not be specified when `value` is not empty'),
    ("containers/0/env/1/valueFrom", {}, 'containers[0].env[1].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'),
    ("containers/0/envFrom/0", {"prefix": "P"}, 'containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'),
    ("containers/0/resources/requests/cpu", "2", 'containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'),
    ("containers/0/resources/requests/cpu", "1500m", 'containers[0].resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1'),
    ("containers/0/resources/requests/memory", "2048Mi", 'containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi'),
    ("containers/0/resources/requests/memory", -1, 'containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0'),
    ("containers/0/resources/limits/gpu", 1, 'containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified'),
    ("containers/0/resources/requests", {"example.com/gpu": 1}, "containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"),
    ("containers/0/readinessProbe", {}, "containers[0].readinessProbe: Required value: must specify a handler type"),
    ("containers/0/readinessProbe/httpGet/port", 0, f"containers[0].readinessProbe.httpGet.port: Invalid value: 0: {PORT_RANGE}"),
    ("containers/0/readinessProbe/httpGet/scheme", "http", 'containers[0].readinessProbe.httpGet.scheme: Unsupported value: "http": supported values: "HTTP", "HTTPS"'),
    ("containers/0/readinessProbe/tcpSocket", {"port": 1}, "containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"),
    ("containers/0/readinessProbe/periodSeconds", -1, "containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"),
    ("containers/0/livenessProbe/successThreshold", 2, "containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"),
    ("containers/0/lifecycle/preStop", {"sleep": {"seconds": 60}}, "containers[0].lifecycle.preStop.sleep: Invalid value: 60: must be greater than 0 and less than terminationGracePeriodSeconds (30). Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."),
    ("containers/0/volumeMounts/0/name", "nowhere", 'containers[0].volumeMounts[0].name: Not found: "nowhere"'),
    ("containers/0/volumeMounts/1", {"name": "conf", "mountPath": "/conf", "subPath": "../x"}, 'containers[0].volumeMounts.subPath: Invalid value: "../x": must not contain \'..\''),
    ("containers/0/restartPolicy", "Always", "containers[0].restartPolicy: Forbidden: may not be set for non-init containers"),
    ("initContainers/0/name", "app", 'initContainers[0].name: Duplicate value: "app"'),
    ("initContainers/0/livenessProbe", {"grpc": {"port": 1}}, "initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"),
    ("volumes/1/name", "data", 'volumes[1].name: Duplicate value: "data"'),
    ("volumes/1/emptyDir", {}, "volumes[1].configMap: Forbidden: may not specify more than 1 volume type"),
    ("volumes/2/hostPath/path", "/a/../b", "volumes[2].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"),
    ("restartPolicy", "Sometimes", 'restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'),
    ("restartPolicy", "OnFailure", 'restartPolicy: Unsupported value: "OnFailure": supported values: "Always"'),
    ("activeDeadlineSeconds", 0, "activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"),
    ("activeDeadlineSeconds", 5, "activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"),
    ("dnsPolicy", "None", "dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
    ("tolerations/0/operator", "Equal", 'tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"'),
    ("topologySpreadConstraints/0/maxSkew", 0, "topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"),
    ("serviceAccountName", "app_", "serviceAccountName: Invalid value: \"app_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"),
]  # fmt: skip


def test_a_good_template_keeps_all_rules() -> None:
    assert words_of(SPEC) is None


@pytest.mark.parametrize(("path", "value", "words"), CASES, ids=[f"{path}={value}"[:60] for path, value, _ in CASES])
def test_the_first_rule_that_is_broken(path: str, value: Any, words: str) -> None:
    assert words_of(changed(path, value)) == words


@pytest.mark.parametrize("amount", ["lots", "1.5.5", "1e", "", "1 Gi"])
def test_an_amount_that_cannot_be_read_is_no_ones_business(amount: str) -> None:
    assert words_of(changed("containers/0/resources/requests/cpu", amount)) is None


@pytest.mark.parametrize("volumes", ["x", [None], ["x"], {"a": 1}, [{"name": 5}], [{"name": "data", "hostPath": "x"}]])
def test_volumes_may_be_anything(volumes: Any) -> None:
    words_of(changed("volumes", volumes))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("2", "2"), ("0.5", "500m"), ("1500m", "1500m"), ("2000m", "2"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("1000M", "1G"), ("2e3", "2e3"),
     ("2000", "2k"), ("0", "0"), ("-1", "-1"), ("1n", "1n"), ("0.1n", "1n"), ("100Ki", "100Ki")],
)  # fmt: skip
def test_amounts_are_printed_in_their_canonical_form(text: str, shown: str) -> None:
    assert str(Quantity.parse(text)) == shown
