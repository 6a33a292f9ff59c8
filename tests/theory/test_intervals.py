"""Honest intervals: over many seeds the 95 % interval holds the truth about 95 % of the times."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rolloutsim.answers.counting import count
from rolloutsim.answers.intervals import Interval, cycle_strays, draws_needed, interval, verdict, wilson
from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import Route
from rolloutsim.scenario import Clients, Stream, Version
from rolloutsim.world.traffic.engine import Traffic

SEEDS = 400
PODS = tuple(Endpoint(f"p{i}", "new" if i == 0 else "old", i) for i in range(4))


def traffic(plane: str, seed: int, clients: Clients | None = None, detail: str = "requests", rate: float = 20.0) -> Traffic:
    stream = Stream(name="s", to="service/x", rate=rate, clients=clients)
    made = Traffic([stream], [plane], lambda _: Version(), seed=seed, detail=detail)
    made.reroute(0.0, "s", Route("x", plane, made.covers("s"), PODS))
    return made


def measured(made: Traffic, end_s: float) -> Interval:
    counted = count(made.finish(end_s)["s"], 0.0, end_s)
    return interval(counted.answered.get(0, 0), counted.requests, made.covers("s"), counted.squares)


def test_the_binomial_case_holds_the_truth_in_95_of_100() -> None:
    held = sum(found.low <= 0.25 <= found.high for found in (measured(traffic("random", seed), 30.0) for seed in range(SEEDS)))
    assert 0.925 <= held / SEEDS <= 0.975


@pytest.mark.parametrize("clients", [Clients(connections=40), Clients(connections=40, requests_per_connection=50)])
def test_kept_connections_count_connections(clients: Clients) -> None:
    """Counting requests would hold the truth far too rarely; counting connections holds it about as often as promised."""
    found = [measured(traffic("kube-proxy/iptables", seed, clients, rate=100.0), 20.0) for seed in range(SEEDS)]
    held = sum(f.low <= 0.25 <= f.high for f in found) / SEEDS
    assert 0.92 <= held <= 0.985
    as_requests = sum(wilson(f.share, 2000)[0] <= 0.25 <= wilson(f.share, 2000)[1] for f in found) / SEEDS
    assert as_requests < 0.6


def test_connections_vary_between_runs_as_connections() -> None:
    """Variance of the share over runs of C connections kept for ever is p(1-p)/C."""
    shares = np.array([measured(traffic("kube-proxy/iptables", seed, Clients(connections=40), rate=100.0), 20.0).share for seed in range(SEEDS)])
    wanted = 0.25 * 0.75 / 40
    assert abs(shares.var(ddof=1) / wanted - 1) < 4 * math.sqrt(2 / (SEEDS - 1))
    assert abs(shares.mean() - 0.25) < 4 * math.sqrt(wanted / SEEDS)


def test_round_robin_is_off_by_less_than_its_bound() -> None:
    for seed in range(50):
        found = measured(traffic("ingress-nginx/round_robin", seed), 30.0)
        assert found.covers == "bound"
        assert found.low <= 0.25 <= found.high
        assert found.high - found.low < 0.01


@pytest.mark.parametrize("canaries", [1, 5, 10])
def test_a_cycle_strays_as_far_as_its_pods_stand_together(canaries: int) -> None:
    """20 pods, the canaries in a row: one request per worker is far too small a bound; that of the cycle holds always, and is reached."""
    cycle = [i < canaries for i in range(20)]
    widest = 0.0
    for seed in range(200):
        made = Traffic([Stream(name="s", to="service/x", rate=20.0)], ["ingress-nginx/round_robin"], lambda _: Version(), seed=seed)
        made.reroute(0.0, "s", Route("x", "", "bound", tuple(Endpoint(f"p{i}", "h", i) for i in range(20))))
        counted = count(made.finish(10.0)["s"], 0.0, 10.0)
        hits = sum(n for pod, n in counted.answered.items() if pod < canaries)
        found = interval(hits, counted.requests, "bound", off=2 * cycle_strays(cycle))
        assert found.low <= canaries / 20 <= found.high
        widest = max(widest, abs(hits - counted.requests * canaries / 20))
    assert widest > cycle_strays(cycle)


def test_strays_of_small_cycles() -> None:
    assert cycle_strays([True, False, False, False]) == pytest.approx(0.75)
    assert cycle_strays([True, False] * 5) == pytest.approx(0.5)
    assert cycle_strays([False] * 10 + [True] * 10) == pytest.approx(5.0)
    assert cycle_strays([True] * 3) == cycle_strays([]) == 0.0


@pytest.mark.parametrize(("low", "high", "wanted"), [(0.24, 0.26, "agrees"), (0.20, 0.22, "off"), (0.22, 0.26, "undecided"), (0.1, 0.4, "undecided")])
def test_verdicts(low: float, high: float, wanted: str) -> None:
    assert verdict(Interval((low + high) / 2, low, high, 1, "requests"), 0.25) == wanted


def test_draws_needed_are_enough() -> None:
    n = draws_needed(0.25, 0.25)
    low, high = wilson(0.25, n)
    assert (high - low) / 2 <= 0.0201
    assert math.isnan(interval(0, 0, "requests").share)
