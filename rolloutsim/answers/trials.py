"""When requests could reach the pods of an Experiment, and at which weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rolloutsim.manifest.objects import ReplicaSet
from rolloutsim.record import Record, Route

SHORTEST_S = 0.1


class Trial(NamedTuple):
    """A stretch in which a stream's data plane knew pods of an Experiment: its name, the canary step it belongs to, and its templates by hash."""

    from_s: float
    to_s: float
    experiment: str
    step: int | None
    templates: Mapping[str, str]


def trials(record: Record, routes: list[tuple[float, float, Route]], known: Mapping[str, ReplicaSet]) -> Iterator[Trial]:
    """The stretches of a stream, given its routes, in order of time for each Experiment; those shorter than a tenth of a second are left out."""
    owned: dict[str, dict[str, str]] = {}
    for pod_hash, rs in known.items():
        if is_trial(rs) and rs.meta.owner is not None:
            owned.setdefault(rs.meta.owner, {})[pod_hash] = rs.meta.name.removeprefix(f"{rs.meta.owner}-")
    for experiment, templates in sorted(owned.items()):
        from_s: float | None = None
        for at_s, _, route in [*routes, (record.end_s, record.end_s, None)]:
            reachable = route is not None and _reaches(route, templates)
            if reachable and from_s is None:
                from_s = at_s
            elif not reachable and from_s is not None:
                if at_s - from_s >= SHORTEST_S:
                    yield Trial(from_s, at_s, experiment, _step(record, experiment), templates)
                from_s = None


def is_trial(rs: ReplicaSet) -> bool:
    """Whether a ReplicaSet is an Experiment's: it has no revision."""
    return rs.revision == 0


def weight_percent(record: Record, at_s: float, pod_hash: str) -> float | None:
    """The weight that a Rollout gave to an Experiment's template at an instant, as its status says; None if it gave none."""
    states = [rollout for t_s, rollout in record.rollouts() if t_s <= at_s]
    weights = states[-1].status.weights if states else None
    given = [one.weight for one in weights.additional if one.pod_template_hash == pod_hash] if weights is not None else []
    return float(given[0]) if given else None


def _reaches(route: Route, templates: Mapping[str, str]) -> bool:
    weights = route.weights or (1.0,) * len(route.endpoints)
    return any(endpoint.pod_hash in templates and weight > 0 for endpoint, weight in zip(route.endpoints, weights, strict=True))


def _step(record: Record, experiment: str) -> int | None:
    """The step at which the Rollout stood when it named the Experiment; None for one of its own."""
    return next((rollout.status.current_step_index for _, rollout in record.rollouts() if rollout.status.current_experiment == experiment), None)
