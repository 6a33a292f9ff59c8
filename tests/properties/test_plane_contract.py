"""One contract for every data plane: the split that its weights ask for, the same law in both levels of detail, and nothing changed by a cut."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
import pytest

from rolloutsim.manifest.data_plane_names import BY_LOAD, DATA_PLANES
from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import NO_ENDPOINT, Requests, Route, Tallies
from rolloutsim.scenario import Clients, Sticky, Stream, Version
from rolloutsim.world.traffic.engine import Traffic
from rolloutsim.world.traffic.planes import BY_CONNECTION, BY_REQUEST, make_plane, make_sticky
from rolloutsim.world.traffic.planes.plane import Counts, LoadAware, Plane
from rolloutsim.world.traffic.planes.ring_random import ring_shares
from tests.properties.test_traffic_cuts import columns

KEPT = Clients(connections=8, requests_per_connection=25)
STICKY = Sticky(clients=8, requests_per_client=25)
Who = Clients | Sticky | None
ROUTES: list[tuple[float, tuple[int, ...], tuple[float, ...]]] = [
    (0.0, (2, 0, 1), (0.1, 0.45, 0.45)),
    (4.0, (2, 3, 0, 1), (0.25, 0.25, 0.25, 0.25)),
    (7.5, (), ()),
    (8.0, (0, 1, 3), ()),
    (12.0, (2, 3, 0), (0.2, 0.2, 0.35)),
]
"""Instants, pods and weights; the last ones lack a quarter, as if a backend had no pods."""
WAYS: list[tuple[str, Who]] = [(name, None) for name in DATA_PLANES]
WAYS += [(name, KEPT) for name in BY_CONNECTION] + [(name, STICKY) for name in DATA_PLANES if name not in BY_LOAD]
EACH = pytest.mark.parametrize(("plane", "clients"), WAYS)
DETAILS = pytest.mark.parametrize("detail", ["requests", "counts"])
RANDOM = (
    "random",
    "forward",
    "split_clients",
    "upstream_random",
    "canary_weight",
    "rand_rule",
    "clusters",
    "fraction",
    "tables",
    "nftables",
    "haproxy/random",
    "p2c",
)
BLIND = ("endpoint_random", "caddy/random", "round_robin", "p2c", "leastconn")
"""Those that look at the load are asked with nothing in flight here."""


def played(plane: str, clients: Who, detail: str, seed: int, cuts: list[float], reads: list[float]) -> Requests | Tallies:
    who = {"sticky" if isinstance(clients, Sticky) else "clients": clients}
    traffic = Traffic(
        [Stream.model_validate({"name": "s", "to": "service/x", "rate": 400} | who)], [plane], lambda _: Version(), seed=seed, detail=detail
    )
    deeds: list[tuple[float, str, object]] = [(t, "route", (pods, weights)) for t, pods, weights in ROUTES]
    deeds += [(5.5, "end", 3), (10.0, "begin", 3), *((t, "cut", None) for t in cuts), *((t, "read", None) for t in reads)]
    for t_s, deed, what in sorted(deeds, key=lambda d: d[0]):
        if isinstance(what, tuple):
            pods, weights = what
            endpoints = tuple(Endpoint(f"p{i}", "new" if i > 1 else "old", i) for i in pods)
            traffic.reroute(t_s, "s", Route("x", plane, traffic.covers("s"), endpoints, weights))
        elif isinstance(what, int):
            (traffic.end_pod if deed == "end" else traffic.begin_pod)(t_s, what)
        else:
            (traffic.cut if deed == "cut" else traffic.advance)(t_s)
    return traffic.finish(20.0)["s"]


def test_the_names_are_those_of_the_registry() -> None:
    assert set(DATA_PLANES) == set(BY_REQUEST) | set(BY_CONNECTION)


@EACH
@DETAILS
@pytest.mark.parametrize("seed", [1, 2])
def test_where_it_is_cut_changes_nothing(plane: str, clients: Who, detail: str, seed: int) -> None:
    chance = Random(f"{plane} {seed}")
    reads, cuts = [sorted(chance.uniform(0, 20) for _ in range(9)) for _ in range(2)]
    plain, read, cut = (played(plane, clients, detail, seed, c, r) for c, r in (([], []), ([], reads), (cuts, reads)))
    assert columns(read) == columns(plain)
    if detail == "requests":
        assert columns(cut) == columns(plain)
    else:
        edges = [0.0, 4.0, 5.5, 7.5, 8.0, 10.0, 12.0, 20.0]
        assert [totals(cut, a, b) for a, b in pairwise(edges)] == [totals(plain, a, b) for a, b in pairwise(edges)]


def totals(found: Requests | Tallies, from_s: float, to_s: float) -> dict[tuple[int, int], int]:
    assert isinstance(found, Tallies)
    sums: dict[tuple[int, int], int] = {}
    for a, b, pod, outcome, n in zip(found.from_s, found.to_s, found.pod.tolist(), found.outcome.tolist(), found.requests.tolist(), strict=True):
        if from_s <= a and b <= to_s:
            sums[pod, outcome] = sums.get((pod, outcome), 0) + n
    return sums


@EACH
@DETAILS
def test_every_request_goes_to_a_pod_that_is_known_or_to_nobody(plane: str, clients: Who, detail: str) -> None:
    found = played(plane, clients, detail, 3, [], [])
    begins = found.t_s if isinstance(found, Requests) else found.from_s
    for (from_s, pods, _), to_s in zip(ROUTES, [*(t for t, _, _ in ROUTES[1:]), 20.0], strict=True):
        within = (begins >= from_s) & (begins < to_s)
        assert set(found.pod[within].tolist()) <= {*pods, -1} | (kept_pods(from_s) if isinstance(clients, Clients) else set())
    nobody = found.pod == -1
    assert (found.outcome[nobody] == NO_ENDPOINT).all()


def kept_pods(at_s: float) -> set[int]:
    """Pods that connections may still be open to."""
    return {pod for t_s, pods, _ in ROUTES if t_s < at_s for pod in pods}


SPLITS = [("", (0.33, 0.67)), ("two and three pods", (0.05, 0.05, 0.3, 0.3, 0.3)), ("a lack of a quarter", (0.25, 0.5))]


@EACH
@pytest.mark.parametrize("weights", [weights for _, weights in SPLITS], ids=[name for name, _ in SPLITS])
def test_it_splits_by_its_law_in_both_levels_of_detail(plane: str, clients: Who, weights: tuple[float, ...]) -> None:
    """Pods' shares of 20,000 requests, picked and counted: within 4 standard errors of the law, or within a request of each worker and pod."""
    n = 20_000
    wanted = law(plane, weights)
    draws = n / 25 if clients is not None else n
    within = 4 * np.sqrt(wanted * (1 - wanted) / draws) if is_random(plane, clients) else np.full(len(wanted), strays(plane, clients) / draws)
    for picked in (by_pick(plane, clients, weights, n), by_count(plane, clients, weights, n)):
        assert picked.sum() == n
        assert (np.abs(picked / n - wanted) <= within + 1e-12).all(), picked


