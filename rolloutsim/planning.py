"""What the manifests alone say, before anything runs: `plan(paths)`.

The verdict of API server and controller, what the pods can make of the weights, and what will hurt.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rolloutsim.answers.reachable import TOLERANCE_PP, Reachable
from rolloutsim.diagnostics.catalogue import findings, worst_first
from rolloutsim.diagnostics.diagnostic import Finding
from rolloutsim.diagnostics.landscape import Landscape, things_of
from rolloutsim.diagnostics.silenced import Silenced, parted
from rolloutsim.diagnostics.subject import Subject, subjects
from rolloutsim.diagnostics.verdicts import verdict_findings
from rolloutsim.errors import InputError, Place, Problem
from rolloutsim.manifest.bundle import read_manifests
from rolloutsim.manifest.documents import Document, shown
from rolloutsim.manifest.verdict import Verdict, verdict

Word = Literal["accepted", "refused", "invalid"]
WORDS: tuple[Word, ...] = ("refused", "invalid", "accepted")
"""Worst first."""
OURS, KUSTOMIZE = "rolloutsim.dev/", "kustomize.config.k8s.io/"
"""API groups of files that stand beside manifests and are none: scenarios, which need no word, and what kustomize reads."""


class Skipped(NamedTuple):
    """A document that is no Kubernetes object, and why it was left out."""

    place: Place
    why: str


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """One Rollout: its place, its strategy, the weights that its pods reach (None for blue-green), and its pods at the peak of an update."""

    name: str
    place: Place
    strategy: str
    replicas: int
    weights: Reachable | None
    peak_pods: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What the manifests alone say; `findings` are worst first."""

    word: Word
    objects: int
    files: int
    rollouts: tuple[RolloutPlan, ...]
    controller_messages: tuple[str, ...]
    findings: tuple[Finding, ...]
    silenced: tuple[Silenced, ...]
    skipped: tuple[Skipped, ...]

    @property
    def holds(self) -> bool:
        """Whether everything is accepted and no finding is an error."""
        return self.word == "accepted" and not self.count("error")

    def count(self, severity: str) -> int:
        """How many findings have a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, with the keys that scripts rely on."""
        from rolloutsim.report.plan_json import plan_form

        return plan_form(self)

    def __str__(self) -> str:
        from rolloutsim.report.plan_screen import plan_screen

        return plan_screen(self)


def plan(paths: str | Path | Sequence[str | Path], *, tolerance_pp: float = TOLERANCE_PP) -> Plan:
    """Plan manifests: files, folders (recursively), or `-` for standard input. InputError for what is no YAML, no file, or no manifest."""
    problems: list[Problem] = []
    documents = read_manifests([paths] if isinstance(paths, str | Path) else paths, problems)
    if problems:
        raise InputError(_rendered_first(problem) for problem in problems)
    manifests, skipped = _sorted_out(documents)
    if not manifests:
        found = f"{len(documents)} documents, none of them a Kubernetes object to apply" if documents else "no document"
        place = Place(documents[0].file if documents else str(paths))
        raise InputError([Problem(place, found, "manifests have apiVersion and kind", "Name the files or the folder that hold the Rollout.")])
    parts = [_planned(part, tolerance_pp) for part in apart(manifests)]
    return Plan(
        word=min((part.verdict.word for part in parts), key=WORDS.index),
        objects=sum(1 for _ in things_of(manifests)),
        files=len({document.file for document in manifests}),
        rollouts=tuple(rollout for part in parts for rollout in part.rollouts),
        controller_messages=tuple(message for part in parts for message in part.verdict.controller_messages),
        findings=tuple(worst_first([finding for part in parts for finding in part.findings])),
        silenced=tuple(one for part in parts for one in part.silenced),
        skipped=tuple(skipped),
    )


class _Part(NamedTuple):
    verdict: Verdict
    rollouts: list[RolloutPlan]
    findings: list[Finding]
    silenced: list[Silenced]


