"""Whatever a proxy does with failed tries: each request has one outcome, and where the run is cut changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.answers.counting import count
from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import BAD_GATEWAY, ERROR, NO_ENDPOINT, OK, REFUSED, UNAVAILABLE, Requests, Route
from rolloutsim.scenario import Clients, Distribution, Latency, Stream, Version
from rolloutsim.scenario.failover import BackOff, Failover, HealthCheck
from rolloutsim.world.traffic.engine import Traffic
from tests.properties.test_traffic_cuts import columns

PLANES = ("envoy/weighted_clusters", "ingress-nginx/canary_weight", "nginx/upstream_wrr", "haproxy/roundrobin", "traefik/weighted_services")
failovers = st.builds(
    Failover,
    attempts=st.one_of(st.none(), st.integers(1, 5)),
    retry_on=st.lists(st.sampled_from(["refused", "reset", "5xx"]), unique=True).map(tuple),
    next=st.sampled_from(["same", "backend", "another", "redispatch", "again"]),
    wait=st.sampled_from([0.0, 0.02]),
    back_off=st.one_of(st.none(), st.just(BackOff(base=0.025, at_most=0.25))),
    within=st.just(0.5),
    max_retries=st.one_of(st.none(), st.integers(0, 3)),
    max_fails=st.one_of(st.none(), st.integers(1, 2)),
    fail_timeout=st.just(1.0),
    check=st.one_of(st.none(), st.just(HealthCheck(interval=0.2, fall=2, rise=2))),
)


def run(
    plane: str, failover: Failover | None, clients: Clients | None, reads: list[float], seed: int, detail: Any = "requests", who: str = ""
) -> Any:
    """Two versions of two pods; one of the new ones is gone from 1 to 3 s, and both from 4 s on."""
    stream = Stream(name="s", to="service/x", rate=None if clients is not None else 200.0, clients=clients, failover=failover)
    version = Version(error_rate=0.05, latency=Latency(p50="5ms", p99="20ms"))
    traffic = Traffic([stream], [plane], lambda _: version, seed=seed, detail=detail, software=[who])
    endpoints = tuple(Endpoint(f"p{i}", "new" if i < 2 else "old", i) for i in range(4))
    traffic.reroute(0.0, "s", Route("x", plane, "requests", endpoints, (0.1, 0.1, 0.4, 0.4)))
    deeds = [(1.0, traffic.end_pod, 0), (3.0, traffic.begin_pod, 0), (4.0, traffic.end_pod, 0), (4.0, traffic.end_pod, 1)]
    for t_s, deed, pod in sorted([*deeds, *((t, None, 0) for t in reads)], key=lambda deed: deed[0]):
        if deed is None:
            traffic.advance(t_s)
        else:
            deed(t_s, pod)
    return traffic.finish(6.0)["s"]


@settings(max_examples=25, deadline=None)
@given(
    plane=st.sampled_from(PLANES),
    failover=failovers,
    clients=st.sampled_from([None, Clients(connections=4, think=Distribution(exponential=0.02))]),
    reads=st.lists(st.floats(0, 6), max_size=8),
    seed=st.integers(0, 2**40),
)
def test_each_request_has_one_outcome_wherever_the_run_is_cut(
    plane: str, failover: Failover, clients: Clients | None, reads: list[float], seed: int
) -> None:
    whole, cut = run(plane, failover, clients, [], seed), run(plane, failover, clients, reads, seed)
    assert columns(whole) == columns(cut)
    assert set(whole.outcome.tolist()) <= {OK, ERROR, NO_ENDPOINT, BAD_GATEWAY, UNAVAILABLE}
    assert (np.diff(whole.t_s) >= 0).all()
    if clients is None:
        plain = run(plane, None, None, [], seed)
        assert (plain.t_s == whole.t_s).all()  # the same requests, each with what came of it
    counted = count(whole, 0.0, 7.0)
    assert counted.requests + counted.refused + counted.no_endpoint == len(whole.t_s)


@pytest.mark.parametrize(
    ("plane", "lost", "word"),
    [
        ("istio: envoy/weighted_clusters", (0.0, 0.2), UNAVAILABLE),
        ("envoy/weighted_clusters", (0.1, 0.2), UNAVAILABLE),
        ("ingress-nginx/canary_weight", (0.0, 0.2), BAD_GATEWAY),
        ("nginx/split_clients_request_id", (0.0, 0.2), BAD_GATEWAY),
        ("nginx/upstream_wrr", (0.0, 0.0), BAD_GATEWAY),
        ("haproxy/roundrobin", (0.1, 0.2), UNAVAILABLE),
        ("random", (0.1, 0.2), REFUSED),
    ],
)
@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_by_default_in_both_levels_of_detail(plane: str, lost: tuple[float, float], word: int, detail: str) -> None:
    """Of two canary pods at 20 % one is gone, then both: what is lost of the requests, and what clients see."""
    who, _, name = plane.rpartition(": ")
    found = [run(name, None, None, [], seed, detail, who) for seed in range(4)]
    for (from_s, to_s), share in zip([(1.0, 3.0), (4.0, 6.0)], lost, strict=True):
        counted = [count(one, from_s, to_s) for one in found]
        refused, total = sum(c.refused for c in counted), sum(c.refused + c.requests for c in counted)
        assert abs(refused - share * total) <= 4 * (total * share * (1 - share)) ** 0.5
    assert {outcome for one in found for outcome in set(one.outcome.tolist())} <= {OK, ERROR, word}


def test_haproxy_says_503_after_three_seconds() -> None:
    found = run("haproxy/roundrobin", None, None, [], 1)
    assert isinstance(found, Requests)
    waited_s = found.latency_s[found.outcome == UNAVAILABLE]
    assert len(waited_s) > 20
    assert waited_s == pytest.approx(3.0008)
