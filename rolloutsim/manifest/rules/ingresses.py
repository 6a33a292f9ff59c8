"""Rules on the Ingresses of the nginx and ALB routers (validation_references.go; rollout/controller.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rolloutsim.manifest.field_errors import Violation, internal, invalid
from rolloutsim.manifest.rules.cluster import Cluster

Tree = Mapping[str, Any]
_ROUTING, _GROUP = "spec.strategy.canary.trafficRouting", "networking.k8s.io"


class _Choice(NamedTuple):
    """A router that takes one Ingress or several; `fetched` and `checked` are the two names of the list in the controller's words."""

    router: str
    one: str
    many: str
    fetched_many: str
    words: str


_NGINX = _Choice("nginx", "stableIngress", "stableIngresses", "StableIngresses", "StableIngress or StableIngresses")
_ALB = _Choice("alb", "ingress", "ingresses", "ingresses", "Ingress or Ingresses")


def missing_violations(tree: Tree, cluster: Cluster) -> Iterator[Violation]:
    """Both or neither of the two fields, then Ingresses that are not there."""
    canary: Tree = tree["spec"]["strategy"]["canary"]
    routing: Tree = canary["trafficRouting"]
    for choice in (_NGINX, _ALB):
        router = routing.get(choice.router)
        if router is not None:
            undecided = list(_chosen(router, choice))
            yield from undecided
            if undecided:
                return
    used = next((choice for choice in (_ALB, _NGINX) if choice.router in routing), None)
    if used is not None:
        router = routing[used.router]
        several = router.get(used.many)
        names: Sequence[str] = [router.get(used.one, "")] if several is None else several
        for name in names:
            if cluster.get("Ingress", name, str(tree["metadata"].get("namespace") or ""), _GROUP) is None:
                text = f'ingress.networking.k8s.io "{name}" not found'
                field = used.one if several is None else used.fetched_many
                path = f"{_ROUTING}.{used.router}.{used.one if several is None else used.many}"
                yield invalid(f"{_ROUTING}.{used.router}.{field}", name if several is None else several, text, path)


def _chosen(router: Tree, choice: _Choice) -> Iterator[Violation]:
    one, many = bool(router.get(choice.one)), choice.many in router
    if one == many:
        which = "Both" if one else "Neither"
        yield internal(f"{_ROUTING}.{choice.router}", f"Either {choice.words} must be configured. {which} are configured.")


def content_violations(tree: Tree, cluster: Cluster) -> Iterator[Violation]:
    """Ingresses without a rule for the stable Service (ALB: for the root Service, if there is one)."""
    canary: Tree = tree["spec"]["strategy"]["canary"]
    routing: Tree = canary["trafficRouting"]
    fetched = next((choice for choice in (_ALB, _NGINX) if choice.router in routing), None)
    if fetched is None:
        return
    router = routing[fetched.router]
    for name in router.get(fetched.many, [router.get(fetched.one, "")]):
        ingress = cluster.get("Ingress", name, str(tree["metadata"].get("namespace") or ""), _GROUP)
        checked = next((choice for choice in (_NGINX, _ALB) if name in _named(routing.get(choice.router), choice)), None)
        if ingress is None or checked is None:
            continue
        service = canary.get("stableService", "")
        if checked is _ALB:
            service = routing["alb"].get("rootService") or service
        if service not in backends(ingress):
            listed = name in (routing[checked.router].get(checked.many) or ())
            field = f"{_ROUTING}.{checked.router}.{checked.many if listed else checked.one}"
            yield invalid(field, name, f"ingress `{name}` has no rules using service {service} backend")


def _named(router: Tree | None, choice: _Choice) -> list[str]:
    return [] if router is None else [router.get(choice.one, ""), *(router.get(choice.many) or ())]


def backends(ingress: Tree) -> list[str]:
    """Names of the Services that the rules of an Ingress lead to; a null in a list is an empty item, as Go decodes it."""
    rules = [rule or {} for rule in (ingress.get("spec") or {}).get("rules") or ()]
    paths = [path or {} for rule in rules for path in (rule.get("http") or {}).get("paths") or ()]
    return [((path.get("backend") or {}).get("service") or {}).get("name", "") for path in paths]