def _planned(documents: Sequence[Document], tolerance_pp: float) -> _Part:
    """The plan of manifests that are applied together."""
    landscape, answer = Landscape.of(documents), verdict(documents)
    found = subjects(landscape, tolerance_pp)
    kept, silenced = parted([*verdict_findings(answer), *findings(landscape, found)], documents)
    return _Part(answer, [_rollout_plan(subject) for subject in found], kept, silenced)


def _rollout_plan(subject: Subject) -> RolloutPlan:
    n, blue_green, weights = subject.replicas, subject.blue_green, subject.reachable
    strategy = "blue-green" if blue_green is not None else "canary without a router" if subject.is_basic else "no strategy"
    if subject.is_routed:
        routers = sorted(set(subject.routing or {}) - {"managedRoutes", "maxTrafficWeight"})
        strategy = f"canary routed by {' and '.join(routers) or 'nothing'}"
    peak = weights.peak_pods if weights is not None else 2 * n if blue_green is not None else n
    return RolloutPlan(subject.thing.name, subject.thing.place("metadata.name"), strategy, n, weights, peak)


def _sorted_out(documents: Sequence[Document]) -> tuple[list[Document], list[Skipped]]:
    """Kubernetes objects, and what else stood in the files."""
    kept: list[Document] = []
    skipped: list[Skipped] = []
    patches = _patches(documents)
    for document in documents:
        data = document.data
        version = str(data.get("apiVersion")) if isinstance(data, dict) else ""
        if not isinstance(data, dict) or not ("kind" in data or "apiVersion" in data):
            skipped.append(Skipped(document.place(), "no Kubernetes object (it has no apiVersion and kind)"))
        elif version.startswith(KUSTOMIZE):
            skipped.append(
                Skipped(document.place(), f"a {shown(data.get('kind'))}: kustomize build makes objects of it (kustomize build . | rolloutsim plan -)")
            )
        elif os.path.normpath(document.file) in patches:
            skipped.append(Skipped(document.place(), "a patch of a kustomization, no whole object"))
        elif not version.startswith(OURS):
            kept.append(document)
    return kept, skipped


def _patches(documents: Sequence[Document]) -> set[str]:
    """The files that kustomizations among some documents use as patches."""
    found: set[str] = set()
    for document in documents:
        data = document.data
        if not isinstance(data, dict) or not str(data.get("apiVersion")).startswith(KUSTOMIZE):
            continue
        for key in ("patches", "patchesStrategicMerge", "patchesJson6902"):
            listed = data.get(key)
            names = [one.get("path") if isinstance(one, dict) else one for one in (listed if isinstance(listed, list) else ())]
            found |= {os.path.normpath(os.path.join(os.path.dirname(document.file), name)) for name in names if isinstance(name, str)}
    return found


def apart(documents: Sequence[Document]) -> list[list[Document]]:
    """Manifests that are applied together: all of them, unless the same object stands in several folders or files, which are then told apart."""
    if len(documents) == 1 or not _has_twins(documents):
        return [list(documents)]
    by: Callable[[Document], str]
    for by in (lambda document: os.path.dirname(document.file), lambda document: document.file):
        groups: dict[str, list[Document]] = {}
        for document in documents:
            groups.setdefault(by(document), []).append(document)
        if len(groups) > 1:
            return [part for group in groups.values() for part in apart(group)]
    return [list(documents)]


def _has_twins(documents: Sequence[Document]) -> bool:
    names = [(thing.kind, thing.namespace, thing.name) for thing in things_of(documents)]
    return len(set(names)) < len(names)


def _rendered_first(problem: Problem) -> Problem:
    """The problem of a template that was not rendered says so."""
    if "{{" not in problem.place.source:
        return problem
    return Problem(problem.place, problem.found, problem.rule, "This is a template: render it first (helm template . | rolloutsim plan -).")
