"""Kubernetes' rules on a pod spec, after its defaults (kubernetes v1.34, pkg/apis/core/validation, ValidatePodSpec; spec/validation.md 3.5).

Not here: what only some clusters have (devices, Windows) and terms of affinity; of volumes the kinds that teams write themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, invalid, required, unsupported
from rolloutsim.manifest.names import label_errors, label_value_errors, label_violations, qualified_name_errors, subdomain_errors
from rolloutsim.manifest.rules.containers import container_violations, init_container_violations
from rolloutsim.manifest.rules.probes import GRACE_PERIOD_S
from rolloutsim.manifest.rules.volumes import volume_violations, volumes_of

Tree = Mapping[str, Any]
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_RESTARTS = ("Always", "OnFailure", "Never")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def pod_spec_violations(spec: Tree, field: str) -> Iterator[Violation]:
    """Rules of a pod spec in evaluation order."""
    grace_period_s = spec.get("terminationGracePeriodSeconds", GRACE_PERIOD_S)
    volumes, broken = volume_violations(volumes_of(spec), f"{field}.volumes")
    yield from broken
    containers, init = spec.get("containers") or (), spec.get("initContainers") or ()
    yield from container_violations(containers, volumes, grace_period_s, f"{field}.containers")
    yield from init_container_violations(init, containers, volumes, grace_period_s, f"{field}.initContainers")
    yield from _host_network_violations(spec, f"{field}.containers")
    for key, default, known in (("restartPolicy", "Always", _RESTARTS), ("dnsPolicy", "ClusterFirst", _DNS)):
        value = spec.get(key) or default
        if value not in known:
            yield unsupported(f"{field}.{key}", value, known)
    yield from label_violations(spec.get("nodeSelector") or {}, f"{field}.nodeSelector")
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        yield _no_nameserver(spec, f"{field}.dnsConfig")
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        yield from _spread_violations(constraint, f"{field}.topologySpreadConstraints[{i}]")
    yield from _name_violations(spec, field)
    for i, toleration in enumerate(spec.get("tolerations") or ()):
        yield from _toleration_violations(toleration, f"{field}.tolerations[{i}]")
    yield from _named(spec, "priorityClassName", subdomain_errors, field)
    yield from _named(spec, "runtimeClassName", subdomain_errors, field)


def _host_network_violations(spec: Tree, field: str) -> Iterator[Violation]:
    if not spec.get("hostNetwork"):
        return
    for i, container in enumerate(spec.get("containers") or ()):
        for j, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort") and port["hostPort"] != port.get("containerPort"):
                at = f"{field}[{i}].ports[{j}].hostPort"
                yield invalid(at, port["hostPort"], "must match `containerPort` when `hostNetwork` is true")


def _no_nameserver(spec: Tree, field: str) -> Violation:
    if spec.get("dnsConfig") is None:
        return required(field, "must provide `dnsConfig` when `dnsPolicy` is None")
    return required(f"{field}.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None")


def _spread_violations(constraint: Tree, field: str) -> Iterator[Violation]:
    skew, key, when = constraint.get("maxSkew", 0), constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
    if skew <= 0:
        yield invalid(f"{field}.maxSkew", skew, "must be greater than zero")
    if not key:
        yield required(f"{field}.topologyKey", "can not be empty")
    if when not in ("DoNotSchedule", "ScheduleAnyway"):
        yield unsupported(f"{field}.whenUnsatisfiable", when, ["DoNotSchedule", "ScheduleAnyway"])


def _name_violations(spec: Tree, field: str) -> Iterator[Violation]:
    for key, rule in (("serviceAccountName", subdomain_errors), ("nodeName", subdomain_errors)):
        yield from _named(spec, key, rule, field)
    deadline = spec.get("activeDeadlineSeconds", 1)
    if not 1 <= deadline < 2**31:
        yield invalid(f"{field}.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive")
    for key in ("hostname", "subdomain"):
        yield from _named(spec, key, label_errors, field)


def _named(spec: Tree, key: str, rule: Callable[[str], list[str]], field: str) -> Iterator[Violation]:
    name: str = spec.get(key) or ""
    yield from (invalid(f"{field}.{key}", name, text) for text in rule(name) if name)


def _toleration_violations(toleration: Tree, field: str) -> Iterator[Violation]:
    key, operator, value, effect = (toleration.get(name) or "" for name in ("key", "operator", "value", "effect"))
    if key:
        yield from (invalid(f"{field}.key", key, text) for text in qualified_name_errors(key))
    elif operator != "Exists":
        yield invalid(f"{field}.operator", operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"')
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        yield invalid(f"{field}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator in ("", "Equal"):
        texts = label_value_errors(value)
        if texts:
            yield invalid(f"{field}.operator", value, ";".join(texts), f"{field}.value")
    elif operator != "Exists":
        yield unsupported(f"{field}.operator", operator, ["Equal", "Exists"])
    elif value:
        yield invalid(f"{field}.operator", dict(toleration), "value must be empty when `operator` is 'Exists'", f"{field}.value")
    if effect and effect not in _EFFECTS:
        yield unsupported(f"{field}.effect", effect, _EFFECTS)
