"""The manifests of a run: one Rollout, the objects around it, and what plays no part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rolloutsim.errors import Place, Problem
from rolloutsim.manifest import kinds
from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.documents import Document, Origin, objects_of, parse, read_text, shown
from rolloutsim.manifest.objects import (
    AnalysisRun,
    AnalysisTemplate,
    ClusterAnalysisTemplate,
    Deployment,
    Experiment,
    Ingress,
    PodTemplate,
    Rollout,
    Service,
)
from rolloutsim.manifest.router_kinds import decode_router_object
from rolloutsim.manifest.router_objects import API_VERSIONS, RouterObject, RouterObjects, VirtualService
from rolloutsim.manifest.verdict import is_object, name_of, refusals, verdict
from rolloutsim.manifest.workloads import workload_of

PLAYS_NO_PART = frozenset(
    [
        "Certificate",
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "CronJob",
        "CustomResourceDefinition",
        "DaemonSet",
        "Deployment",
        "ExternalSecret",
        "Gateway",
        "GatewayClass",
        "Host",
        "IngressClass",
        "IngressClassParams",
        "Job",
        "LimitRange",
        "Listener",
        "Middleware",
        "Namespace",
        "NetworkPolicy",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PodMonitor",
        "PriorityClass",
        "PrometheusRule",
        "ReferenceGrant",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "Secret",
        "ServiceAccount",
        "ServiceMonitor",
        "StatefulSet",
        "StorageClass",
    ]
)
NOT_PREDICTED = {
    "HorizontalPodAutoscaler": "it would change spec.replicas during the rollout: sizes and shares that follow from that are not predicted",
    "ScaledObject": "it would change spec.replicas during the rollout: sizes and shares that follow from that are not predicted",
    "VerticalPodAutoscaler": "it would restart pods: that is not predicted",
    "PodDisruptionBudget": "it can hold back evictions and node drains: those are not predicted",
}


class Ignored(NamedTuple):
    """An object that plays no part, and what is therefore not predicted ("" for most)."""

    kind: str
    name: str
    place: Place
    note: str = ""


@dataclass(frozen=True, slots=True)
class Manifests:
    """Typed objects of a run; `origins` by (kind, name) leads back to file and line."""

    rollout: Rollout
    services: tuple[Service, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    routes: tuple[RouterObject, ...] = ()
    analysis_templates: tuple[AnalysisTemplate, ...] = ()
    cluster_analysis_templates: tuple[ClusterAnalysisTemplate, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    analysis_runs: tuple[AnalysisRun, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    origins: dict[tuple[str, str], Origin] = field(default_factory=dict)
    deployment: Deployment | None = None

    @property
    def template(self) -> PodTemplate:
        """The pod template of the Rollout, which with workloadRef is its Deployment's."""
        return self.rollout.spec.template if self.deployment is None else self.deployment.template

    @property
    def templates(self) -> Templates:
        """The analysis templates by name."""
        return Templates(
            {template.meta.name: template for template in self.analysis_templates},
            {template.meta.name: template for template in self.cluster_analysis_templates},
        )

    @property
    def virtual_services(self) -> tuple[VirtualService, ...]:
        """Istio's VirtualServices."""
        return tuple(route for route in self.routes if isinstance(route, VirtualService))

    @property
    def router_objects(self) -> RouterObjects:
        """The objects of traffic routers by kind and name."""
        return {(type(route), route.meta.name): route for route in self.routes}

    def place(self, kind: str, name: str, path: str = "") -> Place:
        """Where a value of an object stands."""
        origin = self.origins.get((kind, name))
        return origin.place(path) if origin is not None else Place(path=path)


def _group_of(api_version: str) -> str:
    """The beginning of every version of a kind; Traefik's group was traefik.containo.us before Traefik 3."""
    group = api_version.partition("/")[0]
    return "traefik." if group == "traefik.io" else f"{group}/"


_DECODERS: dict[str, tuple[str, Callable[[Document, list[Problem], str], Any]]] = {
    "Rollout": ("argoproj.io/v1alpha1", kinds.decode_rollout),
    "Service": ("v1", kinds.decode_service),
    "Ingress": ("networking.k8s.io/v1", kinds.decode_ingress),
    **{kind.__name__: (_group_of(version), partial(decode_router_object, kind)) for kind, version in API_VERSIONS.items()},
    "AnalysisTemplate": ("argoproj.io/v1alpha1", kinds.decode_analysis_template),
    "ClusterAnalysisTemplate": ("argoproj.io/v1alpha1", kinds.decode_cluster_analysis_template),
    "AnalysisRun": ("argoproj.io/v1alpha1", kinds.decode_analysis_run),
    "Experiment": ("argoproj.io/v1alpha1", kinds.decode_experiment),
}


