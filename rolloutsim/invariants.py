"""Checkers that watch a run and stop it at the first impossible state.

`checkers()` gives observers for `World` and `simulate`; each is called after every write with the change and the store. They state what holds
whatever the manifests and the operator do; bounds that a strategy promises only under conditions are tested in tests/properties.
"""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.control.hashes import step_hash
from rolloutsim.errors import ImpossibleState
from rolloutsim.manifest.objects import EndpointSlice, Pod, ReplicaSet, Rollout
from rolloutsim.record import Change
from rolloutsim.world.store import Store

Observer = Callable[[Change, Store], None]


def checkers() -> tuple[Observer, ...]:
    """All checkers."""
    return (counts_are_sane, endpoints_point_at_live_pods, steps_stay_in_range, time_runs_forward())


def _require(holds: bool, change: Change, what: str) -> None:
    if not holds:
        raise ImpossibleState(f"{change.kind} {change.name} at {change.t_s:.3f} s: {what}")


def counts_are_sane(change: Change, store: Store) -> None:
    """No count is negative, and available <= ready <= replicas."""
    obj = change.object
    if isinstance(obj, ReplicaSet):
        status = obj.status
        _require(obj.replicas >= 0, change, f"spec.replicas {obj.replicas} is negative")
        ordered = 0 <= status.available_replicas <= status.ready_replicas <= status.replicas
        _require(ordered, change, f"available {status.available_replicas}, ready {status.ready_replicas}, replicas {status.replicas}")
    elif isinstance(obj, Rollout):
        whole = obj.status
        counts = (whole.replicas, whole.updated_replicas, whole.ready_replicas, whole.available_replicas)
        _require(min(counts) >= 0, change, f"a negative count among {counts}")
        _require(whole.updated_replicas <= whole.replicas, change, f"updated {whole.updated_replicas} of {whole.replicas} replicas")


def endpoints_point_at_live_pods(change: Change, store: Store) -> None:
    """When an EndpointSlice is written, each of its addresses is a ready pod that is not being deleted."""
    if isinstance(change.object, EndpointSlice):
        for endpoint in change.object.endpoints:
            pod = store.get(Pod, endpoint.pod)
            _require(pod is not None and pod.ready and pod.deleted_s is None, change, f"endpoint {endpoint.pod} is no ready pod")


def steps_stay_in_range(change: Change, store: Store) -> None:
    """currentStepIndex lies within the steps; a full promotion may write one more for a pass (spec/canary.md 8.6).

    Steps that were edited a moment ago are not those that the index counts: it is set anew in the pass that sees them.
    """
    obj = change.object
    if isinstance(obj, Rollout) and obj.status.current_step_index is not None:
        steps = obj.spec.strategy.canary.steps if obj.spec.strategy.canary is not None else ()
        if obj.status.current_step_hash != step_hash(steps):
            return
        _require(0 <= obj.status.current_step_index <= len(steps) + 1, change, f"step {obj.status.current_step_index} of {len(steps)}")


def time_runs_forward() -> Observer:
    """A checker of its own memory: changes come in order of time."""
    last_s = float("-inf")

    def check(change: Change, store: Store) -> None:
        nonlocal last_s
        _require(change.t_s >= last_s, change, f"written before {last_s:.3f} s")
        last_s = change.t_s

    return check
