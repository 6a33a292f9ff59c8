"""The verdict on manifests: what the API server refuses, and what the controller calls invalid, in their words and order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rolloutsim.errors import Place, Problem
from rolloutsim.manifest.api_server import CREATED, Answer, apply, as_read
from rolloutsim.manifest.documents import Document, Origin, objects_of
from rolloutsim.manifest.field_errors import Violation
from rolloutsim.manifest.rules import Cluster, reference_violations, spec_violations
from rolloutsim.manifest.rules.typed import templates_of, typed_rollout
from rolloutsim.manifest.rules.workload import WorkloadError, resolved

Tree = Mapping[str, Any]
Word = Literal["accepted", "refused", "invalid"]
_REFUSED_RULE = "the API server would refuse it"


@dataclass(frozen=True, slots=True)
class ObjectVerdict:
    """The API server's answer to one object: `created`, or its words when it refuses; `problems` say where in the file.

    `is_known` tells whether the kind was checked at all: the custom resources of others are taken as they are.
    """

    document: Document
    kind: str
    name: str
    api: str
    problems: tuple[Problem, ...] = ()
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class RolloutVerdict:
    """The controller's answer to one Rollout; all None if the API server refused it.

    `phase` and `message` are those of its first pass, `invalid` is the message of its condition InvalidSpec. `violations` are all rules that it
    breaks, of which the controller reports the first, each with its place.
    """

    name: str
    phase: str | None = None
    message: str | None = None
    invalid: str | None = None
    violations: tuple[tuple[Violation, Place], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of some manifests: the worst word of all objects, and every answer behind it."""

    word: Word
    objects: tuple[ObjectVerdict, ...] = ()
    rollouts: tuple[RolloutVerdict, ...] = ()

    @property
    def controller_messages(self) -> tuple[str, ...]:
        """The messages of the conditions InvalidSpec, one a Rollout."""
        return tuple(rollout.invalid for rollout in self.rollouts if rollout.invalid is not None)


def verdict(documents: Sequence[Document]) -> Verdict:
    """The verdict on the Kubernetes objects of some documents, applied together to a cluster that has nothing else.

    Documents that are no Kubernetes objects (no mapping, without apiVersion and kind as text) are passed over.
    """
    origins = [origin for document in documents for origin in objects_of(document) if is_object(origin.data)]
    answers = [(origin, apply(origin.data)) for origin in origins]
    cluster = Cluster(answer.stored for _, answer in answers if answer.stored is not None)
    objects = tuple(_object_verdict(origin, answer) for origin, answer in answers)
    rollouts = tuple(_rollout_verdict(origin, answer, cluster) for origin, answer in answers if is_rollout(origin.data))
    word: Word = "accepted"
    if any(obj.api != CREATED for obj in objects):
        word = "refused"
    elif any(rollout.invalid is not None for rollout in rollouts):
        word = "invalid"
    return Verdict(word, objects, rollouts)


def is_object(data: Any) -> bool:
    """Whether plain data is a Kubernetes object."""
    return isinstance(data, dict) and all(isinstance(data.get(key), str) for key in ("apiVersion", "kind"))


def is_rollout(data: Tree) -> bool:
    """Whether an object is a Rollout of Argo."""
    return data["kind"] == "Rollout" and str(data["apiVersion"]).startswith("argoproj.io/")


def name_of(data: Tree) -> str:
    """The name of an object, "" if it has none."""
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return name if isinstance(name, str) else ""


def refusals(origin: Origin) -> list[Problem]:
    """What the API server has against an object, with its places; nothing if it takes it."""
    return _problems(origin, apply(origin.data))


def _object_verdict(origin: Origin, answer: Answer) -> ObjectVerdict:
    kind, name = str(origin.data["kind"]), name_of(origin.data)
    return ObjectVerdict(origin.document, kind, name, answer.words, tuple(_problems(origin, answer)), answer.is_known)


def _problems(origin: Origin, answer: Answer) -> list[Problem]:
    """What is wrong with each value, the first thing if its type is wrong; that other rules were not looked at is not said."""
    said: dict[str, bool] = {}
    found = [v for v in answer.violations if v.field != "<nil>" and not (said.get(v.path) or said.setdefault(v.path, v.blocks) is None)]
    return [
        Problem(
            origin.place(violation.path),
            violation.detail if violation.field in ("", violation.path) else str(violation),
            _REFUSED_RULE,
            violation.remedy,
        )
        for violation in found
    ]


def _rollout_verdict(origin: Origin, answer: Answer, cluster: Cluster) -> RolloutVerdict:
    name = name_of(origin.data)
    if answer.stored is None:
        return RolloutVerdict(name)
    try:
        tree = resolved(as_read(answer.stored), cluster)
    except WorkloadError as error:
        found = [Violation("spec.workloadRef", "", str(error))]
    else:
        found = list(controller_violations(tree, cluster))
    placed = tuple((violation, origin.place(violation.path)) for violation in found)
    if found:
        first = found[0]
        invalid = f'The Rollout "{name}" is invalid: {first if first.field else first.detail}'
        return RolloutVerdict(name, "Degraded", f"InvalidSpec: {invalid}", invalid, placed)
    stuck = answer.stored["spec"].get("strategy", {}).get("blueGreen", {}).get("activeService") == ""
    return RolloutVerdict(name) if stuck else RolloutVerdict(name, "Progressing", "")


def controller_violations(tree: Tree, cluster: Cluster) -> Iterator[Violation]:
    """What the controller finds wrong with a stored Rollout: the rules on itself, then those on what it refers to.

    It only looks at the second if the first are kept, and reports the first of all; the others come later, one after another.
    """
    yield from spec_violations(tree)
    if len({"canary", "blueGreen"} & set(tree["spec"].get("strategy") or {})) == 1:
        yield from reference_violations(tree, typed_rollout(tree), cluster, templates_of(cluster))
