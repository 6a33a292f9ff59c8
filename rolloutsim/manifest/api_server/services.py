"""The API server's rules on Services beyond their types (kubernetes v1.34, pkg/apis/core/validation, ValidateService)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, duplicate, invalid, required, unsupported
from rolloutsim.manifest.go_printing import Struct
from rolloutsim.manifest.names import label_errors, label_violations, port_errors, port_name_errors

Tree = Mapping[str, Any]
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_PROTOCOLS = ("SCTP", "TCP", "UDP")


def service_violations(service: Tree) -> Iterator[Violation]:
    """Rules of `spec`."""
    spec: Tree = service.get("spec") or {}
    ports, kind = spec.get("ports") or (), spec.get("type") or "ClusterIP"
    if not ports and spec.get("clusterIP") != "None" and kind != "ExternalName":
        yield required("spec.ports")
    names: set[str] = set()
    for i, port in enumerate(ports):
        yield from _port_violations(port, f"spec.ports[{i}]", names, is_one_of_many=len(ports) > 1)
    yield from label_violations(spec.get("selector") or {}, "spec.selector")
    affinity = spec.get("sessionAffinity") or "None"
    if affinity not in _AFFINITIES:
        yield unsupported("spec.sessionAffinity", affinity, _AFFINITIES)
    if kind not in _TYPES:
        yield unsupported("spec.type", kind, _TYPES)
    taken: set[tuple[str, int]] = set()
    for i, port in enumerate(ports):
        key = (port.get("protocol") or "TCP", port.get("port", 0))
        if key in taken:
            shown = Struct(protocol=key[0], port=key[1], targetPort=0)
            yield duplicate(f"spec.ports[{i}]", shown)
        taken.add(key)


def _port_violations(port: Tree, field: str, names: set[str], *, is_one_of_many: bool) -> Iterator[Violation]:
    name, number, protocol = port.get("name") or "", port.get("port", 0), port.get("protocol") or "TCP"
    if name:
        yield from (invalid(f"{field}.name", name, text) for text in label_errors(name))
        if name in names:
            yield duplicate(f"{field}.name", name)
        names.add(name)
    elif is_one_of_many:
        yield required(f"{field}.name")
    yield from (invalid(f"{field}.port", number, text) for text in port_errors(number))
    if protocol not in _PROTOCOLS:
        yield unsupported(f"{field}.protocol", protocol, _PROTOCOLS)
    target = port.get("targetPort") or number
    texts = port_errors(target) if isinstance(target, int) else port_name_errors(target)
    yield from (invalid(f"{field}.targetPort", target, text) for text in texts)
