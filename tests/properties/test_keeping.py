"""Tallies of requests that were played one by one say what the requests say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.answers.counting import count
from rolloutsim.record import Requests, Tallies
from rolloutsim.scenario import Clients
from rolloutsim.world.traffic import keeping
from tests.properties.test_traffic_cuts import CHANGES, CLIENTS, columns, run

EDGES = [0.0, *sorted({t for t, _ in CHANGES[1:]} | {5.0}), 20.0]


@pytest.mark.parametrize("plane", ["random", "kube-proxy/iptables"])
@pytest.mark.parametrize("clients", CLIENTS)
@settings(max_examples=5, deadline=None)
@given(reads=st.lists(st.floats(0, 20), max_size=5), seed=st.integers(0, 2**40), serving=st.booleans())
def test_tallies_count_what_the_requests_count(plane: str, clients: Clients | None, reads: list[float], seed: int, serving: bool) -> None:
    each, tallied = (run(plane, "requests", clients, reads, seed, serving=serving, keep=keep) for keep in ("requests", "tallies"))
    assert isinstance(each, Requests)
    assert isinstance(tallied, Tallies)
    for from_s, to_s in pairwise(EDGES):
        a, b = count(each, from_s, to_s), count(tallied, from_s, to_s)
        assert a._replace(squares=0) == b._replace(squares=0)
        assert a.squares == pytest.approx(b.squares, rel=0.15)  # in a row for several, answers and errors are not told by connection
    assert tallied.latency_s is not None
    assert tallied.latency_s.sum() == pytest.approx(np.nansum(each.latency_s))


@pytest.mark.parametrize("plane", ["random", "kube-proxy/iptables", "nginx/upstream_least_conn"])
@pytest.mark.parametrize("clients", CLIENTS)
@settings(max_examples=5, deadline=None)
@given(reads=st.lists(st.floats(0, 20), min_size=1, max_size=8), seed=st.integers(0, 2**40), serving=st.booleans())
def test_reads_change_no_byte_of_tallies(plane: str, clients: Clients | None, reads: list[float], seed: int, serving: bool) -> None:
    plain, read = (run(plane, "requests", clients, r, seed, serving=serving, keep="tallies") for r in ([], reads))
    assert columns(read) == columns(plain)


def test_connections_beyond_the_most_are_written_early(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = Clients(connections=40, requests_per_connection=3)
    whole = run("kube-proxy/iptables", "requests", clients, [], 1, keep="tallies")
    monkeypatch.setattr(keeping, "MOST_NAMES", 500)
    early = run("kube-proxy/iptables", "requests", clients, [], 1, keep="tallies")
    for from_s, to_s in pairwise(EDGES):
        a, b = count(whole, from_s, to_s), count(early, from_s, to_s)
        assert a._replace(squares=0) == b._replace(squares=0)
        assert a.squares == pytest.approx(b.squares, rel=0.1)
