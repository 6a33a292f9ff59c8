"""What broke: requests without an endpoint, refused, answered with an error; and how long a Service that was asked had no pod."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rolloutsim.answers.counting import count
from rolloutsim.answers.intervals import wilson
from rolloutsim.answers.share import routes_of
from rolloutsim.manifest.objects import Pod, ReplicaSet
from rolloutsim.record import Record


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
class Harm:
    """What the users of all streams felt."""

    requests: int
    no_endpoint: int
    refused: int
    errors: int
    by_version: tuple[VersionErrors, ...]
    gaps: tuple[Gap, ...]

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
    return Harm(sum(answered.values()) + nobody + refused, nobody, refused, sum(failed.values()), tuple(versions), gaps)
