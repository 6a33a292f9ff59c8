"""A record as pandas frames: requests, pods, replicasets, phases, events; pandas loads only here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rolloutsim.control.phase import client_phase
from rolloutsim.manifest.objects import Pod, ReplicaSet
from rolloutsim.record import OUTCOMES, Record, Requests

if TYPE_CHECKING:
    import pandas as pd


def requests(record: Record) -> pd.DataFrame:
    """A row for each request: stream, t_s, version (image), revision, pod, outcome, latency_s; for tallies, for each count (`requests`)."""
    import numpy as np
    import pandas as pd

    names: dict[int, tuple[str, str, int]] = {-1: ("", "", 0)}
    sets = {c.object.pod_hash: c.object for c in record.history("ReplicaSet") if isinstance(c.object, ReplicaSet)}
    for ordinal, pod in record.pods().items():
        if isinstance(pod, Pod):
            names[ordinal] = (pod.meta.name, ", ".join(pod.images), sets[pod.pod_hash].revision if pod.pod_hash in sets else 0)
    parts = []
    for name, traffic in record.traffic.items():
        if isinstance(traffic, Requests):
            columns: dict[str, Any] = {"t_s": traffic.t_s, "latency_s": traffic.latency_s}
        else:
            columns = {"from_s": traffic.from_s, "to_s": traffic.to_s, "requests": traffic.requests}
        ordinals, which = np.unique(traffic.pod, return_inverse=True)
        for i, column in enumerate(("pod", "image", "revision")):
            columns[column] = np.array([names[int(o)][i] for o in ordinals])[which]
        columns["outcome"] = np.array(OUTCOMES)[traffic.outcome]
        parts.append(pd.DataFrame({"stream": name, **columns, "connection": traffic.connection}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["stream", "t_s"])


def pods(record: Record) -> pd.DataFrame:
    """A row for each state of each pod: t_s, pod, word, ready, deleted."""
    return _rows(
        [
            {
                "t_s": c.t_s,
                "pod": c.name,
                "word": o.word if o else "gone",
                "ready": bool(o and o.ready),
                "deleted": o is None or o.deleted_s is not None,
            }
            for c in record.history("Pod")
            for o in [c.object if isinstance(c.object, Pod) else None]
        ]
    )


def replicasets(record: Record) -> pd.DataFrame:
    """A row for each state of each ReplicaSet: t_s, replicaset, revision, image, spec and status counts."""
    return _rows(
        [
            {
                "t_s": c.t_s,
                "replicaset": c.name,
                "revision": c.object.revision,
                "image": ", ".join(c.object.template.images),
                "spec_replicas": c.object.replicas,
                "replicas": c.object.status.replicas,
                "ready_replicas": c.object.status.ready_replicas,
                "available_replicas": c.object.status.available_replicas,
            }
            for c in record.history("ReplicaSet")
            if isinstance(c.object, ReplicaSet)
        ]
    )


def phases(record: Record) -> pd.DataFrame:
    """A row for each phase and step of the Rollout: t_s, phase, message, step."""
    rows: list[dict[str, Any]] = []
    for t_s, rollout in record.rollouts():
        phase, message = client_phase(rollout)
        row = {"phase": phase, "message": message, "step": rollout.status.current_step_index}
        if not rows or {key: rows[-1][key] for key in row} != row:
            rows.append({"t_s": t_s, **row})
    return _rows(rows)


def events(record: Record) -> pd.DataFrame:
    """A row for each event: t_s, on, type, reason, message, count."""
    return _rows(
        [
            {"t_s": h.t_s, "on": h.event.on, "type": h.event.type, "reason": h.event.reason, "message": h.event.message, "count": h.event.count}
            for h in record.events
        ]
    )


def _rows(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)


FRAMES: dict[str, Callable[[Record], Any]] = {"requests": requests, "pods": pods, "replicasets": replicasets, "phases": phases, "events": events}