def bundle(documents: Sequence[Document], problems: list[Problem], *, check_rules: bool = True) -> Manifests | None:
    """The manifests of some documents; None when there is no Rollout to play. All problems are added to `problems`."""
    found: dict[str, dict[str, Any]] = {kind: {} for kind in _DECODERS}
    ignored: list[Ignored] = []
    origins: dict[tuple[str, str], Origin] = {}
    for document in documents:
        for origin in objects_of(document):
            _sort_in(origin, found, ignored, origins, problems)
    rollouts = list(found["Rollout"].values())
    if not rollouts:
        if not any(kind == "Rollout" for kind, _ in origins):
            rule = "a scenario plays exactly one Rollout"
            problems.append(Problem(_first_place(origins), "no Rollout", rule, "Add the Rollout's manifest, or name its file in spec.manifests."))
        return None
    if len(rollouts) > 1:
        second = rollouts[1]
        at = _place(origins, "Rollout", second.meta.name, "metadata.name")
        problems.append(Problem(at, f"a second Rollout, {shown(second.meta.name)}", "a scenario plays exactly one Rollout", "Keep one of them."))
    rollout: Rollout = rollouts[0]
    broken = rule_problems(documents, rollout.meta.name) if check_rules else []
    deployment = workload_of(rollout, origins, problems, broken)
    manifests = Manifests(
        rollout,
        tuple(found["Service"].values()),
        tuple(found["Ingress"].values()),
        tuple(obj for objects in found.values() for obj in objects.values() if isinstance(obj, RouterObject)),
        tuple(found["AnalysisTemplate"].values()),
        tuple(found["ClusterAnalysisTemplate"].values()),
        tuple(found["Experiment"].values()),
        tuple(found["AnalysisRun"].values()),
        tuple(one for one in ignored if deployment is None or (one.kind, one.name) != ("Deployment", shown(deployment.meta.name))),
        origins,
        deployment,
    )
    problems.extend(broken)
    return None if rollout.spec.workload_ref is not None and deployment is None else manifests


def rule_problems(documents: Sequence[Document], name: str) -> list[Problem]:
    """What the controller would call invalid in a Rollout, in its words."""
    found = next((rollout for rollout in verdict(documents).rollouts if rollout.name == name), None)
    return [
        Problem(place, f'The Rollout "{name}" is invalid: {violation}', "the controller would refuse it", violation.remedy)
        for violation, place in (found.violations if found is not None else ())
    ]


def read_manifests(paths: Iterable[str | Path], problems: list[Problem]) -> list[Document]:
    """The documents of files and folders (their *.yaml, *.yml and *.json, sorted, recursively)."""
    documents: list[Document] = []
    for path in paths:
        for file in _files(path, problems):
            text = read_text(file, problems)
            if text is not None:
                documents.extend(parse(str(file), text, problems))
    return documents


def _files(path: str | Path, problems: list[Problem]) -> list[str | Path]:
    if str(path) == "-" or not Path(path).is_dir():
        return [path]
    files: list[str | Path] = [f for f in sorted(Path(path).rglob("*")) if f.suffix in (".yaml", ".yml", ".json") and f.is_file()]
    if not files:
        problems.append(Problem(Place(str(path)), "a folder without YAML files", "manifests are .yaml, .yml or .json", "Name another folder."))
    return files


def _sort_in(
    origin: Origin, found: dict[str, dict[str, Any]], ignored: list[Ignored], origins: dict[tuple[str, str], Origin], problems: list[Problem]
) -> None:
    document, prefix, data = origin
    if not isinstance(data, dict):
        rule = "a manifest is a mapping with apiVersion, kind and metadata"
        problems.append(Problem(document.place(prefix), "a document that is no mapping", rule, "Remove it, or complete it."))
        return
    if not is_object(data):
        rule = "every manifest has apiVersion and kind as text"
        problems.append(Problem(document.place(prefix), "a document without apiVersion and kind", rule, "Add them."))
        return
    kind, version, name = data["kind"], data["apiVersion"], name_of(data)
    if kind in _DECODERS and version.startswith(_DECODERS[kind][0]):
        origins.setdefault((kind, name), origin)
        refused = refusals(origin)
        problems.extend(refused)
        obj = None if refused else _DECODERS[kind][1](document, problems, prefix)
        if name in found[kind]:
            at = document.place(f"{prefix}metadata.name")
            problems.append(Problem(at, f"{kind} {shown(name)} a second time", "an object stands once", "Remove one of the two."))
        elif obj is not None:
            found[kind][name] = obj
    elif kind in NOT_PREDICTED or kind in PLAYS_NO_PART:
        if kind == "Deployment":
            origins.setdefault((kind, name), origin)
        ignored.append(Ignored(kind, shown(name), document.place(prefix), NOT_PREDICTED.get(kind, "")))
    else:
        rule = f"rolloutsim knows {', '.join(_DECODERS)} and what plays no part beside them"
        remedy = f"Check apiVersion and kind ({shown(version)}), or leave the document out."
        problems.append(Problem(document.place(f"{prefix}kind"), f"the unknown kind {shown(kind)}", rule, remedy))


def _place(origins: dict[tuple[str, str], Origin], kind: str, name: str, path: str) -> Place:
    return origins[kind, name].place(path)


def _first_place(origins: dict[tuple[str, str], Origin]) -> Place:
    return next((Place(origin.document.file) for origin in origins.values()), Place("manifests"))
