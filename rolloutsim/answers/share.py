"""Who answered which share of the requests, against setWeight: `share(record)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from rolloutsim.answers.counting import count
from rolloutsim.answers.intervals import TOLERANCE, Covers, interval, verdict
from rolloutsim.answers.reasons import reason_of
from rolloutsim.answers.strays import strays
from rolloutsim.answers.stretches import Stretch, replica_sets_at, selector_stretches, stretches, updates
from rolloutsim.answers.trials import Trial, is_trial, trials, weight_percent
from rolloutsim.manifest.objects import EndpointSlice, Pod, ReplicaSet
from rolloutsim.record import Record, Route

if TYPE_CHECKING:
    import pandas as pd

SLICE_LAG_S = 0.1
"""An EndpointSlice may follow the step by so much and still count as known when the step was done."""

WEIGHTED = ("ingress-nginx/canary_weight", "envoy/weighted_clusters")

Verdict = Literal["agrees", "off", "undecided"]


@dataclass(frozen=True, slots=True)
class Share:
    """One version's share of one stream in one stretch; `covers` says what the 95 % interval is about, `reason` why it is not setWeight."""

    stream: str
    service: str
    from_s: float
    to_s: float
    step: int | None
    label: str
    held: bool
    set_weight_percent: float | None
    revision: int
    image: str
    is_new: bool
    requests: int
    answered: int
    share_percent: float | None
    low_percent: float
    high_percent: float
    covers: Covers
    verdict: Verdict | None
    reason: str
    pods_new: int
    pods_stable: int
    experiment: str = ""
    """The Experiment's template whose pods the row is about; it has no revision, and `set_weight_percent` is the template's own weight."""


