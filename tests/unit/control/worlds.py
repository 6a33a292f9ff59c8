"""Worlds of plain manifests for tests of the controller, and what one does to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from rolloutsim.answers.share import share
from rolloutsim.control import commands
from rolloutsim.control.observed import Observed
from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.bundle import bundle
from rolloutsim.manifest.documents import parse
from rolloutsim.manifest.merge_patch import patched_spec
from rolloutsim.manifest.objects import (
    AnalysisRun,
    AnalysisTemplate,
    ClusterAnalysisTemplate,
    Experiment,
    Ingress,
    Pod,
    ReplicaSet,
    Rollout,
    RouterObject,
    Service,
)
from rolloutsim.record import Header
from rolloutsim.scenario import Action, Cluster, PluginSource, Pods, Stream, Version
from rolloutsim.scenario.metrics import MetricSource
from rolloutsim.world.world import Setup, World

JOB = {"template": {"spec": {"containers": [{"name": "job", "image": "job:v1"}]}}}
"""The least spec of a Job that the API server takes."""


def service(*names: str) -> list[dict[str, Any]]:
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": n}, "spec": {"selector": {"app": "app"}, "ports": [{"port": 80}]}} for n in names
    ]


def rollout(strategy: dict[str, Any], **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [{"name": "app", "image": "app:v1"}]}}
    whole = {"replicas": 4, "selector": {"matchLabels": {"app": "app"}}, "strategy": strategy, "template": template, **spec}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "app"}, "spec": whole}


INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web", "annotations": {"kubernetes.io/ingress.class": "nginx"}},
    "spec": {
        "rules": [
            {
                "host": "a",
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "stable", "port": {"number": 80}}}}]},
            }
        ]
    },
}


def virtual_service(*destinations: dict[str, Any]) -> dict[str, Any]:
    spec = {"hosts": ["a"], "http": [{"route": list(destinations)}]}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "vs"}, "spec": spec}


def world(
    *objects: dict[str, Any],
    versions: dict[str, Version] | None = None,
    healthy: bool = True,
    metrics: dict[str, Any] | None = None,
    plugins: dict[str, Any] | None = None,
    streams: tuple[Stream, ...] = (),
    timeline: Sequence[dict[str, Any]] = (),
    **cluster: Any,
) -> World:
    problems: list[Any] = []
    documents = [document for obj in objects for document in parse("test", json.dumps(obj), problems)]
    found = bundle(documents, problems, check_rules=False)
    assert not problems, problems
    assert found is not None
    setup = Setup(
        Header("s", "app", 1),
        found.rollout,
        found.services,
        routes=found.routes,
        ingresses=found.ingresses,
        templates=(*found.analysis_templates, *found.cluster_analysis_templates),
        standalone=(*found.experiments, *found.analysis_runs),
        cluster=Cluster(pods=Pods(start=1.0, stop=1.0), **cluster),
        streams=streams,
        metrics=tuple((name, MetricSource.model_validate(given)) for name, given in (metrics or {}).items()),
        plugins=tuple((name, PluginSource.model_validate(given)) for name, given in (plugins or {}).items()),
        versions=tuple((versions or {}).items()),
        timeline=tuple(Action.model_validate(entry) for entry in timeline),
        healthy_at_start=healthy,
    )
    made = World(setup)
    made.advance(1.0)
    return made


SERVICES = service("canary", "stable")


def routed(routing: dict[str, Any], steps: Iterable[dict[str, Any]] = ({"setWeight": 20}, {"pause": {}}), **canary: Any) -> dict[str, Any]:
    """A Rollout of 4 pods over the Services `canary` and `stable`."""
    strategy = {"canaryService": "canary", "stableService": "stable", "steps": list(steps), "trafficRouting": routing, **canary}
    return rollout({"canary": strategy})


def with_port(manifest: dict[str, Any]) -> dict[str, Any]:
    """A Rollout whose container has a port, so that an Experiment's templates get Services."""
    manifest["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 8081}]
    return manifest


def specs(made: World, kind: type[RouterObject], name: str = "web") -> list[Any]:
    """Every spec that a routing object has had; None once it is deleted."""
    return [change.object.spec if isinstance(change.object, RouterObject) else None for change in made.record.history(kind.__name__, name)]


def messages(made: World, reason: str) -> list[str]:
    return [happening.event.message for happening in made.record.events if happening.event.reason == reason]


def measured(made: World, stream: str = "users") -> float:
    """The share of the new version at the first setWeight that was reached, in percent."""
    row = share(made.finish()).held(stream)[0]
    assert row.share_percent is not None
    assert row.verdict in ("agrees", "undecided"), row
    assert row.low_percent <= (row.set_weight_percent or 0.0) <= row.high_percent
    return row.share_percent


def image(made: World, tag: str, wait_s: float = 0.0) -> None:
    do(made, commands.set_image(made.rollout, {"*": f"app:{tag}"}))
    made.advance(made.now_s + wait_s)


def do(made: World, answer: commands.Answer) -> None:
    for patch in answer.patches:
        current = made.rollout
        if patch.spec is not None:
            made.store.update(Rollout, "app", {"spec": patch.spec})
        if patch.status is not None:
            made.store.update(Rollout, "app", {"status": replace(current.status, **patch.status)})


def edit(made: World, spec: dict[str, Any], wait_s: float = 2.0) -> None:
    made.store.update(Rollout, "app", {"spec": patched_spec(made.rollout, {"spec": spec})})
    made.advance(made.now_s + wait_s)


def reasons(made: World) -> list[str]:
    return [happening.event.reason for happening in made.record.events]


def sizes(made: World) -> dict[str, int]:
    return {rs.template.images[0].rpartition(":")[2]: rs.replicas for rs in made.store.objects(ReplicaSet)}


def observed(made: World) -> Observed:
    """What the controller would see of the world as it stands, without any delay."""
    store = made.store
    routes: dict[Any, Any] = {(type(o), o.meta.name): o for o in store.everything() if isinstance(o, RouterObject) and not isinstance(o, Ingress)}
    return Observed(
        rollout=made.rollout,
        replica_sets=tuple(rs for rs in store.objects(ReplicaSet) if rs.meta.owner == "app"),
        services={s.meta.name: s for s in store.objects(Service)},
        ingresses={i.meta.name: i for i in store.objects(Ingress)},
        routes=routes,
        pods=tuple(store.objects(Pod)),
        templates=Templates(
            {t.meta.name: t for t in store.objects(AnalysisTemplate)}, {t.meta.name: t for t in store.objects(ClusterAnalysisTemplate)}
        ),
        analysis_runs=tuple(run for run in store.objects(AnalysisRun) if run.meta.owner == "app"),
        experiments=tuple(e for e in store.objects(Experiment) if e.meta.owner == "app"),
    )
