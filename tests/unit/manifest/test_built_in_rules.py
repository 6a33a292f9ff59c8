"""The API server's rules on Services and Ingresses, one a case; the words are those of kubernetes v1.34, pkg/apis/{core,networking}/validation."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from rolloutsim.manifest.api_server import CREATED, apply

SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "app"},
    "spec": {"selector": {"app": "app"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}, {"name": "metrics", "port": 9090}]},
}
BACKEND = {"service": {"name": "app", "port": {"number": 80}}}
INGRESS: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "app"},
    "spec": {"rules": [{"host": "app.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND}]}}]},
}
LABEL_1035 = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"  # fmt: skip
OF_SERVICES: list[tuple[str, Any, str]] = [
    ("metadata/name", "1app", f'metadata.name: Invalid value: "1app": {LABEL_1035}'),
    ("spec/ports", [], "spec.ports: Required value"),
    ("spec/ports/0/name", "", "spec.ports[0].name: Required value"),
    ("spec/ports/1/name", "http", 'spec.ports[1].name: Duplicate value: "http"'),
    ("spec/ports/0/port", 0, "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"),
    ("spec/ports/0/protocol", "HTTP", 'spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'),
    ("spec/ports/0/targetPort", 70000, "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive"),
    ("spec/ports/0/targetPort", "80", 'spec.ports[0].targetPort: Invalid value: "80": must contain at least one letter (a-z)'),
    ("spec/type", "Cluster", 'spec.type: Unsupported value: "Cluster": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'),
    ("spec/sessionAffinity", "Client", 'spec.sessionAffinity: Unsupported value: "Client": supported values: "ClientIP", "None"'),
    ("spec/ports/1/port", 80, 'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80,"targetPort":0}'),
]
PATH = "spec/rules/0/http/paths/0"
FIELD = "spec.rules[0].http.paths[0]"
OF_INGRESSES: list[tuple[str, Any, str]] = [
    ("spec", {}, "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"),
    ("spec/rules/0/host", "10.0.0.1", 'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'),
    ("spec/rules/0/http/paths", [], "spec.rules[0].http.paths: Required value"),
    (f"{PATH}/pathType", None, f"{FIELD}.pathType: Required value: pathType must be specified"),
    (f"{PATH}/pathType", "prefix", f'{FIELD}.pathType: Unsupported value: "prefix": supported values: "Exact", "ImplementationSpecific", "Prefix"'),
    (f"{PATH}/path", "app", f'{FIELD}.path: Invalid value: "app": must be an absolute path'),
    (f"{PATH}/path", "/a//b", f"{FIELD}.path: Invalid value: \"/a//b\": must not contain '//'"),
    (f"{PATH}/backend", {}, f'{FIELD}.backend: Invalid value: "": resource or service backend is required'),
    (f"{PATH}/backend/service/name", "", f"{FIELD}.backend.service.name: Required value"),
    (f"{PATH}/backend/service/port", {}, f"{FIELD}.backend: Required value: port name or number is required"),
    (f"{PATH}/backend/service/port", {"name": "a", "number": 1}, f'{FIELD}.backend: Invalid value: "": cannot set both port name & port number'),
]


def answer(tree: dict[str, Any], path: str, value: Any) -> str:
    tree = copy.deepcopy(tree)
    at: Any = tree
    *above, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in above:
        at = at[part]
    at[last] = value
    return apply(tree).words


def test_good_ones_are_created() -> None:
    assert apply(SERVICE).words == apply(INGRESS).words == CREATED
    assert answer(SERVICE, "spec/clusterIP", "None") == CREATED
    assert answer(INGRESS, "spec/rules/0/host", "*.app.local") == CREATED


@pytest.mark.parametrize(("path", "value", "words"), OF_SERVICES, ids=[f"{path}={value}" for path, value, _ in OF_SERVICES])
def test_services(path: str, value: Any, words: str) -> None:
    name = value if path == "metadata/name" else "app"
    found = answer(SERVICE, path, value).removeprefix(f'Service "{name}" is invalid: ')
    assert words in found.removeprefix("[").removesuffix("]")


@pytest.mark.parametrize(("path", "value", "words"), OF_INGRESSES, ids=[f"{path}={value}" for path, value, _ in OF_INGRESSES])
def test_ingresses(path: str, value: Any, words: str) -> None:
    assert answer(INGRESS, path, value) == f'Ingress.networking.k8s.io "app" is invalid: {words}'
