"""Stored objects as typed values, where a rule needs them: the API server has checked their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from rolloutsim.manifest.analysis import AnalysisTemplate, ClusterAnalysisTemplate, TemplateSpec
from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.decode import Decoder
from rolloutsim.manifest.documents import Document
from rolloutsim.manifest.objects import Meta, Rollout, RolloutSpec
from rolloutsim.manifest.pod_template import PodTemplate
from rolloutsim.manifest.rules.cluster import Cluster

Tree = Mapping[str, Any]
T = TypeVar("T")


def typed_rollout(tree: Tree) -> Rollout:
    """A Rollout; its pod template is left out."""
    spec = {key: value for key, value in tree["spec"].items() if key != "template"}
    return Rollout(_meta(tree), _decoded(RolloutSpec, spec) or RolloutSpec())


def templates_of(cluster: Cluster) -> Templates:
    """The analysis templates of a cluster by name."""
    namespaced = {tree["metadata"]["name"]: tree for tree in cluster.all("AnalysisTemplate", "argoproj.io")}
    of_cluster = {tree["metadata"]["name"]: tree for tree in cluster.all("ClusterAnalysisTemplate", "argoproj.io")}
    return Templates(
        {name: AnalysisTemplate(_meta(tree), _decoded(TemplateSpec, tree.get("spec") or {}) or TemplateSpec()) for name, tree in namespaced.items()},
        {
            name: ClusterAnalysisTemplate(_meta(tree), _decoded(TemplateSpec, tree.get("spec") or {}) or TemplateSpec())
            for name, tree in of_cluster.items()
        },
    )


def _meta(tree: Tree) -> Meta:
    meta: Tree = tree["metadata"]
    return Meta(meta["name"], meta.get("namespace") or "default", labels=meta.get("labels") or {}, annotations=meta.get("annotations") or {})


def _decoded(cls: type[T], tree: Tree) -> T | None:
    return Decoder(Document("", dict(tree)), [], {PodTemplate: lambda *_: PodTemplate()}).decode(cls, dict(tree), "")
