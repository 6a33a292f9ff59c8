"""Small records built by hand, so that answers can be checked against what was put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rolloutsim.manifest.objects import (
    CanaryStrategy,
    Endpoint,
    EndpointSlice,
    Meta,
    Pause,
    Pod,
    PodTemplate,
    ReplicaSet,
    ReplicaSetStatus,
    Rollout,
    RolloutSpec,
    RolloutStatus,
    Service,
    Step,
    Strategy,
)
from rolloutsim.record import Change, Header, Record, Requests, Route, Routing, Tallies

OLD, NEW = "aaa", "bbb"
STEPS = (Step(set_weight=25), Step(pause=Pause()), Step(set_weight=75), Step(pause=Pause(duration=10)))


def replica_set(pod_hash: str, revision: int, available: int) -> ReplicaSet:
    template = PodTemplate(spec={"containers": [{"name": "web", "image": f"shop/web:v{revision}"}]})
    return ReplicaSet(
        Meta(f"web-{pod_hash}"), template, pod_hash, available, revision=revision, status=ReplicaSetStatus(available, available, available)
    )


def rollout(
    generation: int, observed: int, current: str, stable: str, index: int | None, steps: tuple[Step, ...] = STEPS, **status: object
) -> Rollout:
    spec = RolloutSpec(replicas=3, strategy=Strategy(canary=CanaryStrategy(steps=steps)))
    found = RolloutStatus(observed_generation=observed, current_pod_hash=current, stable_rs=stable, current_step_index=index)
    return Rollout(Meta("web", generation=generation), spec, replace(found, **status))  # type: ignore[arg-type]


def canary(
    traffic: Requests | Tallies,
    *,
    plane: str = "random",
    covers: str = "requests",
    steps: tuple[Step, ...] = STEPS,
    heard_s: float = 13.0,
    new: int = 1,
) -> Record:
    """Image at 10 s, `new` of 4 pods ready and step 0 done at 13 s, heard of by the data plane at `heard_s`; the record ends at 60 s."""
    pods = [Pod(Meta(f"p{i}"), NEW if i < new else OLD, i, ready=True) for i in range(4)]
    ends = tuple(Endpoint(f"p{i}", NEW if i < new else OLD, i) for i in range(4))
    states = [
        (0.0, rollout(1, 1, OLD, OLD, 4, steps)),
        (10.0, rollout(2, 1, OLD, OLD, 4, steps)),
        (10.1, rollout(2, 2, NEW, OLD, 0, steps)),
        (13.0, rollout(2, 2, NEW, OLD, 1, steps)),
    ]
    changes = [Change(0.0, "Pod", pod.meta.name, pod) for pod in pods]
    changes += [Change(0.0, "Service", "web", Service(Meta("web"))), Change(0.0, "EndpointSlice", "web", EndpointSlice(Meta("web"), ends[new:]))]
    changes += [Change(0.0, "ReplicaSet", "web-aaa", replica_set(OLD, 1, 4 - new)), Change(10.2, "ReplicaSet", "web-bbb", replica_set(NEW, 2, 0))]
    changes += [Change(12.9, "ReplicaSet", "web-bbb", replica_set(NEW, 2, new))]
    changes += [Change(12.9, "EndpointSlice", "web", EndpointSlice(Meta("web"), ends))]
    changes += [Change(t_s, "Rollout", "web", state) for t_s, state in states]
    routings = [Routing(t_s, "users", Route("web", plane, covers, known)) for t_s, known in ((0.0, ends[new:]), (heard_s, ends))]  # type: ignore[arg-type]
    changes.sort(key=lambda change: change.t_s)
    return Record(Header("by-hand", "web", 1), 60.0, changes=changes, routings=routings, traffic={"users": traffic})


def requests(pods: Sequence[int], *, from_s: float = 20.0, to_s: float = 50.0, connection: Sequence[int] | None = None, outcome: int = 0) -> Requests:
    """Requests at equal distances to these pods."""
    n = len(pods)
    names = np.full(n, -1) if connection is None else np.asarray(connection)
    t_s = np.linspace(from_s, to_s, n, endpoint=False)
    return Requests("users", t_s, np.asarray(pods, dtype=np.int32), names.astype(np.int32), np.full(n, outcome, dtype=np.uint8), np.full(n, 0.02))


def tallies(rows: Sequence[tuple[float, float, int, int, int, int, int]]) -> Tallies:
    """Rows of (from_s, to_s, pod, connection, connections, outcome, requests)."""
    from_s, to_s, pod, connection, connections, outcome, n = (np.array(column) for column in zip(*rows, strict=True))
    return Tallies("users", from_s.astype(float), to_s.astype(float), pod.astype(np.int32), connection, connections, outcome.astype(np.uint8), n)
