"""Kubernetes' rules on the containers of a pod (kubernetes v1.34, pkg/apis/core/validation, validateContainers, validateInitContainers)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.manifest.field_errors import Violation, duplicate, forbidden, invalid, required, unsupported
from rolloutsim.manifest.names import label_errors, port_errors, port_name_errors
from rolloutsim.manifest.rules.environment import env_from_violations, env_violations
from rolloutsim.manifest.rules.probes import lifecycle_violations, probe_violations
from rolloutsim.manifest.rules.resources import resource_violations
from rolloutsim.manifest.rules.volumes import mount_violations

Tree = Mapping[str, Any]
_MESSAGES, _PULLS = ("File", "FallbackToLogsOnError"), ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_LARGEST_ID = 2**31 - 1
_ONLY_BESIDE = "may not be set for init containers without restartPolicy=Always"


def container_violations(containers: Sequence[Tree], volumes: Collection[str], grace_period_s: int, field: str) -> Iterator[Violation]:
    """Rules of `containers`, given the names of the pod's volumes."""
    if not containers:
        yield required(field)
        return
    names: set[str] = set()
    for i, container in enumerate(containers):
        at, name = f"{field}[{i}]", container.get("name") or ""
        yield from _common(container, volumes, at)
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        yield from lifecycle_violations(container, at, grace_period_s)
        yield from probe_violations(container, at, grace_period_s)
        if container.get("restartPolicy") is not None:
            yield forbidden(f"{at}.restartPolicy", "may not be set for non-init containers")
    yield from _host_port_conflicts([(f"{field}[{i}]", container) for i, container in enumerate(containers)])


def init_container_violations(
    containers: Sequence[Tree], beside: Sequence[Tree], volumes: Collection[str], grace_period_s: int, field: str
) -> Iterator[Violation]:
    """Rules of `initContainers`, given the containers `beside` them; with restartPolicy Always they are sidecars, which may have probes."""
    names = {container.get("name") or "" for container in beside}
    for i, container in enumerate(containers):
        at, name, policy = f"{field}[{i}]", container.get("name") or "", container.get("restartPolicy")
        yield from _common(container, volumes, at)
        if policy not in (None, "Always"):
            yield unsupported(f"{at}.restartPolicy", policy, ["Always"])
        if name in names:
            yield duplicate(f"{at}.name", name)
        elif name:
            names.add(name)
        yield from _host_port_conflicts([(f"{field}[0]", container)])
        if policy == "Always":
            yield from lifecycle_violations(container, at, grace_period_s)
            yield from probe_violations(container, at, grace_period_s)
            continue
        for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(key) is not None:
                yield forbidden(f"{at}.{key}", _ONLY_BESIDE)


def _common(container: Tree, volumes: Collection[str], field: str) -> Iterator[Violation]:
    name = container.get("name") or ""
    if not name:
        yield required(f"{field}.name")
    else:
        yield from (invalid(f"{field}.name", name, text) for text in label_errors(name))
    if not container.get("image"):
        yield required(f"{field}.image")
    message = container.get("terminationMessagePolicy") or _MESSAGES[0]
    if message not in _MESSAGES:
        yield unsupported(f"{field}.terminationMessagePolicy", message, _MESSAGES)
    yield from _port_violations(container, f"{field}.ports")
    yield from env_violations(container, field)
    yield from env_from_violations(container, field)
    yield from mount_violations(container, field, volumes)
    pull = container.get("imagePullPolicy") or _PULLS[0]
    if pull not in _PULLS:
        yield unsupported(f"{field}.imagePullPolicy", pull, _PULLS)
    yield from resource_violations(container.get("resources") or {}, f"{field}.resources")
    security: Tree = container.get("securityContext") or {}
    for key in ("runAsUser", "runAsGroup"):
        if not 0 <= (security.get(key) or 0) <= _LARGEST_ID:
            yield invalid(f"{field}.securityContext.{key}", security[key], f"must be between 0 and {_LARGEST_ID}, inclusive")


def _port_violations(container: Tree, field: str) -> Iterator[Violation]:
    names: set[str] = set()
    for i, port in enumerate(container.get("ports") or ()):
        at, name, number = f"{field}[{i}]", port.get("name") or "", port.get("containerPort") or 0
        texts = port_name_errors(name) if name else []
        yield from (invalid(f"{at}.name", name, text) for text in texts)
        if name in names:
            yield duplicate(f"{at}.name", name)
        if name and not texts:
            names.add(name)
        if number == 0:
            yield required(f"{at}.containerPort")
        else:
            yield from (invalid(f"{at}.containerPort", number, text) for text in port_errors(number))
        if port.get("hostPort"):
            yield from (invalid(f"{at}.hostPort", port["hostPort"], text) for text in port_errors(port["hostPort"]))
        protocol = port.get("protocol") or "TCP"
        if protocol not in _PROTOCOLS:
            yield unsupported(f"{at}.protocol", protocol, _PROTOCOLS)


def _host_port_conflicts(containers: Sequence[tuple[str, Tree]]) -> Iterator[Violation]:
    taken: set[str] = set()
    for field, container in containers:
        for i, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort"):
                text = f"{port.get('protocol') or 'TCP'}/{port.get('hostIP') or ''}/{port['hostPort']}"
                if text in taken:
                    yield duplicate(f"{field}.ports[{i}].hostPort", text)
                taken.add(text)
