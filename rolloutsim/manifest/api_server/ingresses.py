"""The API server's rules on Ingresses beyond their types (kubernetes v1.34, pkg/apis/networking/validation, ValidateIngressSpec)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, invalid, required, unsupported
from rolloutsim.manifest.names import port_errors, port_name_errors, service_name_errors, subdomain_errors, wildcard_errors

Tree = Mapping[str, Any]
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_NEVER_IN_PATHS, _NEVER_AT_THE_END = ("//", "/./", "/../", "%2f", "%2F"), ("/..", "/.")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")


def ingress_violations(ingress: Tree) -> Iterator[Violation]:
    """Rules of `spec`."""
    spec: Tree = ingress.get("spec") or {}
    rules, default = spec.get("rules") or (), spec.get("defaultBackend")
    if not rules and default is None:
        yield invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    if default is not None:
        yield from _backend_violations(default, "spec.defaultBackend", "spec.defaultBackend")
    for i, rule in enumerate(rules):
        host = rule.get("host") or ""
        yield from _host_violations(host, f"spec.rules[{i}].host") if host else ()
        http = rule.get("http")
        if http is not None:
            yield from _path_list_violations(http.get("paths") or (), "spec.rules[0].http.paths", f"spec.rules[{i}].http.paths")


def _host_violations(host: str, field: str) -> Iterator[Violation]:
    if _ADDRESS.fullmatch(host):
        yield invalid(field, host, "must be a DNS name, not an IP address")
    yield from (invalid(field, host, text) for text in (wildcard_errors if "*" in host else subdomain_errors)(host))


def _path_list_violations(paths: Any, field: str, path: str) -> Iterator[Violation]:
    """Rules of the paths of a rule; the real field always has the index of the first rule."""
    if not paths:
        yield required(field, path=path)
    for i, item in enumerate(paths):
        below, at = f"{field}[{i}]", f"{path}[{i}]"
        text, kind = item.get("path") or "", item.get("pathType")
        if kind is None:
            yield required(f"{below}.pathType", "pathType must be specified", at)
            continue
        if kind not in _PATH_TYPES:
            yield unsupported(f"{below}.pathType", kind, _PATH_TYPES)._replace(path=f"{at}.pathType")
        elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
            yield invalid(f"{below}.path", text, "must be an absolute path", f"{at}.path")
        elif kind != "ImplementationSpecific":
            words = [f"must not contain '{part}'" for part in _NEVER_IN_PATHS if part in text]
            words += [f"cannot end with '{part}'" for part in _NEVER_AT_THE_END if text.endswith(part)]
            yield from (invalid(f"{below}.path", text, word, f"{at}.path") for word in words)
        yield from _backend_violations(item.get("backend") or {}, f"{below}.backend", f"{at}.backend")


def _backend_violations(backend: Tree, field: str, path: str) -> Iterator[Violation]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield invalid(field, "", "cannot set both resource and service backends", path)
    elif service is None and resource is None:
        yield invalid(field, "", "resource or service backend is required", path)
    elif service is not None:
        name, port = service.get("name") or "", service.get("port") or {}
        texts = service_name_errors(name) if name else []
        yield from (invalid(f"{field}.service.name", name, text, f"{path}.service.name") for text in texts)
        if not name:
            yield required(f"{field}.service.name", path=f"{path}.service")
        yield from _port_violations(port.get("name") or "", port.get("number") or 0, field, path)


def _port_violations(name: str, number: int, field: str, path: str) -> Iterator[Violation]:
    if name and number:
        yield invalid(field, "", "cannot set both port name & port number", path)
    elif name:
        yield from (invalid(f"{field}.service.port.name", name, text, f"{path}.service.port.name") for text in port_name_errors(name))
    elif number:
        yield from (invalid(f"{field}.service.port.number", number, text, f"{path}.service.port.number") for text in port_errors(number))
    else:
        yield required(field, "port name or number is required", f"{path}.service")
