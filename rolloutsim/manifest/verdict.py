"""The verdict on manifests: what the API server refuses, and what the controller calls invalid, in their words and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rolloutsim.errors import Place, Problem
from rolloutsim.manifest import kinds, rules
from rolloutsim.manifest.bundle import bundle, unpacked
from rolloutsim.manifest.documents import Document
from rolloutsim.manifest.violation import Violation

CREATED = "created"


@dataclass(frozen=True, slots=True)
class ObjectVerdict:
    """The API server's answer to one object: `created`, or its words when it refuses; `problems` say where in the file."""

    document: Document
    kind: str
    name: str
    api: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class RolloutVerdict:
    """The controller's answer to one Rollout; all None if the API server refused it. `invalid` is the message of its condition InvalidSpec.

    `violations` are all rules that it breaks (the controller reports the first), each with its place.
    """

    name: str
    phase: str | None = None
    message: str | None = None
    invalid: str | None = None
    violations: tuple[tuple[Violation, Place], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of some manifests: the worst word of all objects, and every answer behind it."""

    word: Literal["accepted", "refused", "invalid"]
    objects: tuple[ObjectVerdict, ...] = ()
    rollouts: tuple[RolloutVerdict, ...] = ()

    @property
    def controller_messages(self) -> tuple[str, ...]:
        """The messages of the conditions InvalidSpec, one a Rollout."""
        return tuple(rollout.invalid for rollout in self.rollouts if rollout.invalid is not None)


def verdict(documents: Sequence[Document]) -> Verdict:
    """The verdict on the Kubernetes objects of some documents, applied together to an empty namespace."""
    objects: list[ObjectVerdict] = []
    rollouts: list[RolloutVerdict] = []
    for document in documents:
        for origin in unpacked(document):
            data: Any = document.data if not origin.prefix else document.data["items"][int(origin.prefix[len("items[") : -2])]
            if not isinstance(data, dict):
                continue
            metadata = data.get("metadata")
            name = str(metadata.get("name", "")) if isinstance(metadata, dict) else ""
            problems: list[Problem] = []
            if data.get("kind") == "Rollout":
                kinds.decode_rollout(document, problems, origin.prefix)
            objects.append(ObjectVerdict(document, str(data.get("kind")), name, problems[0].found if problems else CREATED, tuple(problems)))
    manifests = bundle(documents, [], check_rules=False)
    if manifests is not None:
        rollout = manifests.rollout
        found = list(rules.spec_violations(rollout)) or list(
            rules.reference_violations(
                rollout,
                {service.meta.name: service for service in manifests.services},
                {ingress.meta.name: ingress for ingress in manifests.ingresses},
                manifests.templates,
                manifests.router_objects,
            )
        )
        invalid = f'The Rollout "{rollout.meta.name}" is invalid: {found[0]}' if found else None
        phase, message = ("Degraded", f"InvalidSpec: {invalid}") if invalid else ("Progressing", "")
        placed = tuple((violation, manifests.place("Rollout", rollout.meta.name, violation.path)) for violation in found)
        rollouts.append(RolloutVerdict(rollout.meta.name, phase, message, invalid, placed))
    word: Literal["accepted", "refused", "invalid"] = "accepted"
    if any(obj.api != CREATED for obj in objects):
        word = "refused"
    elif any(rollout.invalid is not None for rollout in rollouts):
        word = "invalid"
    return Verdict(word, tuple(objects), tuple(rollouts))