@dataclass(frozen=True, slots=True)
class Shares:
    """All shares of a record, in order of time, stream and revision."""

    rows: tuple[Share, ...]
    tolerance: float = TOLERANCE

    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows])

    def to_dict(self) -> list[dict[str, Any]]:
        """The rows as plain data."""
        return [asdict(row) for row in self.rows]

    def held(self, stream: str | None = None, *, new: bool = True) -> tuple[Share, ...]:
        """Rows of the new version at a reached setWeight."""
        return tuple(
            row
            for row in self.rows
            if row.held and row.set_weight_percent is not None and row.step is not None and row.is_new == new and stream in (None, row.stream)
        )

    def __str__(self) -> str:
        lines = []
        for row in self.rows:
            measured = "-" if row.share_percent is None else f"{row.share_percent:.1f} % ({row.low_percent:.1f} to {row.high_percent:.1f})"
            lines.append(
                f"{row.stream}: {row.from_s:.1f}-{row.to_s:.1f} s {row.label}: {row.image.rpartition(':')[2]} {measured} {row.verdict or ''}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return str(self.frame().to_html(index=False))


def share(record: Record, *, tolerance: float = TOLERANCE) -> Shares:
    """The shares of every stretch, stream and revision of a record; `tolerance` is a fraction (0.02: 2 percentage points)."""
    known = {change.object.pod_hash: change.object for change in record.history("ReplicaSet") if isinstance(change.object, ReplicaSet)}
    hashes = {ordinal: pod.pod_hash for ordinal, pod in record.pods().items() if isinstance(pod, Pod)}
    rows: list[Share] = []
    for stream in record.traffic:
        own = [row for stretch in _stretches(record, stream) for row in _rows(record, stream, stretch, known, hashes, tolerance)]
        routes = routes_of(record, stream)
        own += [row for trial in trials(record, routes, known) for row in _trial_rows(record, stream, trial, known, hashes, tolerance)]
        rows += sorted(own, key=lambda row: row.from_s)
    return Shares(tuple(rows), tolerance)


def _trial_rows(record: Record, stream: str, trial: Trial, known: dict[str, ReplicaSet], hashes: dict[int, str], tolerance: float) -> Iterator[Share]:
    """What each template of an Experiment answered while requests could reach it."""
    stretch = Stretch(trial.from_s, trial.to_s, trial.step, "experiment", None, True)
    counted = count(record.traffic[stream], trial.from_s, trial.to_s)
    routes = [(a, b, r) for a, b, r in routes_of(record, stream) if b > trial.from_s and a < trial.to_s]
    covers, total = routes[-1][2].covers, counted.requests
    pods_new, pods_stable = _pods(record, stretch)
    for pod_hash, template in trial.templates.items():
        answered = sum(requests for ordinal, requests in counted.answered.items() if hashes[ordinal] == pod_hash)
        given = weight_percent(record, (trial.from_s + trial.to_s) / 2, pod_hash)
        wanted = given / 100 if given is not None and _is_steered(record, stream, routes[-1][2]) else None
        found = interval(answered, total, covers, counted.squares, off=strays(routes, pod_hash))
        judged = verdict(found, wanted, tolerance) if wanted is not None and total else None
        yield Share(
            stream=stream,
            service=routes[-1][2].service,
            from_s=trial.from_s,
            to_s=trial.to_s,
            step=trial.step,
            label=f"experiment {template}",
            held=False,
            set_weight_percent=None if wanted is None else given,
            revision=known[pod_hash].revision,
            image=", ".join(known[pod_hash].template.images),
            is_new=False,
            requests=total,
            answered=answered,
            share_percent=100 * found.share if total else None,
            low_percent=100 * found.low,
            high_percent=100 * found.high,
            covers=covers,
            verdict=judged,
            reason=reason_of(record, stretch, [route for _, _, route in routes], pod_hash, found, wanted, judged, tolerance),
            pods_new=pods_new,
            pods_stable=pods_stable,
            experiment=template,
        )


def _pods(record: Record, stretch: Stretch) -> tuple[int, int]:
    """Available pods of the new version and of all others as a stretch ends."""
    update = [u for u in updates(record) if u.at_s <= stretch.to_s - 0.1]
    pods = {pod_hash: rs.status.available_replicas for pod_hash, rs in replica_sets_at(record, stretch.to_s).items()}
    new = pods.get(update[-1].new_hash, 0) if update else 0
    return new, sum(pods.values()) - new


def _stretches(record: Record, stream: str) -> list[Stretch]:
    found = stretches(record)
    if found:
        return _heard(record, stream, found)
    service = routes_of(record, stream)[0][2].service
    return [Stretch(a, b, None, f"-> {pod_hash}" if pod_hash else "any pod", None, True) for a, b, pod_hash in selector_stretches(record, service)]


def _heard(record: Record, stream: str, found: list[Stretch]) -> list[Stretch]:
    """The stretches as a stream feels them: what the data plane has not heard of yet still belongs to the way there."""
    routes = routes_of(record, stream)
    rows: list[Stretch] = []
    for stretch in found:
        late_s = _heard_at(record, stream, routes, stretch)
        if late_s > stretch.from_s and rows and not rows[-1].held:
            rows[-1] = rows[-1]._replace(to_s=late_s)
            stretch = stretch._replace(from_s=late_s)
        if stretch.seconds > 0:
            rows.append(stretch)
    return rows


def _heard_at(record: Record, stream: str, routes: list[tuple[float, float, Route]], stretch: Stretch) -> float:
    """When the data plane first knew the endpoints that the Service had as a stretch began; its end if never.

    A weighted plane knows all once it has heard of every change that was made before the stretch began.
    """
    if any(route.weights for _, _, route in routes):
        bringing = [r.t_s for r in record.routings if r.stream == stream and r.since_s is not None and r.since_s <= stretch.from_s + SLICE_LAG_S]
        late_s = [t_s for t_s in bringing if t_s >= stretch.from_s]
        return max((t_s for t_s in late_s if t_s < stretch.to_s), default=stretch.to_s) if late_s else stretch.from_s
    slices = [c for c in record.history("EndpointSlice", routes[0][2].service) if c.t_s <= stretch.from_s + SLICE_LAG_S]
    known = slices[-1].object.endpoints if slices and isinstance(slices[-1].object, EndpointSlice) else ()
    for from_s, to_s, route in routes:
        if to_s > stretch.from_s and (set(route.endpoints) == set(known) or from_s >= stretch.to_s):
            return min(max(from_s, stretch.from_s), stretch.to_s)
    return stretch.from_s


def routes_of(record: Record, stream: str) -> list[tuple[float, float, Route]]:
    """(from, to, route) of a stream, in order."""
    own = [routing for routing in record.routings if routing.stream == stream]
    ends = [routing.t_s for routing in own[1:]] + [record.end_s]
    return [(routing.t_s, end_s, routing.route) for routing, end_s in zip(own, ends, strict=True)]


def _rows(record: Record, stream: str, stretch: Stretch, known: dict[str, ReplicaSet], hashes: dict[int, str], tolerance: float) -> Iterable[Share]:
    counted = count(record.traffic[stream], stretch.from_s, stretch.to_s)
    routes = [(a, b, r) for a, b, r in routes_of(record, stream) if b > stretch.from_s and a < stretch.to_s]
    covers = routes[-1][2].covers
    by_hash: dict[str, int] = {}
    for ordinal, requests in counted.answered.items():
        by_hash[hashes[ordinal]] = by_hash.get(hashes[ordinal], 0) + requests
    update = [u for u in updates(record) if u.at_s <= stretch.to_s - 0.1]
    new_hash = update[-1].new_hash if update else ""
    if stretch.step is not None:
        by_hash.setdefault(new_hash, 0)
    pods_new, pods_stable = _pods(record, stretch)
    total = counted.requests
    weight_percent = stretch.set_weight_percent if _is_steered(record, stream, routes[-1][2]) else None
    for pod_hash in sorted((h for h in by_hash if not is_trial(known[h])), key=lambda h: known[h].revision):
        is_new = pod_hash == new_hash
        found = interval(by_hash[pod_hash], total, covers, counted.squares, off=strays(routes, pod_hash))
        wanted = weight_percent / 100 if weight_percent is not None and is_new else None
        judged = verdict(found, wanted, tolerance) if wanted is not None and stretch.held and total else None
        yield Share(
            stream=stream,
            service=routes[-1][2].service,
            from_s=stretch.from_s,
            to_s=stretch.to_s,
            step=stretch.step,
            label=_label(stretch, known),
            held=stretch.held,
            set_weight_percent=weight_percent,
            revision=known[pod_hash].revision,
            image=", ".join(known[pod_hash].template.images),
            is_new=is_new,
            requests=total,
            answered=by_hash[pod_hash],
            share_percent=100 * found.share if total else None,
            low_percent=100 * found.low,
            high_percent=100 * found.high,
            covers=covers,
            verdict=judged,
            reason=reason_of(record, stretch, [route for _, _, route in routes], new_hash, found, wanted, judged, tolerance),
            pods_new=pods_new,
            pods_stable=pods_stable,
        )


def _is_steered(record: Record, stream: str, route: Route) -> bool:
    """Whether setWeight is meant for a route: with a router only what it weighs, not a Service asked directly, nor a header route."""
    canary = record.rollouts()[-1][1].spec.strategy.canary
    if canary is None or canary.traffic_routing is None:
        return True
    weighted = route.plane in WEIGHTED or any(found.weights for _, _, found in routes_of(record, stream))
    return weighted and route.rule not in canary.traffic_routing.managed_names


def _label(stretch: Stretch, known: dict[str, ReplicaSet]) -> str:
    pod_hash = stretch.label.removeprefix("-> ")
    return f"-> {', '.join(i.rpartition(':')[2] for i in known[pod_hash].template.images)}" if pod_hash in known else stretch.label


FRAMES = {"shares": lambda record: share(record).frame()}
"""For `Record.frame`."""
