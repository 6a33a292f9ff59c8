"""What broke: requests without an endpoint, refused, answered with an error; and how long a Service that was asked had no pod."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rolloutsim.answers.counting import count
from rolloutsim.answers.intervals import wilson
from rolloutsim.answers.share import routes_of
from rolloutsim.manifest.objects import Pod, ReplicaSet
from rolloutsim.record import ERROR, LOST, NO_ENDPOINT, OK, OUTCOMES, Record, Requests


@dataclass(frozen=True, slots=True)
class VersionErrors:
    """Errors of one version over all streams, with a 95 % interval of the rate."""

    revision: int
    image: str
    requests: int
    errors: int
    error_percent: float
    low_percent: float
    high_percent: float
    experiment: str = ""
    """The ReplicaSet's name, if it is one of an Experiment."""

    @property
    def place(self) -> str:
        """` in EXPERIMENT-TEMPLATE`, or nothing."""
        return f" in {self.experiment}" if self.experiment else ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a stream's data plane knew no pod of its Service."""

    stream: str
    service: str
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What the clients of a stream saw instead of an answer of the application, and after how long (None where that was not drawn)."""

    stream: str
    what: str
    requests: int
    after_s: float | None
    """The median; the mean where only tallies were kept."""
    longest_s: float | None
    is_lost: bool = True
    """No pod answered: it is no version's error."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What the users of all streams felt."""

    requests: int
    no_endpoint: int
    refused: int
    errors: int
    by_version: tuple[VersionErrors, ...]
    gaps: tuple[Gap, ...]
    seen: tuple[Seen, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def harm(record: Record) -> Harm:
    """Count what broke in a record."""
    known = {change.object.pod_hash: change.object for change in record.history("ReplicaSet") if isinstance(change.object, ReplicaSet)}
    hashes = {ordinal: pod.pod_hash for ordinal, pod in record.pods().items() if isinstance(pod, Pod)}
    answered: dict[str, int] = {}
    failed: dict[str, int] = {}
    nobody = refused = 0
    for traffic in record.traffic.values():
        counted = count(traffic, 0.0, record.end_s + 1.0)
        nobody += counted.no_endpoint
        refused += counted.refused
        for sums, into in ((counted.answered, answered), (counted.errors, failed)):
            for ordinal, n in sums.items():
                into[hashes[ordinal]] = into.get(hashes[ordinal], 0) + n
    versions = []
    for pod_hash in sorted(answered, key=lambda h: known[h].revision):
        n, errors = answered[pod_hash], failed.get(pod_hash, 0)
        low, high = wilson(errors / n, n)
        image = ", ".join(known[pod_hash].template.images)
        experiment = "" if known[pod_hash].revision else known[pod_hash].meta.name
        versions.append(VersionErrors(known[pod_hash].revision, image, n, errors, 100 * errors / n, 100 * low, 100 * high, experiment))
    gaps = tuple(
        Gap(stream, route.service, from_s, to_s)
        for stream in record.traffic
        for from_s, to_s, route in routes_of(record, stream)
        if not route.endpoints and to_s > from_s
    )
    return Harm(sum(answered.values()) + nobody + refused, nobody, refused, sum(failed.values()), tuple(versions), gaps, tuple(_seen(record)))


def _seen(record: Record) -> Iterator[Seen]:
    """Every outcome but the application's own answers, by stream."""
    for name, traffic in record.traffic.items():
        routes = routes_of(record, name)
        for outcome in sorted(set(traffic.outcome.tolist()) - {OK, ERROR}):
            rows, what = traffic.outcome == outcome, OUTCOMES[outcome]
            if outcome == NO_ENDPOINT and routes and routes[-1][2].no_endpoint:
                what = f"no endpoint ({routes[-1][2].no_endpoint})"
            if isinstance(traffic, Requests):
                waited_s = traffic.latency_s[rows & (traffic.latency_s >= 0)]
                after_s, longest_s = (float(np.median(waited_s)), float(waited_s.max())) if len(waited_s) else (None, None)
                yield Seen(name, what, int(rows.sum()), after_s, longest_s, outcome in LOST)
            else:
                requests = int(traffic.requests[rows].sum())
                mean_s = None if traffic.latency_s is None else float(traffic.latency_s[rows].sum()) / max(1, requests)
                yield Seen(name, what, requests, mean_s, None, outcome in LOST)
