"""Where a block is cut changes nothing: any reads in between leave every byte as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import Route
from rolloutsim.scenario import Clients, Latency, Stream, Version
from rolloutsim.world.traffic.engine import Traffic

CHANGES = ((0.0, (0, 1, 2)), (3.3, (0, 1, 2, 3)), (5.1, ()), (5.4, (2, 3)), (8.0, (2, 3, 4)))


def run(plane: str, detail: str, clients: Clients | None, reads: list[float], seed: int) -> list[bytes]:
    stream = Stream(name="s", to="service/x", rate=900.0, clients=clients)
    profile = Version(error_rate=0.05, latency=Latency(p50="10ms", p99="50ms"))
    traffic = Traffic([stream], [plane], lambda _: profile, seed=seed, detail=detail)
    deeds: list[tuple[float, int, tuple[int, ...] | None]] = [(t, 1, pods) for t, pods in CHANGES] + [(5.0, 2, None)] + [(t, 0, None) for t in reads]
    for t_s, kind, pods in sorted(deeds, key=lambda deed: deed[:2]):
        if kind == 0:
            traffic.advance(t_s)
        elif kind == 1 and pods is not None:
            endpoints = tuple(Endpoint(f"p{i}", "h", i) for i in pods)
            traffic.reroute(t_s, "s", Route("x", plane, traffic.covers("s"), endpoints))
        else:
            traffic.end_pod(t_s, 1)
    found = traffic.finish(20.0)["s"]
    return [np.ascontiguousarray(getattr(found, name)).tobytes() for name in found.__slots__ if name != "stream"]


@pytest.mark.parametrize("detail", ["requests", "counts"])
@pytest.mark.parametrize("plane", ["random", "ingress-nginx/round_robin", "kube-proxy/iptables"])
@pytest.mark.parametrize("clients", [None, Clients(connections=9, requests_per_connection=20), Clients(connections=5)])
@settings(max_examples=8, deadline=None)
@given(reads=st.lists(st.floats(0, 20), max_size=12), seed=st.integers(0, 2**40))
def test_cuts_change_nothing(plane: str, detail: str, clients: Clients | None, reads: list[float], seed: int) -> None:
    assert run(plane, detail, clients, reads, seed) == run(plane, detail, clients, [], seed)
