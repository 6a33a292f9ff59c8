"""Kubernetes' rules on the resources of a container (kubernetes v1.34, pkg/apis/core/validation, validateResourceRequirements)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, invalid, required
from rolloutsim.manifest.names import qualified_name_errors
from rolloutsim.manifest.resource_quantity import Quantity

Tree = Mapping[str, Any]
_OF_CONTAINERS = frozenset(["cpu", "memory", "ephemeral-storage"])
_COUNTED = ("pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims")
_OF_QUOTAS = ("requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage")
_STANDARD = _OF_CONTAINERS | {*_COUNTED, *_OF_QUOTAS, "storage", "requests.storage", "services.nodeports", "services.loadbalancers"}
_HUGE = "hugepages-"


def resource_violations(resources: Tree, field: str) -> Iterator[Violation]:
    """Rules of `resources`; amounts that cannot be read are passed over, as the controller does."""
    limits, requests = _amounts(resources.get("limits")), _amounts(resources.get("requests"))
    for name, amount in limits.items():
        yield from _amount_violations(name, amount, f"{field}.limits")
    for name, amount in requests.items():
        yield from _amount_violations(name, amount, f"{field}.requests")
        may_exceed = _is_native(name) and not name.startswith(_HUGE)
        limit = limits.get(name)
        at = f"{field}.requests"
        if limit is None and not may_exceed:
            yield required(f"{field}.limits", "Limit must be set for non overcommitable resources", f"{at}.{name}")
        elif limit is not None and amount.value != limit.value and not may_exceed:
            yield invalid(at, str(amount), f"must be equal to {name} limit of {limit}", f"{at}.{name}")
        elif limit is not None and amount.value > limit.value:
            yield invalid(at, str(amount), f"must be less than or equal to {name} limit of {limit}", f"{at}.{name}")
    names = {*limits, *requests}
    if any(name.startswith(_HUGE) for name in names) and not names & {"cpu", "memory"}:
        yield Violation(field, field, "Forbidden: HugePages require cpu or memory")


def _amounts(tree: Any) -> dict[str, Quantity]:
    """Amounts by name, sorted; the real system takes them in no certain order."""
    read = {name: Quantity.parse(tree[name]) for name in sorted(tree)} if isinstance(tree, Mapping) else {}
    return {name: amount for name, amount in read.items() if amount is not None}


def _amount_violations(name: str, amount: Quantity, field: str) -> Iterator[Violation]:
    at, path = f"{field}[{name}]", f"{field}.{name}"
    unqualified = qualified_name_errors(name)
    yield from (invalid(at, name, text, path) for text in unqualified)
    is_huge = name.startswith(_HUGE)
    if "/" not in name:
        if not unqualified and name not in _STANDARD and not is_huge:
            yield invalid(at, name, "must be a standard resource type or fully qualified", path)
        if name not in _OF_CONTAINERS and not is_huge:
            yield invalid(at, name, "must be a standard resource for containers", path)
    elif not _is_native(name) and not _is_extended(name):
        yield invalid(at, name, "doesn't follow extended resource name standard", path)
    if amount.value < 0:
        yield invalid(at, str(amount), "must be greater than or equal to 0", path)
    if (name in _COUNTED or _is_extended(name)) and amount.value.denominator != 1:
        yield invalid(at, str(amount), "must be an integer", path)


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def _is_extended(name: str) -> bool:
    return not _is_native(name) and not name.startswith("requests.") and not qualified_name_errors(f"requests.{name}")
