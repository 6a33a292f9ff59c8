"""A record in the form of the recordings of the real controller (tests/parity/README.md): one state for each change of an object."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.manifest.decode import snake
from rolloutsim.manifest.objects import AnalysisRun, EndpointSlice, Experiment, Ingress, Object, ReplicaSet, Rollout, Service, VirtualService
from rolloutsim.record import Record

Json = dict[str, Any]
DELETIONS = frozenset({"ReplicaSet", "AnalysisRun", "Experiment"})


def revision_names(record: Record) -> dict[str, str]:
    """Pod template hash -> revN, N being the revision that the ReplicaSet was created with."""
    names: dict[str, str] = {}
    for change in record.history("ReplicaSet"):
        if isinstance(change.object, ReplicaSet) and change.object.revision:
            names.setdefault(change.object.pod_hash, f"rev{change.object.revision}")
    return names


def timeline_document(record: Record, views: Sequence[Json] = ()) -> Json:
    """`timeline`, `events`, `views`, `revisions` and `until` of a record."""
    names = revision_names(record)
    timeline: list[Json] = []
    last: dict[tuple[str, str], Json] = {}
    for change in record.changes:
        kind = "Endpoints" if change.kind == "EndpointSlice" else change.kind
        if change.object is None:
            if kind in DELETIONS:
                name = names.get(change.name.rpartition("-")[2]) or _renamed(change.name, names)
                timeline.append({"t": round(change.t_s, 3), "kind": kind, "name": name, "state": {**last.get((kind, name), {}), "deleted": True}})
            continue
        state = _state(change.object, names)
        if state is None:
            continue
        is_own = isinstance(change.object, ReplicaSet) and change.object.revision > 0
        name = names[change.object.pod_hash] if is_own and isinstance(change.object, ReplicaSet) else _renamed(change.name, names)
        if last.get((kind, name)) != state:
            last[kind, name] = state
            timeline.append({"t": round(change.t_s, 3), "kind": kind, "name": name, "state": state})
    events = [
        {
            "t": round(happening.t_s, 3),
            "on": happening.event.on,
            "type": happening.event.type,
            "reason": happening.event.reason,
            "message": _renamed(happening.event.message, names),
            "count": happening.event.count,
        }
        for happening in record.events
    ]
    revisions = {revision: pod_hash for pod_hash, revision in names.items()}
    return {"until": record.end_s, "timeline": timeline, "events": events, "views": list(views), "revisions": revisions}


def _renamed(text: str, names: Mapping[str, str]) -> str:
    if not names:
        return text
    return re.sub("|".join(map(re.escape, names)), lambda match: names[match[0]], text)


def _state(obj: Object, names: Mapping[str, str]) -> Json | None:
    match obj:
        case Rollout():
            return _rollout(obj, names)
        case ReplicaSet():
            return {
                "revision": str(obj.revision) if obj.revision else None,
                "image": ",".join(obj.template.images),
                "spec": obj.replicas,
                "replicas": obj.status.replicas,
                "ready": obj.status.ready_replicas,
                "available": obj.status.available_replicas,
                "scaleDownDeadline": obj.scale_down_deadline_s,
            }
        case Service():
            return {"hash": names.get(obj.pod_hash, obj.pod_hash) or None}
        case EndpointSlice():
            return {"ready": len(obj.endpoints)}
        case Ingress():
            return {"annotations": {key: value for key, value in sorted(obj.meta.annotations.items()) if "nginx" in key}}
        case AnalysisRun():
            return _analysis_run(obj, names)
        case Experiment():
            templates = [
                {
                    "name": template.name,
                    "status": template.status,
                    "replicas": template.replicas,
                    "readyReplicas": template.ready_replicas,
                    "availableReplicas": template.available_replicas,
                }
                for template in obj.status.template_statuses
            ]
            return {"phase": obj.status.phase or None, "message": _renamed(obj.status.message, names) or None, "templates": templates}
        case VirtualService():
            return {"http": [_http_route(route) for route in obj.spec.get("http") or ()]}
    return None


def _analysis_run(run: AnalysisRun, names: Mapping[str, str]) -> Json:
    counters = ("count", "successful", "failed", "inconclusive", "error", "consecutiveError", "consecutiveSuccess")
    metrics = []
    for result in run.status.metric_results:
        counted = {key: n for key in counters if (n := getattr(result, snake(key)))}
        metrics.append({"name": result.name, "phase": result.phase, **counted})
    message = _renamed(run.status.message, names) or None
    return {"terminate": run.spec.terminate, "phase": run.status.phase, "message": message, "metrics": metrics}


def _http_route(route: Mapping[str, Any]) -> Json:
    destinations = [[d["destination"].get("host"), d["destination"].get("subset"), d.get("weight")] for d in route.get("route") or ()]
    rest = {key: route.get(key) for key in ("name", "match", "mirror", "mirrorPercentage")}
    return {**rest, "route": destinations}


def _rollout(rollout: Rollout, names: Mapping[str, str]) -> Json:
    status = rollout.status
    weights = status.weights

    def named(pod_hash: str) -> str | None:
        return names.get(pod_hash, pod_hash) or None

    return {
        "generation": rollout.meta.generation,
        "observedGeneration": None if status.observed_generation is None else str(status.observed_generation),
        "specReplicas": rollout.spec.replicas,
        "phase": status.phase,
        "message": _renamed(status.message, names) or None,
        "step": status.current_step_index,
        "current": named(status.current_pod_hash),
        "stable": named(status.stable_rs),
        "abort": status.abort,
        "promoteFull": status.promote_full,
        "controllerPause": status.controller_pause,
        "pauses": [[pause.reason, pause.start_s] for pause in status.pause_conditions],
        "abortedAt": status.aborted_at_s,
        "specPaused": rollout.spec.paused,
        "replicas": status.replicas,
        "updated": status.updated_replicas,
        "ready": status.ready_replicas,
        "available": status.available_replicas,
        "weights": None if weights is None else {side: {"weight": getattr(weights, side).weight} for side in ("canary", "stable")},
        "stablePingPong": status.stable_ping_pong or None,
        "active": named(status.active_selector),
        "preview": named(status.preview_selector),
        "scaleUpPreviewCheckPoint": status.scale_up_preview_check_point,
        "conditions": {c.type: [c.status, c.reason, _renamed(c.message, names)] for c in status.conditions},
    }
