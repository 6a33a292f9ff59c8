"""What a pod has in hand when it is gone: rate times mean latency (Little), in every level of detail and every loop; and how pods end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.manifest.objects import Endpoint
from rolloutsim.manifest.pod_template import PodTemplate
from rolloutsim.record import BAD_GATEWAY, LOST, RESET, Requests, Route
from rolloutsim.scenario import Clients, Latency, Pods, Serving, Stream, Version
from rolloutsim.scenario.failover import Failover
from rolloutsim.world.ending import ending
from rolloutsim.world.traffic.engine import Traffic
from tests.conftest import SCENARIOS

RATE_RPS, END_S, RUNS = 400.0, 5.0, 40
LATENCY = Latency(p50="100ms", p99="1s")
MEAN_S = 0.1 * float(np.exp((np.log(10) / 2.3263478740408408) ** 2 / 2))

WAYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "blocks": ({}, {}),
    "tallies": ({}, {"keep": "tallies"}),
    "counts": ({}, {"detail": "counts"}),
    "queues": ({}, {"serving": True}),
    "by load": ({"retries": 0, "timeout": 60.0}, {}),
    "in order": ({"clients": Clients(connections=9, seconds_per_connection=1e6)}, {}),
    "in order, tried again": ({"failover": Failover(attempts=3)}, {}),
}


def broken(way: str, plane: str, seed: int) -> tuple[int, Any]:
    """Requests without an answer when one of two pods, which is routed to no more, is gone; it ends for new requests at the same instant."""
    ways, how = WAYS[way]
    version = Version(latency=LATENCY, serving=Serving(concurrency=1000) if how.get("serving") else None)
    traffic = Traffic([Stream(name="s", to="service/x", rate=RATE_RPS, **ways)], [plane], lambda _: version, seed=seed, breaking=True, **how)
    both = (Endpoint("p0", "h", 0), Endpoint("p1", "h", 1))
    traffic.reroute(0.0, "s", Route("x", plane, "requests", both))
    traffic.reroute(END_S, "s", Route("x", plane, "requests", both[1:]))
    traffic.end_pod(END_S, 0)
    traffic.break_pod(END_S, 0)
    found = traffic.finish(END_S + 2)["s"]
    lost = np.isin(found.outcome, LOST)
    assert set(found.pod[lost].tolist()) <= {0}
    return int(lost.sum() if isinstance(found, Requests) else found.requests[lost].sum()), found


@pytest.mark.parametrize("way", [way for way in WAYS if way != "in order, tried again"])
def test_what_is_in_hand_is_rate_times_latency(way: str) -> None:
    """Poisson with that mean (M/G/infinity); connections that are kept are drawn once, so their pod's part varies by more."""
    plane = "kube-proxy/iptables"
    counts = [broken(way, plane, seed)[0] for seed in range(RUNS)]
    expected = RATE_RPS / 2 * MEAN_S
    per_run = expected + (expected**2 / 9 if way == "in order" else 0.0)
    assert abs(np.mean(counts) - expected) < 4 * np.sqrt(per_run / RUNS)
    assert {RESET} == {outcome for seed in range(3) for outcome in broken(way, plane, seed)[1].outcome.tolist()} & set(LOST)


@pytest.mark.parametrize("way", ["blocks", "queues", "in order"])
def test_clients_hear_of_it_at_that_instant(way: str) -> None:
    _, found = broken(way, "kube-proxy/iptables", 1)
    lost = found.outcome == RESET
    assert (found.t_s + found.latency_s)[lost] == pytest.approx(END_S)


def test_a_proxy_tries_the_broken_ones_again_or_says_502() -> None:
    assert broken("in order, tried again", "ingress-nginx/canary_weight", 1)[0] == 0
    counts, found = broken("blocks", "ingress-nginx/canary_weight", 1)
    assert counts > 10
    assert set(found.outcome.tolist()) & set(LOST) == {BAD_GATEWAY}


def template(grace_s: int | None = None, *hooks: dict[str, Any]) -> PodTemplate:
    spec: dict[str, Any] = {"containers": [{"name": f"c{i}", "lifecycle": {"preStop": hook}} for i, hook in enumerate(hooks)]}
    return PodTemplate(spec=spec if grace_s is None else {**spec, "terminationGracePeriodSeconds": grace_s})


@pytest.mark.parametrize(
    ("of", "pods", "stop_s", "term_s", "gone_s", "killed"),
    [
        (None, Pods(), 1.0, 0.0, 1.0, False),
        (template(), Pods(), 60.0, 0.0, 30.0, True),  # SIGKILL after 30 s
        (template(None, {"sleep": {"seconds": 5}}), Pods(), 1.0, 5.0, 6.0, False),
        (template(None, {"exec": {"command": ["/bin/sh", "-c", "sleep 15; nginx -s quit"]}}), Pods(), 1.0, 15.0, 16.0, False),
        (template(None, {"exec": {"command": ["sleep", "10"]}}, {"sleep": {"seconds": 20}}), Pods(), 1.0, 20.0, 21.0, False),
        (template(10, {"sleep": {"seconds": 8}}), Pods(), 5.0, 8.0, 10.0, True),
        (template(10, {"sleep": {"seconds": 15}}), Pods(), 1.0, 10.0, 11.0, False),  # the hook is abandoned; two seconds are left
        (template(10, {"sleep": {"seconds": 15}}), Pods(), 5.0, 10.0, 12.0, True),
        (template(10, {"httpGet": {"path": "/drain"}}), Pods(), 1.0, 0.0, 1.0, False),
        (template(10, {"sleep": {"seconds": 15}}), Pods(pre_stop=1.0, grace=40.0), 5.0, 1.0, 6.0, False),  # the scenario wins
    ],
)
def test_hook_grace_and_kill(of: PodTemplate | None, pods: Pods, stop_s: float, term_s: float, gone_s: float, killed: bool) -> None:
    assert ending(pods, of, stop_s) == (term_s, gone_s, "serve", killed)


@pytest.mark.parametrize(("on_term", "broken"), [("serve", False), ("drain", False), ("exit", True)])
def test_what_sigterm_does_is_felt_by_clients(on_term: str, broken: bool) -> None:
    """The hook spares the second update; a process that exits at once breaks off what it has."""
    scenario = rs.load(SCENARIOS / "prestop-helps-next-time", set=[f"Scenario:spec.cluster.pods.onTerm={on_term}"])
    found = rs.simulate(scenario).traffic["shoppers"]
    assert isinstance(found, Requests)
    lost = np.isin(found.outcome, LOST)
    assert (found.t_s[lost] < 100).sum() > 100
    assert (found.t_s[lost] > 100).sum() == (found.latency_s[lost & (found.t_s > 100)] > 0.001).sum()  # nobody is refused
    assert (found.latency_s[lost] > 0.001).any() == broken
