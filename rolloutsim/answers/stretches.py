"""A record's time cut into stretches in which one setWeight is approached, or held."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from rolloutsim.control.steps import describe
from rolloutsim.control.weights import set_weight
from rolloutsim.manifest.objects import Deployment, ReplicaSet, Rollout, Service
from rolloutsim.manifest.traffic_routing import TrafficRouting
from rolloutsim.record import Record


class Stretch(NamedTuple):
    """From `from_s` to `to_s`: the step it belongs to, in words, and the weight in force (None where there is none).

    `held` tells a reached weight from one that is on the way; `step` is the index of the setWeight step (None before, after and without one).
    """

    from_s: float
    to_s: float
    step: int | None
    label: str
    set_weight_percent: float | None
    held: bool

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.to_s - self.from_s


class Update(NamedTuple):
    """One new image: when it was asked for, the pod template hashes of the old stable and the new ReplicaSet."""

    at_s: float
    stable_hash: str
    new_hash: str


def updates(record: Record) -> list[Update]:
    """The updates of a record, in order; the first deploy is none."""
    found: list[Update] = []
    previous = ""
    asked_s = 0.0
    generation = 0
    templates = [(change.t_s, change.object.template) for change in record.history("Deployment") if isinstance(change.object, Deployment)]
    renewed_s = [t_s for (_, before), (t_s, after) in pairwise(templates) if before != after]
    for t_s, rollout in record.rollouts():
        status = rollout.status
        while renewed_s and renewed_s[0] <= t_s:
            asked_s = renewed_s.pop(0)  # with workloadRef the new image stands in the Deployment
        if rollout.meta.generation != generation:
            generation, asked_s = rollout.meta.generation, t_s
        if previous and status.current_pod_hash != previous and status.stable_rs:
            found.append(Update(asked_s, status.stable_rs, status.current_pod_hash))
        previous = status.current_pod_hash
    return found


def stretches(record: Record) -> list[Stretch]:
    """The stretches of a canary, in order; those shorter than a tenth of a second are left out."""
    states = record.rollouts()
    if not states or states[-1][1].spec.strategy.canary is None:
        return []
    cut: list[tuple[float, tuple[int | None, str, float | None, bool]]] = []
    for t_s, rollout in states:
        place = _place(rollout)
        if not cut or cut[-1][1] != place:
            cut.append((t_s, place))
    ends = [t_s for t_s, _ in cut[1:]] + [record.end_s]
    rows = [Stretch(t_s, end_s, *place) for (t_s, place), end_s in zip(cut, ends, strict=True)]
    return [row for row in rows if row.seconds >= 0.1]


def _place(rollout: Rollout) -> tuple[int | None, str, float | None, bool]:
    """Where in its steps a Rollout stands: (step, label, weight in percent, held)."""
    canary, status = rollout.spec.strategy.canary, rollout.status
    assert canary is not None
    top = (canary.traffic_routing or TrafficRouting()).max_traffic_weight or 100
    unobserved = status.observed_generation is not None and status.observed_generation < rollout.meta.generation
    if status.stable_rs in ("", status.current_pod_hash) or unobserved:
        return (None, "promoted" if status.stable_rs else "first deploy", None, True)
    if status.abort:
        return (None, "aborted", 0.0, False)
    index, steps = status.current_step_index or 0, canary.steps
    if index >= len(steps):
        return (None, "to 100 %", 100.0, False)
    step, weight = steps[index], set_weight(steps, index, aborted=False, max_weight=top)
    if step.set_weight is not None:
        return (index, f"to setWeight {step.set_weight}", 100.0 * step.set_weight / top, False)
    last = next((i for i in range(index, -1, -1) if steps[i].set_weight is not None), None)
    return (last, f"setWeight {weight}" if last is not None else describe(step), 100.0 * weight / top, True)


def selector_stretches(record: Record, service: str) -> list[tuple[float, float, str]]:
    """(from, to, pod template hash) for as long as a Service's selector stays the same; "" while it selects any."""
    cut = [(c.t_s, c.object.pod_hash) for c in record.history("Service", service) if isinstance(c.object, Service)]
    ends = [t_s for t_s, _ in cut[1:]] + [record.end_s]
    rows: list[tuple[float, float, str]] = []
    for (t_s, pod_hash), end_s in zip(cut, ends, strict=True):
        if rows and rows[-1][2] == pod_hash:
            rows[-1] = (rows[-1][0], end_s, pod_hash)
        else:
            rows.append((t_s, end_s, pod_hash))
    return rows


def replica_sets_at(record: Record, t_s: float) -> dict[str, ReplicaSet]:
    """The ReplicaSets as they stood just before an instant, by pod template hash."""
    return {obj.pod_hash: obj for (kind, _), obj in record.at(t_s - 1e-6).items() if kind == "ReplicaSet" and isinstance(obj, ReplicaSet)}