def is_random(plane: str, clients: Who) -> bool:
    return any(word in plane for word in RANDOM) or (plane.endswith("/round_robin") and isinstance(clients, Sticky))


def strays(plane: str, clients: Who) -> float:
    """Requests by which a cycle may be off, for two workers; of 8 connections as many as are not renewed together with the others."""
    return 50 if "caddy" in plane or "apisix" in plane else 8 if clients is not None else 4


def law(plane: str, weights: tuple[float, ...]) -> np.ndarray:
    """The share of each pod, and of nobody."""
    given = np.array(weights)
    if isinstance(told(plane, None, weights), LoadAware):
        given = given / given.sum()
    if any(word in plane for word in BLIND) and "weighted" not in plane:
        given = np.full(len(weights), 1 / len(weights))
    if "haproxy/random" in plane:
        given = ring_shares(given, len(given))
    return np.append(given, max(0.0, 1 - given.sum()))


def told(plane: str, clients: Who, weights: tuple[float, ...]) -> Plane:
    kept = Clients(connections=8, requests_per_connection=25)
    made: Plane = make_sticky(plane, kept, (5, 0, "s")) if isinstance(clients, Sticky) else make_plane(plane, clients, (5, 0, "s"))
    n = len(weights)
    made.reroute(np.arange(n, dtype=np.int32), np.array(weights), np.array([weights.index(weight) for weight in weights]))
    return made


def by_pick(plane: str, clients: Who, weights: tuple[float, ...], n: int) -> np.ndarray:
    made, uniform, ended = told(plane, clients, weights), np.random.default_rng(7).random(n), np.zeros(64, dtype=bool)
    parts = [made.pick(a, uniform[a:b], ended)[0] for a, b in pairwise([0, 1, 77, 5000, n])]
    counted: np.ndarray = np.bincount(np.where(np.concatenate(parts) < 0, len(weights), np.concatenate(parts)), minlength=len(weights) + 1)
    return counted


def by_count(plane: str, clients: Who, weights: tuple[float, ...], n: int) -> np.ndarray:
    made, sums = told(plane, clients, weights), np.zeros(len(weights) + 1, dtype=np.int64)
    for a, b in pairwise([0, 1, 77, 5000, n]):
        found: Counts = made.count(a, b)
        np.add.at(sums, np.where(found.pod < 0, len(weights), found.pod), found.requests)
    return sums


@pytest.mark.parametrize("plane", ["nginx/upstream_wrr", "envoy/endpoint_rr", "haproxy/roundrobin_tcp", "haproxy/random1", "caddy/round_robin"])
def test_counting_costs_the_same_however_many_there_are(plane: str) -> None:
    """10^12 requests are counted exactly by a cycle, and within chance at random."""
    made, n = told(plane, KEPT if plane in BY_CONNECTION else None, (0.2, 0.8)), 10**12
    found = made.count(0, n)
    wanted = law(plane, (0.2, 0.8))[0]
    assert abs(found.requests[found.pod == 0].sum() / n - wanted) < 1e-5
