"""Clients who keep the pod that they got first: past weights, reloads and scale-ups, until the pod is routed to no more."""

from __future__ import annotations

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.answers.counting import count
from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import Requests, Route, Tallies
from rolloutsim.scenario import Sticky, Stream, Version
from rolloutsim.world.traffic.engine import Traffic
from tests.conftest import SCENARIOS

PLANES = ["ingress-nginx/canary_weight", "traefik/weighted_services", "haproxy/random1", "kube-proxy/iptables", "ingress-nginx/round_robin"]
DETAILS = pytest.mark.parametrize("detail", ["requests", "counts"])
EACH = pytest.mark.parametrize("plane", PLANES)
STABLE, CANARY = 0, 1


def split(traffic: Traffic, at_s: float, canary: float, *, reopens: bool = False) -> None:
    """A stable pod and, at a weight, one of the canary."""
    some = [(STABLE, 1 - canary), (CANARY, canary)] if canary else [(STABLE, 1.0)]
    endpoints = tuple(Endpoint(f"p{i}", "new" if i else "old", i) for i, _ in some)
    traffic.reroute(at_s, "s", Route("x", "", traffic.covers("s"), endpoints, tuple(w for _, w in some)), reopens=reopens)


def made(plane: str, detail: str, sticky: Sticky) -> Traffic:
    return Traffic([Stream(name="s", to="service/x", rate=1000, sticky=sticky)], [plane], lambda _: Version(), seed=4, detail=detail)


def share(found: Requests | Tallies, from_s: float, to_s: float) -> float:
    counted = count(found, from_s, to_s)
    return counted.answered.get(CANARY, 0) / counted.requests


@EACH
@DETAILS
def test_a_greater_weight_moves_nobody_who_is_there(plane: str, detail: str) -> None:
    """The lesson of cookies: of clients who came at weight 0 the canary gets none at 90 %, before and after a reload."""
    traffic = made(plane, detail, Sticky(clients=40))
    split(traffic, 0.0, 0.0)
    split(traffic, 10.0, 0.9)
    split(traffic, 20.0, 0.9, reopens=True)
    found = traffic.finish(30.0)["s"]
    assert share(found, 10.0, 30.0) == 0


@EACH
@DETAILS
def test_new_clients_follow_the_weight(plane: str, detail: str) -> None:
    traffic = made(plane, detail, Sticky(clients=40, requests_per_client=50))
    split(traffic, 0.0, 0.0)
    split(traffic, 10.0, 0.5)
    found = traffic.finish(60.0)["s"]
    assert share(found, 0.0, 10.0) == 0
    assert abs(share(found, 20.0, 60.0) - 0.5) < 4 * 0.5 / (40_000 / 50) ** 0.5 + 0.03  # of the ring's own bias


@EACH
@DETAILS
def test_a_pod_that_is_routed_to_no_more_loses_its_clients(plane: str, detail: str) -> None:
    traffic = made(plane, detail, Sticky(clients=40))
    split(traffic, 0.0, 0.5)
    split(traffic, 10.0, 0.0)
    found = traffic.finish(20.0)["s"]
    assert share(found, 0.0, 10.0) > 0.1
    assert share(found, 10.0, 20.0) == 0


def test_each_client_keeps_its_pod() -> None:
    traffic = made("traefik/weighted_services", "requests", Sticky(clients=40))
    split(traffic, 0.0, 0.25)
    found = traffic.finish(10.0)["s"]
    assert isinstance(found, Requests)
    pods = {client: set(found.pod[found.connection == client].tolist()) for client in np.unique(found.connection).tolist()}
    assert len(pods) == 40
    assert all(len(own) == 1 for own in pods.values())
    assert sum(own == {CANARY} for own in pods.values()) == 10  # Traefik's round robin: a quarter of 40 first requests


def test_a_scenario_names_them() -> None:
    scenario = rs.load(SCENARIOS / "abort-routed", set=('Scenario:spec.traffic.sticky={"clients": 50}',))
    assert {row.covers for row in rs.share(rs.simulate(scenario)).rows} == {"connections"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('Scenario:spec.traffic.clients={"connections": 5}', "sticky beside clients"),
        ("Scenario:spec.traffic.retries=1", "sticky beside retries"),
        ("Scenario:spec.traffic.dataPlane=haproxy/leastconn", "sticky with haproxy/leastconn"),
    ],
)
def test_what_does_not_go_together_is_refused(more: str, words: str) -> None:
    with pytest.raises(rs.InputError, match=words):
        rs.load(SCENARIOS / "abort-routed", set=('Scenario:spec.traffic.sticky={"clients": 50}', more))
