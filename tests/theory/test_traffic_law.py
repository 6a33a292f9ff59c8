"""The law of the traffic: arrivals, splits and outcomes; and that both levels of detail follow the same one."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from rolloutsim.answers.counting import count
from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import NO_ENDPOINT, REFUSED, Requests, Route, Tallies
from rolloutsim.scenario import Clients, Latency, Stream, Version
from rolloutsim.world.traffic.arrivals import Arrivals
from rolloutsim.world.traffic.engine import Traffic

PLANES = ["random", "ingress-nginx/round_robin", "kube-proxy/iptables", "kube-proxy/nftables"]
CLIENTS = [None, Clients(connections=7), Clients(connections=7, requests_per_connection=13)]


def endpoints(*ordinals: int) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(f"p{i}", f"h{i % 2}", i) for i in ordinals)


def made(plane: str, detail: str, seed: int = 1, rate: float = 50.0, clients: Clients | None = None, arrivals: str = "poisson") -> Traffic:
    stream = Stream(name="s", to="service/x", rate=rate, arrivals=arrivals, clients=clients)
    profile = Version(error_rate=0.1, latency=Latency(p50="20ms", p99="100ms"))
    return Traffic([stream], [plane], lambda _: profile, seed=seed, detail=detail)


def route(traffic: Traffic, at_s: float, *ordinals: int) -> None:
    traffic.reroute(at_s, "s", Route("x", "", traffic.covers("s"), endpoints(*ordinals)))


def test_poisson_counts_have_the_poisson_variance() -> None:
    for cell_s in (0.05, 3.0):
        counts = [Arrivals(20.0, "poisson", (seed, 0, "s")).count_before(cell_s) for seed in range(1500)]
        mean = 20.0 * cell_s
        assert abs(np.mean(counts) - mean) < 4 * math.sqrt(mean / 1500)
        assert abs(np.var(counts, ddof=1) / mean - 1) < 4 * math.sqrt((2 + 1 / mean) / 1500)


def test_counts_are_the_same_whatever_was_asked_before() -> None:
    fresh = [Arrivals(30.0, "poisson", (5, 0, "s")).count_before(t) for t in (0.1, 1.7, 2.0, 50.0, 5000.0)]
    asked = Arrivals(30.0, "poisson", (5, 0, "s"))
    for t in np.random.default_rng(0).uniform(0, 6000, 60):
        asked.count_before(float(t))
    assert [asked.count_before(t) for t in (0.1, 1.7, 2.0, 50.0, 5000.0)] == fresh
    assert fresh == sorted(fresh)


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("clients", CLIENTS)
def test_counts_and_requests_have_the_same_law(plane: str, clients: Clients | None) -> None:
    """Pod shares, errors and totals of the two levels of detail agree within 4 standard errors over seeds."""
    found: dict[str, list[tuple[float, ...]]] = {"requests": [], "counts": []}
    for detail, rows in found.items():
        for seed in range(120):
            traffic = made(plane, detail, seed, clients=clients)
            route(traffic, 0.0, 0, 1, 2)
            route(traffic, 4.0, 0, 1, 2, 3)
            counted = count(traffic.finish(12.0)["s"], 0.0, 12.0)
            rows.append(
                (
                    counted.requests,
                    counted.answered.get(0, 0) / counted.requests,
                    counted.answered.get(3, 0) / counted.requests,
                    sum(counted.errors.values()),
                )
            )
    a, b = (np.array(found[detail]) for detail in ("requests", "counts"))
    spread = np.sqrt(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b)) + 1e-12
    assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) < 4 * spread + 2e-3).all()


@pytest.mark.parametrize("plane", ["ingress-nginx/canary_weight", *PLANES])
@pytest.mark.parametrize("clients", [*CLIENTS, Clients(connections=7, requests_per_connection=2)])
def test_both_levels_follow_the_same_law_when_pods_end(plane: str, clients: Clients | None) -> None:
    """A pod ends before its route does, nobody is left for a while, another comes: the same answers, refusals and losses in both."""
    runs, edges = 100, (0.0, 4.0, 5.0, 7.0, 8.0, 12.0)
    found: dict[str, list[list[float]]] = {"requests": [], "counts": []}
    for detail, rows in found.items():
        for seed in range(runs):
            traffic = made(plane, detail, seed, clients=clients)
            route(traffic, 0.0, 0, 1, 2)
            traffic.end_pod(4.0, 1)
            route(traffic, 5.0, 0, 2)
            route(traffic, 7.0)
            traffic.end_pod(7.5, 0)
            route(traffic, 8.0, 2, 3)
            result = traffic.finish(12.0)["s"]
            parts = [count(result, a, b) for a, b in pairwise(edges)]
            rows.append([float(x) for p in parts for x in (p.requests, p.refused, p.no_endpoint, p.answered.get(2, 0), sum(p.errors.values()))])
    a, b = (np.array(found[detail]) for detail in ("requests", "counts"))
    spread = np.sqrt(a.var(axis=0, ddof=1) / runs + b.var(axis=0, ddof=1) / runs)
    assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) <= 4 * spread + 0.02).all()


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_without_endpoints_everyone_is_turned_away(plane: str, detail: str) -> None:
    traffic = made(plane, detail, clients=CLIENTS[2])
    route(traffic, 0.0)
    counted = count(traffic.finish(10.0)["s"], 0.0, 10.0)
    assert counted.requests == 0
    assert counted.no_endpoint > 300


@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_a_pod_that_ended_refuses_under_kube_proxy_and_is_passed_over_by_nginx(detail: str) -> None:
    for plane, least in (("kube-proxy/iptables", 100), ("ingress-nginx/round_robin", 0)):
        traffic = made(plane, detail)
        route(traffic, 0.0, 0, 1, 2)
        traffic.end_pod(5.0, 1)
        counted = count(traffic.finish(20.0)["s"], 5.0, 20.0)
        assert (counted.refused > least) == (least > 0)
        assert counted.answered.get(1, 0) == 0


def test_kept_connections_never_move_while_their_pod_lives() -> None:
    traffic = made("kube-proxy/iptables", "requests", clients=Clients(connections=30))
    route(traffic, 0.0, 0, 1)
    route(traffic, 10.0, 0, 1, 2, 3)
    requests = traffic.finish(60.0)["s"]
    assert isinstance(requests, Requests)
    assert set(requests.pod.tolist()) == {0, 1}
    for connection in np.unique(requests.connection):
        assert len(set(requests.pod[requests.connection == connection].tolist())) == 1


def test_constant_arrivals_and_latency() -> None:
    requests = (traffic := made("random", "requests", arrivals="constant", rate=100.0), route(traffic, 0.0, 0), traffic.finish(200.0)["s"])[2]
    assert isinstance(requests, Requests)
    assert len(requests.t_s) == 20_000
    assert np.diff(requests.t_s) == pytest.approx(0.01)
    p50, p99 = np.quantile(requests.latency_s, [0.5, 0.99])
    assert p50 == pytest.approx(0.020, rel=0.03)
    assert p99 == pytest.approx(0.100, rel=0.12)
    assert abs((requests.outcome == 1).mean() - 0.1) < 4 * math.sqrt(0.09 / 20_000)
    assert NO_ENDPOINT not in requests.outcome
    assert REFUSED not in requests.outcome


def test_counts_cost_nothing_more_for_more_requests() -> None:
    traffic = made("random", "counts", rate=1e10)
    route(traffic, 0.0, 0, 1, 2)
    tallies = traffic.finish(100.0)["s"]  # never ends if the cost grew with the requests
    assert isinstance(tallies, Tallies)
    assert int(tallies.requests.sum()) == pytest.approx(1e12, rel=1e-4)
