"""The objects of some manifests as they stand in YAML, typed no further than asked, so that nothing in them can surprise a check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from rolloutsim.errors import Place
from rolloutsim.manifest.documents import Document, objects_of, shown

WORKLOADS = ("Rollout", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
_GROUPS = {
    "Service": ("",),
    "Ingress": ("networking.k8s.io",),
    "Deployment": ("apps",),
    "Job": ("batch",),
    **dict.fromkeys(("Rollout", "AnalysisTemplate", "ClusterAnalysisTemplate", "Experiment", "AnalysisRun"), ("argoproj.io",)),
}
_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[str | int, ...]:
    return tuple(key or int(index) for key, index in _PART.findall(path))


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings in a list; nothing for anything else."""
    yield from (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()


@dataclass(frozen=True)
class Thing:
    """One object: its YAML tree, and where it stands (`prefix` is its path in the document, such as `items[2].`)."""

    document: Document = field(repr=False)
    prefix: str
    data: Mapping[str, Any] = field(repr=False)
    kind: str
    name: str
    namespace: str

    def get(self, path: str) -> Any:
        """The value at a path; None where there is none, or where something on the way has another type."""
        value: Any = self.data
        for part in _parts(path):
            if isinstance(part, str):
                value = value.get(part) if isinstance(value, dict) else None
            else:
                value = value[part] if isinstance(value, list) and part < len(value) else None
            if value is None:
                return None
        return value

    def text(self, path: str) -> str:
        """The text at a path; "" for anything else."""
        value = self.get(path)
        return value if isinstance(value, str) else ""

    def number(self, path: str) -> int | None:
        """The whole number at a path; None for anything else."""
        value = self.get(path)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def mapping(self, path: str) -> Mapping[str, Any]:
        """The mapping at a path; empty for anything else."""
        value = self.get(path)
        return value if isinstance(value, Mapping) else {}

    def list(self, path: str) -> Sequence[Any]:
        """The list at a path; empty for anything else."""
        value = self.get(path)
        return value if isinstance(value, list) else ()

    def texts(self, path: str) -> Sequence[str]:
        """The texts in the list at a path."""
        return tuple(item for item in self.list(path) if isinstance(item, str))

    def has(self, path: str) -> bool:
        """Whether the user wrote something at a path."""
        return self.get(path) is not None

    def place(self, path: str = "") -> Place:
        """Where a path stands."""
        return self.document.place(self.prefix + path)

    def sees(self, other: Thing) -> bool:
        """Whether both are in one namespace, as far as the manifests say."""
        return not self.namespace or not other.namespace or self.namespace == other.namespace

    def __str__(self) -> str:
        return f"{self.kind}/{shown(self.name)}"

    @cached_property
    def pod_template(self) -> str:
        """Path of a workload's pod template."""
        return {"CronJob": "spec.jobTemplate.spec.template", "Pod": ""}.get(self.kind, "spec.template")

    @cached_property
    def pod_labels(self) -> Mapping[str, Any]:
        """Labels of the pods that a workload makes."""
        return self.mapping(f"{self.pod_template}.metadata.labels" if self.pod_template else "metadata.labels")


@dataclass(frozen=True)
class Landscape:
    """All objects that are planned together; of one that stands twice `things` has the last and `overwritten` the others."""

    things: tuple[Thing, ...]
    overwritten: tuple[Thing, ...] = ()

    @classmethod
    def of(cls, documents: Sequence[Document]) -> Landscape:
        """The objects of some documents, Lists unpacked."""
        found: dict[tuple[str, str, str], Thing] = {}
        overwritten: list[Thing] = []
        for thing in things_of(documents):
            key = (thing.kind, thing.namespace, thing.name)
            if thing.name and key in found:
                overwritten.append(found[key])
            found[key] = thing
        return cls(tuple(found.values()), tuple(overwritten))

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Thing, ...]]:
        """Objects by kind."""
        found: dict[str, list[Thing]] = {}
        for thing in self.things:
            found.setdefault(thing.kind, []).append(thing)
        return {kind: tuple(things) for kind, things in found.items()}

    def of_kind(self, *kinds: str) -> tuple[Thing, ...]:
        """Objects of some kinds."""
        return tuple(thing for kind in kinds for thing in self.by_kind.get(kind, ()))

    def near(self, thing: Thing, kind: str, name: str) -> Thing | None:
        """An object by kind and name in a namespace."""
        return next((t for t in self._by_name.get((kind, name), ()) if t.sees(thing)), None)

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], Sequence[Thing]]:
        found: dict[tuple[str, str], list[Thing]] = {}
        for thing in self.things:
            found.setdefault((thing.kind, thing.name), []).append(thing)
        return found

    def selecting(self, selector: Mapping[str, Any], near: Thing) -> tuple[Thing, ...]:
        """Workloads whose pods a selector fits."""
        wanted = [next(iter(selector.items()))] if selector else []
        candidates = self._by_label.get((wanted[0][0], str(wanted[0][1])), ()) if wanted else ()
        return tuple(w for w in candidates if w.sees(near) and fits(selector, w.pod_labels))

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str], Sequence[Thing]]:
        found: dict[tuple[str, str], list[Thing]] = {}
        for workload in self.of_kind(*WORKLOADS):
            for key, value in workload.pod_labels.items():
                found.setdefault((key, str(value)), []).append(workload)
        return found


def fits(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether labels satisfy an equality selector; the controller's own hash label does not count."""
    return all(str(labels.get(key)) == str(value) for key, value in selector.items() if key != "rollouts-pod-template-hash")


def things_of(documents: Sequence[Document]) -> Iterator[Thing]:
    """The Kubernetes objects of some documents, in reading order; what is none is left out."""
    for document in documents:
        for origin in objects_of(document):
            data = origin.data
            if isinstance(data, Mapping) and isinstance(data.get("kind"), str) and isinstance(data.get("apiVersion"), str):
                metadata = data.get("metadata")
                metadata = metadata if isinstance(metadata, Mapping) else {}
                name, namespace = (v if isinstance(v := metadata.get(key), str) else "" for key in ("name", "namespace"))
                yield Thing(document, origin.prefix, data, _kind(data["kind"], data["apiVersion"]), name, namespace)


def _kind(kind: str, api_version: str) -> str:
    """The kind; with its group where another group has a kind of that name, as Knative has a Service."""
    group = api_version.rpartition("/")[0]
    return kind if group in _GROUPS.get(kind, (group,)) else f"{kind}.{group}"
