"""One contract for every data plane, and what is particular to some."""

from __future__ import annotations

import numpy as np
import pytest

from rolloutsim.answers.counting import count
from rolloutsim.manifest.data_plane_names import DATA_PLANES
from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import NO_ENDPOINT, REFUSED, Requests, Route, Tallies
from rolloutsim.scenario import Clients, Stream, Version
from rolloutsim.world.traffic.engine import Traffic
from rolloutsim.world.traffic.planes import BY_CONNECTION
from rolloutsim.world.traffic.planes.gcd_round_robin import levels

PLANES = [(name, None) for name in DATA_PLANES] + [
    (name, clients) for name in BY_CONNECTION for clients in (Clients(connections=6), Clients(connections=6, requests_per_connection=7))
]
EACH = pytest.mark.parametrize(("plane", "clients"), PLANES)
DETAILS = pytest.mark.parametrize("detail", ["requests", "counts"])
HASHES = {0: "old", 1: "old", 2: "new", 3: "new"}


def made(plane: str, clients: Clients | None, detail: str, seed: int = 1, rate: float = 100.0, arrivals: str = "poisson") -> Traffic:
    return Traffic(
        [Stream(name="s", to="service/x", rate=rate, clients=clients, arrivals=arrivals)], [plane], lambda _: Version(), seed=seed, detail=detail
    )


def route(traffic: Traffic, at_s: float, *ordinals: int, weights: tuple[float, ...] = ()) -> None:
    endpoints = tuple(Endpoint(f"p{i}", HASHES.get(i, "old"), i) for i in ordinals)
    traffic.reroute(at_s, "s", Route("x", "", traffic.covers("s"), endpoints, weights))


@EACH
@DETAILS
def test_only_known_pods_answer_and_every_request_ends_once(plane: str, clients: Clients | None, detail: str) -> None:
    traffic = made(plane, clients, detail, arrivals="constant")
    route(traffic, 0.0, 0, 1)
    route(traffic, 5.0, 1, 2)
    traffic.end_pod(5.0, 0)
    route(traffic, 10.0)
    traffic.end_pod(10.0, 1)
    traffic.end_pod(10.0, 2)
    found = traffic.finish(15.0)["s"]
    parts = [count(found, a, a + 5.0) for a in (0.0, 5.0, 10.0)]
    assert [p.requests + p.no_endpoint + p.refused for p in parts] == [500, 500, 500]
    assert set(parts[0].answered) == {0, 1}
    assert set(parts[1].answered) == {1, 2}
    assert parts[2].answered == {}
    assert parts[2].no_endpoint == 500


@EACH
@DETAILS
def test_no_traffic_no_rows(plane: str, clients: Clients | None, detail: str) -> None:
    traffic = made(plane, clients, detail, rate=0.0)
    route(traffic, 0.0, 0)
    found = traffic.finish(10.0)["s"]
    assert len(found.outcome) == 0
    assert count(found, 0.0, 10.0).requests == 0


@EACH
@DETAILS
def test_another_replication_is_another_run_and_the_same_one_the_same(plane: str, clients: Clients | None, detail: str) -> None:
    def played(seed: int, replication: int) -> bytes:
        traffic = Traffic(
            [Stream(to="service/x", rate=200, clients=clients)], [plane], lambda _: Version(), seed=seed, replication=replication, detail=detail
        )
        traffic.reroute(0.0, "users", Route("x", "", "requests", tuple(Endpoint(f"p{i}", "h", i) for i in range(4))))
        found = traffic.finish(20.0)["users"]
        return b"".join(np.ascontiguousarray(getattr(found, name)).tobytes() for name in found.__slots__ if name != "stream")

    assert played(1, 0) == played(1, 0)
    assert len({played(1, 0), played(1, 1), played(2, 0)}) == 3


@DETAILS
def test_a_dead_canary_of_ingress_nginx_costs_its_share(detail: str) -> None:
    """Measured (canary refuses connections): retries stay in the canary backend; even where its pods are as likely as the stable ones."""
    traffic = made("ingress-nginx/canary_weight", None, detail)
    route(traffic, 0.0, 0, 2, weights=(0.5, 0.5))
    traffic.end_pod(0.0, 2)
    counted = count(traffic.finish(100.0)["s"], 0.0, 100.0)
    total = counted.requests + counted.refused
    assert abs(counted.refused / total - 0.5) < 4 * 0.5 / total**0.5


