"""Shares between runs: binomial where each request is drawn, and n / C times as spread where C connections are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rolloutsim.answers.counting import count
from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import Route
from rolloutsim.scenario import Clients, Stream, Version
from rolloutsim.world.traffic.engine import Traffic

RUNS, SHARE = 400, 0.25
DETAILS = pytest.mark.parametrize("detail", ["requests", "counts"])


def shares(plane: str, detail: str, requests: int, clients: Clients | None, weights: tuple[float, ...]) -> np.ndarray:
    """Pod 0's share of so many evenly spaced requests, by run."""

    def share(seed: int) -> float:
        stream = Stream(name="s", to="service/x", rate=100.0, arrivals="constant", clients=clients)
        traffic = Traffic([stream], [plane], lambda _: Version(), seed=seed, detail=detail)  # type: ignore[arg-type]
        pods = tuple(Endpoint(f"p{i}", f"h{i > 0}", i) for i in range(4))
        traffic.reroute(0.0, "s", Route("x", plane, traffic.covers("s"), pods, weights))
        end_s = requests / 100.0
        counted = count(traffic.finish(end_s)["s"], 0.0, end_s)
        assert counted.requests == requests
        return float(counted.answered.get(0, 0)) / requests

    return np.array([share(seed) for seed in range(RUNS)])


def agree(found: np.ndarray, variance: float) -> None:
    """Mean and variance within 4 standard errors."""
    assert abs(found.mean() - SHARE) < 4 * math.sqrt(variance / RUNS)
    assert abs(found.var(ddof=1) / variance - 1) < 4 * math.sqrt(2 / (RUNS - 1))


@DETAILS
@pytest.mark.parametrize(("plane", "weights"), [("random", ()), ("envoy/weighted_clusters", (SHARE, 0.25, 0.25, 0.25)), ("kube-proxy/iptables", ())])
def test_each_request_is_drawn(plane: str, weights: tuple[float, ...], detail: str) -> None:
    agree(shares(plane, detail, 2000, None, weights), SHARE * (1 - SHARE) / 2000)


@DETAILS
@pytest.mark.parametrize("connections", [10, 40])
def test_kept_connections_spread_as_so_many_draws(connections: int, detail: str) -> None:
    agree(shares("kube-proxy/iptables", detail, 2000, Clients(connections=connections), ()), SHARE * (1 - SHARE) / connections)


@DETAILS
def test_renewed_connections_spread_by_the_length_of_their_lives(detail: str) -> None:
    """Of a connection's requests, two are drawn together if they fall into one life: with probability 1 - distance / length."""
    connections, own, served = 10, 200, 25
    together = sum((own - abs(d)) * max(0.0, 1 - abs(d) / served) for d in range(1 - own, own))
    clients = Clients(connections=connections, requests_per_connection=served)
    variance = SHARE * (1 - SHARE) * connections * together / (connections * own) ** 2
    agree(shares("kube-proxy/iptables", detail, connections * own, clients, ()), variance)
