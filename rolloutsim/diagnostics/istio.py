"""Istio: subsets and routes that the controller writes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.landscape import Thing
from rolloutsim.diagnostics.subject import CANARY, Subject

CHECKS = Checks.empty()
ISTIO = f"{CANARY}.trafficRouting.istio"
SOURCE = "argo-rollouts rollout/trafficrouting/istio/istio.go"


def _rule(subject: Subject) -> Thing | None:
    return subject.landscape.near(subject.thing, "DestinationRule", subject.thing.text(f"{ISTIO}.destinationRule.name"))


def _subsets(rule: Thing) -> dict[str, int]:
    return {str(subset.get("name")): i for i, subset in enumerate(rule.list("spec.subsets")) if isinstance(subset, Mapping)}


def _named(subject: Subject) -> list[tuple[str, str]]:
    paths = [f"{ISTIO}.destinationRule.{key}" for key in ("canarySubsetName", "stableSubsetName")]
    return [(path, name) for path in paths if (name := subject.thing.text(path))]


@CHECKS.rollout(
    Diagnostic(
        "RS421",
        "error",
        "the DestinationRule has no such subset",
        "The controller writes the pod hashes into the two subsets that the Rollout names, and the VirtualService's routes lead to them. "
        "A subset that the DestinationRule does not define has no pods: Envoy answers 503 for its share.",
        "Define both subsets in the DestinationRule.",
        SOURCE,
    )
)
def missing_subset(subject: Subject) -> Iterator[Hit]:
    """Subsets that the Rollout names and its DestinationRule lacks."""
    rule = _rule(subject)
    for path, name in _named(subject) if rule is not None else ():
        if rule is not None and name not in _subsets(rule):
            yield subject.hit(path, f"DestinationRule {rule.name} defines {', '.join(_subsets(rule)) or 'no subset'}, not {name}")


@CHECKS.rollout(
    Diagnostic(
        "RS422",
        "error",
        "canary and stable are the same subset",
        "One subset cannot select both versions: the controller writes the hash of the one over that of the other.",
        "Name two subsets.",
        SOURCE,
    )
)
def same_subset(subject: Subject) -> Iterator[Hit]:
    """Equal names of the two subsets."""
    names = _named(subject)
    if len(names) == 2 and names[0][1] == names[1][1]:
        yield subject.hit(names[0][0], f"both subsets are {names[0][1]}")


@CHECKS.rollout(
    Diagnostic(
        "RS423",
        "warning",
        "other subsets of the DestinationRule are lost",
        "When the controller writes the hashes it keeps the canary's, the stable and the experiments' subsets and drops all others.",
        "Move the other subsets to a DestinationRule of another host, or into additionalSubsetNames.",
        SOURCE,
    )
)
def foreign_subsets(subject: Subject) -> Iterator[Hit]:
    """Subsets that the Rollout does not name."""
    rule = _rule(subject)
    if rule is None:
        return
    known = {name for _, name in _named(subject)} | {str(name) for name in subject.thing.list(f"{ISTIO}.destinationRule.additionalSubsetNames")}
    for name, i in _subsets(rule).items():
        if name not in known and known:
            yield Hit(rule, f"spec.subsets[{i}].name", f"subset {name} of {rule.name} is dropped at the first update")


@CHECKS.rollout(
    Diagnostic(
        "RS424",
        "warning",
        "other destinations of the route are lost",
        "In the routes that it manages the controller keeps the canary's and the stable destination. Another destination with a weight is removed at "
        "the first update, and its share goes to stable.",
        "Move the other destination to a route of its own, and list the managed routes by name.",
        SOURCE,
    )
)
def foreign_destinations(subject: Subject) -> Iterator[Hit]:
    """Weighted destinations that are neither canary nor stable."""
    service = subject.landscape.near(subject.thing, "VirtualService", subject.thing.text(f"{ISTIO}.virtualService.name"))
    if service is None or subject.canary is None:
        return
    routes = {str(name) for name in subject.thing.list(f"{ISTIO}.virtualService.routes")}
    hosts = {subject.canary.canary_service, subject.canary.stable_service} - {""}
    subsets = {name for _, name in _named(subject)}
    for i, http in enumerate(service.list("spec.http")):
        if not isinstance(http, Mapping) or (routes and service.text(f"spec.http[{i}].name") not in routes):
            continue
        for k, _ in enumerate(service.list(f"spec.http[{i}].route")):
            at = f"spec.http[{i}].route[{k}]"
            host, subset = service.text(f"{at}.destination.host").partition(".")[0], service.text(f"{at}.destination.subset")
            if host not in hosts and subset not in subsets and (service.number(f"{at}.weight") or 0) > 0:
                yield Hit(service, f"{at}.destination", f"{host}{f' subset {subset}' if subset else ''} is removed at the first update")
