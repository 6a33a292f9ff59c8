"""Why a share is not what setWeight says, in words."""

from __future__ import annotations

import math

from rolloutsim.answers.intervals import Interval, draws_needed
from rolloutsim.answers.stretches import Stretch
from rolloutsim.manifest.objects import ReplicaSet
from rolloutsim.record import Record, Route


def reason_of(
    record: Record,
    stretch: Stretch,
    routes: list[Route],
    new_hash: str,
    found: Interval,
    wanted: float | None,
    judged: str | None,
    tolerance: float,
) -> str:
    """Why a share is what it is, in words; "" where there is nothing to explain."""
    if wanted is None:
        return ""
    if not stretch.held:
        return _on_the_way(record, stretch, new_hash)
    if math.isnan(found.share):
        return "no requests"
    last = routes[-1].endpoints
    weights = routes[-1].weights
    new = sum(endpoint.pod_hash == new_hash for endpoint in last)
    by_pods = new / len(last) if last else 0.0
    if weights:
        by_pods = sum(weight for endpoint, weight in zip(last, weights, strict=True) if endpoint.pod_hash == new_hash)
    if judged == "undecided" and found.covers != "bound":
        what = "connections" if found.covers == "connections" else "requests"
        return f"too few {what}: {found.draws:,.0f} of about {draws_needed(found.share, wanted, tolerance):,} needed"
    if judged == "agrees":
        return ""
    if weights and abs(by_pods - wanted) > 0.005:
        return f"the router is at {100 * by_pods:.1f} %"
    if abs(by_pods - wanted) > 0.005:
        return f"rounded to whole pods: {new} of {len(last)} is {100 * by_pods:.1f} %"
    return "connections are kept" if found.covers == "connections" else "chance"


def _on_the_way(record: Record, stretch: Stretch, new_hash: str) -> str:
    """What took most of the way to a weight: new pods that started, or what came after (the controller's passes and the router's lag)."""
    ready_s, before, missing = None, 0, False
    for t_s, _, _, obj in record.history("ReplicaSet"):
        if isinstance(obj, ReplicaSet) and obj.pod_hash == new_hash and t_s <= stretch.to_s:
            if obj.status.available_replicas > before and t_s >= stretch.from_s:
                ready_s = t_s
            before, missing = obj.status.available_replicas, obj.replicas > obj.status.available_replicas
    if ready_s is None and not missing:
        return "on the way"
    slow = missing or ready_s is None or ready_s - stretch.from_s >= stretch.to_s - ready_s
    return "on the way: pods still starting" if slow else "on the way: the router had not heard yet"
