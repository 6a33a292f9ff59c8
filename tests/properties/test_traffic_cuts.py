"""Where a block is cut changes nothing: any reads in between leave every byte as it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import Requests, Route, Tallies
from rolloutsim.scenario import ArrivalShape, Clients, Latency, Stream, Version
from rolloutsim.scenario.arrivals import Arrivals
from rolloutsim.world.traffic.engine import Traffic

CHANGES = ((0.0, (0, 1, 2)), (3.3, (0, 1, 2, 3)), (5.1, ()), (5.4, (2, 3)), (8.0, (2, 3, 4)))


PLANES = ["random", "ingress-nginx/canary_weight", "ingress-nginx/round_robin", "kube-proxy/iptables"]
CLIENTS = [None, Clients(connections=9, requests_per_connection=20), Clients(connections=5), Clients(connections=4, requests_per_connection=1)]

SHAPES: list[Arrivals] = [
    "constant",
    ArrivalShape.model_validate({"bursts": {"on": {"exponential": "2s"}, "off": "1s", "peakToMean": 1.4}}),
    ArrivalShape.model_validate({"process": "constant", "diurnal": {"period": "7s", "peakToMean": 2}}),
    ArrivalShape.model_validate({"spikes": [{"at": "5s", "lasts": "2s", "times": 0}, {"at": "9s", "lasts": "1s", "times": 4}]}),
]


def run(
    plane: str,
    detail: str,
    clients: Clients | None,
    reads: list[float],
    seed: int,
    cuts: Sequence[float] = (),
    arrivals: Arrivals = "poisson",
    serving: bool = False,
    keep: str = "requests",
) -> Requests | Tallies:
    stream = Stream(name="s", to="service/x", rate=900.0, clients=clients, arrivals=arrivals)
    profile = Version(error_rate=0.05, latency=Latency(p50="10ms", p99="50ms"))
    traffic = Traffic([stream], [plane], lambda _: profile, seed=seed, detail=detail, serving=serving, keep=keep)
    deeds: list[tuple[float, int, tuple[int, ...] | None]] = [(t, 1, pods) for t, pods in CHANGES] + [(5.0, 2, None)] + [(t, 0, None) for t in reads]
    deeds += [(t, 3, None) for t in cuts]
    for t_s, kind, pods in sorted(deeds, key=lambda deed: deed[:2]):
        if kind == 0:
            traffic.advance(t_s)
        elif kind == 1 and pods is not None:
            endpoints = tuple(Endpoint(f"p{i}", "h", i) for i in pods)
            traffic.reroute(t_s, "s", Route("x", plane, traffic.covers("s"), endpoints))
        elif kind == 2:
            traffic.end_pod(t_s, 1)
        else:
            traffic.cut(t_s)
    return traffic.finish(20.0)["s"]


def columns(found: Requests | Tallies) -> list[bytes]:
    return [np.ascontiguousarray(getattr(found, name)).tobytes() for name in found.__slots__ if name != "stream" and getattr(found, name) is not None]


@pytest.mark.parametrize("detail", ["requests", "counts"])
@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("clients", CLIENTS)
@settings(max_examples=8, deadline=None)
@given(reads=st.lists(st.floats(0, 20), max_size=12), seed=st.integers(0, 2**40))
def test_cuts_change_nothing(plane: str, detail: str, clients: Clients | None, reads: list[float], seed: int) -> None:
    assert columns(run(plane, detail, clients, reads, seed)) == columns(run(plane, detail, clients, [], seed))


@pytest.mark.parametrize("detail", ["requests", "counts"])
@pytest.mark.parametrize("arrivals", SHAPES)
@settings(max_examples=8, deadline=None)
@given(reads=st.lists(st.floats(0, 20), max_size=12), cuts=st.lists(st.floats(0.01, 19.99), max_size=4), seed=st.integers(0, 2**40))
def test_cuts_change_nothing_while_the_rate_changes(detail: str, arrivals: Arrivals, reads: list[float], cuts: list[float], seed: int) -> None:
    plain, cut = (run("kube-proxy/iptables", detail, CLIENTS[1], r, seed, c, arrivals) for r, c in (([], ()), (reads, cuts)))
    if detail == "requests":
        assert columns(plain) == columns(cut)
    else:
        assert totals(plain, 0.0, 20.0) == totals(cut, 0.0, 20.0)


def totals(found: Requests | Tallies, from_s: float, to_s: float) -> dict[tuple[int, int], int]:
    """Requests by pod and outcome between two instants at which the world changes."""
    assert isinstance(found, Tallies)
    sums: dict[tuple[int, int], int] = {}
    for a, b, pod, outcome, n in zip(found.from_s, found.to_s, found.pod.tolist(), found.outcome.tolist(), found.requests.tolist(), strict=True):
        if from_s <= a and b <= to_s:
            sums[pod, outcome] = sums.get((pod, outcome), 0) + n
    return sums


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("clients", CLIENTS)
@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.floats(0.01, 19.99), min_size=1, max_size=8), seed=st.integers(0, 2**40))
def test_one_more_stretch_changes_no_count(plane: str, clients: Clients | None, cuts: list[float], seed: int) -> None:
    """In counts a cut writes more rows, but their sums by pod and outcome stay, before and after it."""
    plain, cut = (run(plane, "counts", clients, [], seed, extra) for extra in ((), cuts))
    edges = [0.0, 3.3, 5.0, 5.1, 5.4, 8.0, 20.0]
    for from_s, to_s in pairwise(edges):
        assert totals(cut, from_s, to_s) == totals(plain, from_s, to_s)


@pytest.mark.parametrize("clients", CLIENTS[1:])
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.floats(1.0, 8.0), min_size=1, max_size=8), seed=st.integers(0, 2**40))
def test_a_cut_amid_refusals_changes_no_count(clients: Clients, cuts: list[float], seed: int) -> None:
    """Three pods of four have ended and are still routed to: connections are refused several times, a few requests a second, before they open."""

    def played(cuts: Sequence[float]) -> Requests | Tallies:
        stream = Stream(name="s", to="service/x", rate=30.0, clients=clients)
        traffic = Traffic([stream], ["kube-proxy/iptables"], lambda _: Version(), seed=seed, detail="counts")
        traffic.reroute(0.0, "s", Route("x", "", "connections", tuple(Endpoint(f"p{i}", "h", i) for i in range(4))))
        for ordinal in (1, 2, 3):
            traffic.end_pod(1.0, ordinal)
        for t_s in sorted(cuts):
            traffic.cut(t_s)
        return traffic.finish(8.0)["s"]

    assert totals(played(cuts), 1.0, 8.0) == totals(played([]), 1.0, 8.0)
