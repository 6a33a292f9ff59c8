"""Kubernetes' rules on the environment of a container (kubernetes v1.34, pkg/apis/core/validation, ValidateEnv, ValidateEnvFrom)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, invalid, required, unsupported
from rolloutsim.manifest.names import config_key_errors, env_name_errors, qualified_name_errors, subdomain_errors

Tree = Mapping[str, Any]
_OF_THE_POD = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName")
_FIELDS = (*_OF_THE_POD, "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs")
_RESOURCES = tuple(f"{of}.{name}" for of in ("limits", "requests") for name in ("cpu", "ephemeral-storage", "memory"))
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")
_NONE, _SEVERAL = "must specify one of: {}", "may not have more than one field specified at a time"


def env_violations(container: Tree, field: str) -> Iterator[Violation]:
    """Rules of `env`."""
    for i, variable in enumerate(container.get("env") or ()):
        at, name = f"{field}.env[{i}]", variable.get("name") or ""
        if not name:
            yield required(f"{at}.name")
        else:
            yield from (invalid(f"{at}.name", name, text) for text in env_name_errors(name))
        source = variable.get("valueFrom")
        if source is not None:
            yield from _source_violations(source, variable.get("value") or "", f"{at}.valueFrom")


def _source_violations(source: Tree, value: str, field: str) -> Iterator[Violation]:
    given = [name for name in _SOURCES if source.get(name) is not None]
    for name in given:
        rules = {"fieldRef": _field_violations, "resourceFieldRef": _resource_violations}.get(name, _key_violations)
        yield from rules(source[name], f"{field}.{name}")
    if not given:
        yield invalid(field, "", _NONE.format("`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"))
    elif value:
        yield invalid(field, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield invalid(field, "", _SEVERAL)


def _field_violations(reference: Tree, field: str) -> Iterator[Violation]:
    version, path = reference.get("apiVersion") or "v1", reference.get("fieldPath") or ""
    at = f"{field}.fieldPath"
    if not path:
        yield required(at)
        return
    subscript = re.fullmatch(r"(.*?)\['(.*)'\]", path, re.DOTALL)
    if version != "v1":
        yield invalid(at, path, f"error converting fieldPath: unsupported pod version: {version}")
    elif subscript is not None:
        if subscript[1] not in ("metadata.annotations", "metadata.labels"):
            yield invalid(at, path, f"error converting fieldPath: field label does not support subscript: {path}")
            return
        key = subscript[2].lower() if subscript[1] == "metadata.annotations" else subscript[2]
        yield from (invalid(field, key, text) for text in qualified_name_errors(key))
    elif path in ("metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase", "spec.host"):
        known = "spec.nodeName" if path == "spec.host" else path
        if known not in _FIELDS:
            yield unsupported(at, known, _FIELDS)
    elif path not in _FIELDS:
        yield invalid(at, path, f"error converting fieldPath: field label not supported: {path}")


def _resource_violations(reference: Tree, field: str) -> Iterator[Violation]:
    resource = reference.get("resource") or ""
    if not resource:
        yield required(f"{field}.resource")
    elif resource not in _RESOURCES and not resource.startswith(("requests.hugepages-", "limits.hugepages-")):
        yield unsupported(f"{field}.resource", resource, _RESOURCES)


def _key_violations(reference: Tree, field: str) -> Iterator[Violation]:
    name, key = reference.get("name") or "", reference.get("key") or ""
    yield from (invalid(f"{field}.name", name, text) for text in subdomain_errors(name))
    if not key:
        yield required(f"{field}.key")
    else:
        yield from (invalid(f"{field}.key", key, text) for text in config_key_errors(key))


def env_from_violations(container: Tree, field: str) -> Iterator[Violation]:
    """Rules of `envFrom`; the number of sources is reported for the whole list, as in the source."""
    for i, source in enumerate(container.get("envFrom") or ()):
        at, prefix = f"{field}.envFrom[{i}]", source.get("prefix") or ""
        if prefix:
            yield from (invalid(f"{at}.prefix", prefix, text) for text in env_name_errors(prefix))
        given = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        for kind in given:
            name = source[kind].get("name") or ""
            if not name:
                yield required(f"{at}.{kind}.name")
            else:
                texts = subdomain_errors(name.removesuffix("-"))
                yield from (invalid(f"{at}.{kind}.name", name, text) for text in texts)
        if not given:
            yield invalid(f"{field}.envFrom", "", _NONE.format("`configMapRef` or `secretRef`"), at)
        elif len(given) > 1:
            yield invalid(f"{field}.envFrom", "", _SEVERAL, at)
