"""The rules as a running controller applies them, in each pass, to typed objects.

What a pass looks at seldom changes, and objects are immutable: the answer is kept as long as they are the very same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.field_errors import Violation
from rolloutsim.manifest.merge_patch import to_json
from rolloutsim.manifest.objects import Ingress, Rollout, Service
from rolloutsim.manifest.router_objects import API_VERSIONS, RouterObject, RouterObjects
from rolloutsim.manifest.rules.cluster import Cluster
from rolloutsim.manifest.rules.references import MANAGED_BY, reference_violations
from rolloutsim.manifest.rules.spec import spec_violations

Tree = dict[str, Any]


class _Seen:
    """What a pass sees; two are equal if they hold the same objects, not merely equal ones."""

    def __init__(
        self, rollout: Rollout, services: Iterable[Service], ingresses: Iterable[Ingress], templates: Templates, routes: Iterable[RouterObject]
    ) -> None:
        self.rollout, self.services, self.ingresses = rollout, tuple(services), tuple(ingresses)
        self.templates, self.routes = templates, tuple(routes)
        looked_at = (*templates.namespaced.values(), *templates.of_cluster.values(), *self.services, *self.ingresses, *self.routes)
        self._objects: tuple[object, ...] = (rollout.spec, *looked_at)
        self._key = (rollout.meta.name, *map(id, self._objects))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Seen) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def first_violation(
    rollout: Rollout, services: Mapping[str, Service], ingresses: Mapping[str, Ingress], templates: Templates, routes: RouterObjects
) -> Violation | None:
    """The violation that the controller reports, None if the Rollout keeps all rules."""
    return _first(_Seen(rollout, services.values(), ingresses.values(), templates, routes.values()))


@lru_cache(maxsize=16)
def _first(seen: _Seen) -> Violation | None:
    rollout = seen.rollout
    spec = to_json(rollout.spec)
    spec.pop("workloadRef", None)  # the template is the workload's by now
    tree = {"metadata": {"name": rollout.meta.name}, "spec": spec}
    broken = next(spec_violations(tree), None)
    if broken is not None:
        return broken
    trees = (*map(_service_tree, seen.services), *map(_ingress_tree, seen.ingresses), *map(_route_tree, seen.routes))
    return next(reference_violations(tree, rollout, Cluster(trees), seen.templates), None)


def _service_tree(service: Service) -> Tree:
    annotations = {} if service.managed_by is None else {MANAGED_BY: service.managed_by}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service.meta.name, "annotations": annotations},
        "spec": {"selector": service.selector},
    }


def _ingress_tree(ingress: Ingress) -> Tree:
    rules = [{"http": {"paths": [{"backend": {"service": {"name": rule.service}}}]}} for rule in ingress.rules]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": ingress.meta.name}, "spec": {"rules": rules}}


def _route_tree(route: RouterObject) -> Tree:
    return {"apiVersion": API_VERSIONS[type(route)], "kind": type(route).__name__, "metadata": {"name": route.meta.name}, "spec": route.spec}
