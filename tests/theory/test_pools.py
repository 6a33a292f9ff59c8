"""Clients that share connections: waiting for one is Erlang's, few are open under little load, and many requests go over few of them."""

from __future__ import annotations

import numpy as np
import pytest

from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import TIMEOUT, Requests, Route
from rolloutsim.scenario import Clients, Distribution, Latency, Pool, Serving, Stream, Version
from rolloutsim.world.traffic.engine import Traffic
from tests.theory.test_queues import SERVICE_S, erlang_c

RUNS = 16


def pooled(
    seed: int, rate_rps: float, clients: Clients, end_s: float = 100.0, version: Version | None = None, timeout: float | None = None
) -> Requests:
    """Poisson arrivals at ten pods that serve any number at once, through kube-proxy."""
    serves = version or Version(serving=Serving(concurrency=1_000_000, time=Distribution(exponential=SERVICE_S)))
    stream = Stream(name="s", to="service/x", rate=rate_rps, clients=clients, timeout=timeout)
    traffic = Traffic([stream], ["kube-proxy/iptables"], lambda _: serves, seed=seed, serving=serves.serving is not None)
    traffic.reroute(0.0, "s", Route("x", "", "connections", tuple(Endpoint(f"p{i}", "h", i) for i in range(10))))
    found = traffic.finish(end_s)["s"]
    assert isinstance(found, Requests)
    return found


@pytest.mark.parametrize(("connections", "at_once", "rate_rps"), [(4, 1, 60.0), (1, 4, 60.0), (2, 8, 272.0)])
def test_waiting_for_a_connection_is_erlang_c(connections: int, at_once: int, rate_rps: float) -> None:
    """The pods never let anybody wait; the pool's places are the servers of an M/M/c queue."""
    clients = Clients(connections=connections, requests_at_once=at_once, pool=Pool())
    places, load = connections * at_once, rate_rps * SERVICE_S
    waits, times_s = [], []
    for seed in range(RUNS):
        found = pooled(seed, rate_rps, clients)
        late = found.t_s > 10.0
        assert found.wait_s is not None
        waits.append(float((found.wait_s[late] > 1e-12).mean()))
        times_s.append(float(found.wait_s[late].mean()))
        assert len(set(found.connection.tolist())) == connections
    for expected, values in ((erlang_c(places, load), waits), (erlang_c(places, load) * SERVICE_S / (places - load), times_s)):
        assert abs(np.mean(values) - expected) < 4 * np.std(values, ddof=1) / RUNS**0.5


def test_as_many_are_open_as_are_needed_at_once() -> None:
    """Of 50 that may be open, the most that were ever in flight; in turn, all 50 are."""
    version = Version(latency=Latency(p50="20ms"))
    found = pooled(3, 100.0, Clients(connections=50, pool=Pool()), version=version)
    ends_s = found.t_s + found.latency_s
    in_flight = np.arange(1, len(found.t_s) + 1) - np.searchsorted(np.sort(ends_s), found.t_s, side="right")
    assert len(set(found.connection.tolist())) == in_flight.max() < 15
    in_turn = pooled(3, 100.0, Clients(connections=50, seconds_per_connection=1e6), version=version)
    assert len(set(in_turn.connection.tolist())) == 50


def test_idle_connections_are_closed() -> None:
    """Never idle for longer: each request opens one of its own, unless it comes before the one before is answered."""
    version = Version(latency=Latency(p50="1ms"))
    found = pooled(3, 20.0, Clients(connections=1, pool=Pool(idle_timeout=0.1)), version=version)
    gaps_s = found.t_s[1:] - (found.t_s + found.latency_s)[:-1]
    assert len(set(found.connection.tolist())) == 1 + int((gaps_s > 0.1).sum())


def test_who_gives_up_on_an_answer_closes_his_connection() -> None:
    found = pooled(1, 20.0, Clients(connections=1, pool=Pool()), 20.0, Version(latency=Latency(p50="300ms")), timeout=0.2)
    assert set(found.outcome.tolist()) == {TIMEOUT}
    assert len(set(found.connection.tolist())) == len(found.t_s)
