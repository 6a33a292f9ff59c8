"""The workload of a Rollout among the manifests, typed: `spec.workloadRef` of an apps/v1 Deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rolloutsim.errors import Problem
from rolloutsim.manifest.decode import Decoder
from rolloutsim.manifest.deployment import Deployment
from rolloutsim.manifest.documents import Origin, shown
from rolloutsim.manifest.kinds import mapping_and_meta, pod_template
from rolloutsim.manifest.pod_template import LabelSelector, PodTemplate
from rolloutsim.manifest.rollout import Rollout
from rolloutsim.manifest.verdict import refusals

NOT_PLAYED = {"ReplicaSet", "PodTemplate"}
"""Kinds that the controller takes a template from, too, and that are not simulated."""
PLAYS_NO_PART = frozenset({"strategy", "minReadySeconds", "revisionHistoryLimit", "paused", "progressDeadlineSeconds"})
"""Fields of a Deployment that say how its own pods change."""


@dataclass(frozen=True, slots=True)
class _Spec:
    template: PodTemplate
    selector: LabelSelector = field(default_factory=LabelSelector)
    replicas: int = 1


def workload_of(
    rollout: Rollout, origins: Mapping[tuple[str, str], Origin], problems: list[Problem], broken: list[Problem] | None = None
) -> Deployment | None:
    """The Deployment that a Rollout refers to; None without a reference, or with a problem for one that leads nowhere.

    `broken` is what the controller says of the Rollout already: a workload that it does not find is not told of twice, and not at all if it is of
    a kind that is not simulated.
    """
    broken = [] if broken is None else broken
    reference = rollout.spec.workload_ref
    if reference is None:
        return None
    at = origins["Rollout", rollout.meta.name].place("spec.workloadRef")
    version, kind, name = (str(reference.get(key) or "") for key in ("apiVersion", "kind", "name"))
    if kind in NOT_PLAYED:
        rule = f"a template from a {kind} is not simulated yet, and never ignored"
        broken[:] = [problem for problem in broken if problem.place != at]
        problems.append(Problem(at, shown(kind), rule, "Refer to a Deployment, or give the Rollout the template."))
        return None
    origin = origins.get((kind, name)) if (version, kind) == ("apps/v1", "Deployment") else None
    if origin is None:
        rule = "spec.workloadRef names an apps/v1 Deployment among the manifests"
        if not any(problem.place == at for problem in broken):
            found = f"{shown(version)} {shown(kind)} {shown(name)}"
            problems.append(Problem(at, found, rule, "Correct the name, or add the Deployment's manifest."))
        return None
    return _decoded(origin, problems)


def _decoded(origin: Origin, problems: list[Problem]) -> Deployment | None:
    refused = refusals(origin)
    problems.extend(refused)
    if refused:
        return None
    decoder = Decoder(origin.document, problems, {PodTemplate: pod_template})
    data, meta = mapping_and_meta(decoder, origin.prefix, frozenset({"spec", "status"}))
    before = len(problems)
    spec: Any = data.get("spec")
    spec = {key: value for key, value in spec.items() if key not in PLAYS_NO_PART} if isinstance(spec, dict) else spec
    typed = decoder.decode(_Spec, spec, f"{origin.prefix}spec")
    if meta is None or typed is None or len(problems) > before:
        return None
    return Deployment(meta, typed.template, typed.selector, typed.replicas)