@DETAILS
def test_one_dead_canary_pod_of_two_is_passed_over(detail: str) -> None:
    traffic = made("ingress-nginx/canary_weight", None, detail)
    route(traffic, 0.0, 2, 3, 0, 1, weights=(0.1, 0.1, 0.4, 0.4))
    traffic.end_pod(0.0, 2)
    counted = count(traffic.finish(100.0)["s"], 0.0, 100.0)
    assert counted.refused == 0
    assert abs(counted.answered[3] / counted.requests - 0.2) < 4 * 0.4 / counted.requests**0.5


@DETAILS
def test_an_envoy_pod_that_ended_refuses(detail: str) -> None:
    traffic = made("envoy/weighted_clusters", None, detail)
    route(traffic, 0.0, 2, 3, 0, 1, weights=(0.1, 0.1, 0.4, 0.4))
    traffic.end_pod(0.0, 2)
    counted = count(traffic.finish(100.0)["s"], 0.0, 100.0)
    total = counted.requests + counted.refused
    assert abs(counted.refused / total - 0.1) < 4 * 0.3 / total**0.5


@DETAILS
def test_connections_of_a_pod_that_ended_open_elsewhere(detail: str) -> None:
    """Refused while the pod is still routed to, served by the others as soon as it is not; never stuck."""
    traffic = made("kube-proxy/iptables", Clients(connections=30), detail)
    route(traffic, 0.0, 0, 1, 2)
    traffic.end_pod(5.0, 1)
    route(traffic, 6.0, 0, 2)
    found = traffic.finish(30.0)["s"]
    assert 0 < count(found, 5.0, 6.0).refused < 40
    after = count(found, 6.0, 30.0)
    assert after.refused == 0
    assert set(after.answered) == {0, 2}


@DETAILS
def test_renewed_connections_find_nobody_while_kept_ones_live_on(detail: str) -> None:
    traffic = made("kube-proxy/iptables", Clients(connections=10, requests_per_connection=100), detail, arrivals="constant")
    route(traffic, 0.0, 0, 1)
    route(traffic, 10.0)
    traffic.cut(12.0)
    traffic.cut(21.0)
    found = traffic.finish(30.0)["s"]
    first, last = count(found, 10.0, 12.0), count(found, 21.0, 30.0)
    assert first.requests > 100
    assert first.no_endpoint < 80
    assert last.requests == 0
    assert last.no_endpoint == 900


def test_renewals_do_not_come_in_bursts() -> None:
    """Each of 50 connections lives 100 requests; begun at random ages, no tenth of that time renews more than chance allows."""
    traffic = made("kube-proxy/iptables", Clients(connections=50, requests_per_connection=100), "requests", arrivals="constant")
    route(traffic, 0.0, 0, 1)
    found = traffic.finish(150.0)["s"]
    assert isinstance(found, Requests)
    _, begins = np.unique(found.connection, return_index=True)
    renewed = found.t_s[begins[begins >= 50]]
    per_bin = np.histogram(renewed, bins=10, range=(1.0, 51.0))[0]
    assert per_bin.sum() == pytest.approx(50, abs=2)
    assert per_bin.max() <= 5 + 4 * (5 * 0.9) ** 0.5


def test_tallies_name_each_connection_once_in_a_stretch() -> None:
    traffic = made("kube-proxy/iptables", Clients(connections=8, requests_per_connection=1000), "counts")
    route(traffic, 0.0, 0, 1)
    found = traffic.finish(20.0)["s"]
    assert isinstance(found, Tallies)
    named = found.connection[found.connection >= 0]
    assert len(set(named.tolist())) == len(named) >= 8
    assert not {NO_ENDPOINT, REFUSED} & set(found.outcome.tolist())


def test_apisix_takes_upstreams_by_levels_and_begins_at_the_highest() -> None:
    """lib/resty/roundrobin.lua: 75 to 25 is A A A B, and the cycle begins behind a server drawn at random, so never with B."""
    begun = set()
    for seed in range(12):
        traffic = made("apisix/traffic_split", None, "requests", seed=seed, arrivals="constant")
        route(traffic, 0.0, 0, 1, 2, weights=(0.375, 0.375, 0.25))
        found = traffic.finish(4.0)["s"]
        assert isinstance(found, Requests)
        counted = np.bincount(found.pod, minlength=3) / len(found.pod)
        assert np.abs(counted - [0.375, 0.375, 0.25]).max() < 0.02  # two workers, each at most a block off
        begun.add(int(found.pod[0]))
    assert begun == {0, 1}  # never the lighter one first


def test_levels() -> None:
    assert levels(np.array([3, 1])).tolist() == [0, 0, 0, 1]
    assert levels(np.array([20, 80])).tolist() == [1, 1, 1, 0, 1]
    assert levels(np.array([2, 1, 2])).tolist() == [0, 2, 0, 1, 2]
