"""A reload opens all connections anew: by the present rules, in both levels of detail alike, wherever a block is cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.answers.counting import count
from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import Requests, Route, Tallies
from rolloutsim.scenario import Clients, Stream, Version
from rolloutsim.world.traffic.engine import Traffic

KEPT = [Clients(connections=8), Clients(connections=8, requests_per_connection=60)]


def played(clients: Clients, detail: str, seed: int, cuts: Sequence[float] = (), reads: Sequence[float] = ()) -> Requests | Tallies:
    """Two pods, from 4 s on four; a reload at 8 s, and one at 9 s that changes nothing else."""
    stream = Stream(name="s", to="service/x", rate=100.0, clients=clients)
    traffic = Traffic([stream], ["kube-proxy/iptables"], lambda _: Version(), seed=seed, detail=detail)
    deeds = [(0.0, 2, False), (4.0, 4, False), (8.0, 4, True), (9.0, 4, True)] + [(t, 0, True) for t in cuts] + [(t, 0, False) for t in reads]
    for t_s, pods, flag in sorted(deeds):
        if pods:
            endpoints = tuple(Endpoint(f"p{i}", "h", i) for i in range(pods))
            traffic.reroute(t_s, "s", Route("x", "", traffic.covers("s"), endpoints), reopens=flag)
        elif flag:
            traffic.cut(t_s)
        else:
            traffic.advance(t_s)
    return traffic.finish(14.0)["s"]


@pytest.mark.parametrize("clients", KEPT)
def test_both_levels_of_detail_follow_the_same_law(clients: Clients) -> None:
    """A pod that came late has no kept connection before the reload, and a quarter of them after it."""
    runs = 150
    shares: dict[str, list[list[float]]] = {"requests": [], "counts": []}
    for detail, rows in shares.items():
        for seed in range(runs):
            parts = [count(played(clients, detail, seed), a, b) for a, b in ((4.0, 8.0), (8.0, 9.0), (9.0, 14.0))]
            rows.append([p.answered.get(3, 0) / p.requests for p in parts])
    a, b = (np.array(shares[detail]) for detail in ("requests", "counts"))
    spread = np.sqrt(a.var(axis=0, ddof=1) / runs + b.var(axis=0, ddof=1) / runs)
    assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) <= 4 * spread + 1e-9).all()
    for found in (a, b):
        assert (np.abs(found[:, 1:].mean(axis=0) - 0.25) < 4 * found[:, 1:].std(axis=0, ddof=1) / np.sqrt(runs)).all()
        if clients.requests_per_connection is None:
            assert not found[:, 0].any()
            assert abs(np.corrcoef(found[:, 1], found[:, 2])[0, 1]) < 4 / np.sqrt(runs)  # the second reload drew anew


@pytest.mark.parametrize("clients", KEPT)
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.floats(0.01, 13.99), max_size=6), reads=st.lists(st.floats(0, 14), max_size=6), seed=st.integers(0, 2**40))
def test_cuts_change_nothing(clients: Clients, cuts: list[float], reads: list[float], seed: int) -> None:
    plain, cut = (played(clients, "requests", seed, *more) for more in ((), (cuts, reads)))
    assert isinstance(plain, Requests) and isinstance(cut, Requests)
    assert (plain.pod.tobytes(), plain.connection.tobytes()) == (cut.pod.tobytes(), cut.connection.tobytes())
    edges = ((0.0, 4.0), (4.0, 8.0), (8.0, 9.0), (9.0, 14.0))
    counted = [[count(played(clients, "counts", seed, *more), a, b).answered for a, b in edges] for more in ((), (cuts, reads))]
    assert counted[0] == counted[1]
