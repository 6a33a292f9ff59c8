"""Where the ordered loop is cut changes nothing, and it gives what a block gives where nothing depends on order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import Route
from rolloutsim.scenario import Clients, Distribution, Latency, Pool, Serving, Stream, Version
from rolloutsim.world.traffic import engine, kernel, source
from rolloutsim.world.traffic.engine import Traffic
from rolloutsim.world.traffic.ordered import Ordered
from rolloutsim.world.traffic.planes import BY_REQUEST, make_plane
from rolloutsim.world.traffic.planes.plane import Choose, LoadAware
from tests.properties.test_traffic_cuts import CHANGES, CLIENTS, PLANES, columns, run


def two_coupled(clients: tuple[Clients | None, Clients | None], planes: tuple[str, str], reads: list[float], seed: int, **ways: Any) -> list[bytes]:
    """Two streams over pods that serve few requests at once; pods come, end and begin to answer otherwise."""
    closed = [c is not None and c.think is not None for c in clients]
    streams = [
        Stream(name=n, to="service/x", rate=None if c else r, clients=k, **ways) for n, c, k, r in zip("ab", closed, clients, (300, 90), strict=True)
    ]
    version = Version(error_rate=0.05, latency=Latency(p50="10ms", p99="50ms"), serving=Serving(concurrency=2, queue=9))
    traffic = Traffic(streams, planes, lambda _: version, seed=seed, serving=True)
    deeds: list[tuple[float, int, tuple[int, ...]]] = (
        [(t, 1, pods) for t, pods in CHANGES]
        + [(t, 0, ()) for t in reads]
        + [(5.0, 2, ()), (9.0, 3, ()), (9.7, 4, ()), (10.2, 5, ()), (10.6, 1, (4, 3))]
    )
    for t_s, kind, pods in sorted(deeds, key=lambda deed: deed[:2]):
        if kind == 0:
            traffic.advance(t_s)
        elif kind == 1:
            for name, plane in zip("ab", planes, strict=True):
                endpoints = tuple(Endpoint(f"p{i}", "h", i) for i in pods)
                traffic.reroute(t_s, name, Route("x", plane, traffic.covers(name), endpoints))
        elif kind == 2:
            traffic.end_pod(t_s, 1)
        elif kind == 3:
            traffic.answer(t_s, 3, 0.5, Latency(p50="30ms"))
        elif kind == 4:
            traffic.end_pod(t_s, 3)
            traffic.break_pod(t_s, 3)
        else:
            traffic.begin_pod(t_s, 3)
    return [column for found in traffic.finish(12.0).values() for column in columns(found)]


LOOP = Clients(connections=6, think=Distribution(exponential=0.05))
COUPLED = [
    ((None, None), ("random", "ingress-nginx/round_robin"), {}),
    ((Clients(connections=9, requests_per_connection=20), None), ("kube-proxy/iptables", "random"), {"timeout": 0.03}),
    ((LOOP, None), ("ingress-nginx/round_robin", "kube-proxy/iptables"), {"retries": 2, "retry_after": 0.01}),
    ((LOOP, LOOP.model_copy(update={"requests_per_connection": 5, "requests_at_once": 3})), ("kube-proxy/nftables", "kube-proxy/iptables"), {}),
    ((Clients(connections=7, requests_per_connection=30, pool=Pool(idle_timeout=0.05)), None), ("kube-proxy/iptables", "random"), {"retries": 1}),
    ((Clients(connections=2, requests_at_once=3, pool=Pool()), LOOP), ("kube-proxy/nftables", "random"), {"timeout": 0.03}),
    ((Clients(connections=5, seconds_per_connection=0.5, new_connections=3.0), LOOP), ("kube-proxy/nftables", "random"), {"retries": 1}),
]


@pytest.mark.parametrize(("clients", "planes", "ways"), COUPLED)
@settings(max_examples=5, deadline=None)
@given(reads=st.lists(st.floats(0, 12), max_size=12), seed=st.integers(0, 2**40))
def test_cuts_change_nothing_where_requests_depend_on_each_other(
    clients: tuple[Clients | None, Clients | None], planes: tuple[str, str], ways: dict[str, Any], reads: list[float], seed: int
) -> None:
    assert two_coupled(clients, planes, reads, seed, **ways) == two_coupled(clients, planes, [], seed, **ways)


def fewest(uniform: float, in_flight: Sequence[int], memory: Any) -> int:
    """The endpoint with the fewest requests in flight; of equal ones, a draw and whose turn it is say which."""
    ties, least = 0, min(in_flight)
    for n in in_flight:
        ties += n == least
    memory[0] += 1
    which = int(uniform * ties + memory[0]) % ties
    for i in range(len(in_flight)):
        which -= in_flight[i] == least
        if which < 0:
            return i
    return -1


def less_loaded(uniform: float, in_flight: Sequence[int], memory: Any) -> int:
    """Of two neighbours the one with fewer requests in flight; they move on."""
    a, b = int(memory[1]) % len(in_flight), (int(memory[1]) + 1) % len(in_flight)
    memory[1] += 1 + int(2 * uniform)
    return a if in_flight[a] <= in_flight[b] else b


class ByLoad:
    covers = "requests"

    def __init__(self, choose: Choose) -> None:
        self.choose, self.memory = choose, np.zeros(2 if choose is less_loaded else 1)

    def reroute(self, *_: object) -> None: ...
    def end_pod(self, ordinal: int) -> None: ...
    def begin_pod(self, ordinal: int) -> None: ...


BY_LOAD = ("fewest", "ingress-nginx/round_robin")
ALL_BY_LOAD = [BY_LOAD, ("fewest", "fewest"), ("fewest", "less loaded")]


@pytest.fixture
def _by_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data planes by name that look at the load."""
    make_plane, made = source.make_plane, {"fewest": fewest, "less loaded": less_loaded}
    monkeypatch.setattr(source, "make_plane", lambda name, *rest: ByLoad(made[name]) if name in made else make_plane(name, *rest))


@pytest.mark.usefixtures("_by_load")
@pytest.mark.parametrize(("clients", "planes"), [*(((None, None), planes) for planes in ALL_BY_LOAD), ((None, LOOP), BY_LOAD)])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reads=st.lists(st.floats(0, 12), max_size=12), seed=st.integers(0, 2**40))
def test_cuts_change_nothing_where_the_load_is_looked_at(
    clients: tuple[Clients | None, Clients | None], planes: tuple[str, str], reads: list[float], seed: int
) -> None:
    assert two_coupled(clients, planes, reads, seed, timeout=0.03) == two_coupled(clients, planes, [], seed, timeout=0.03)


@pytest.mark.usefixtures("_by_load")
@pytest.mark.parametrize("ways", [{}, {"timeout": 0.03}])
@pytest.mark.parametrize("planes", [("random", "ingress-nginx/round_robin"), *ALL_BY_LOAD])
def test_open_loops_are_what_the_general_loop_makes_of_them(planes: tuple[str, str], ways: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    quick = two_coupled((None, None), planes, [], 5, **ways)
    monkeypatch.setattr(engine, "OpenLoops", lambda sources, pods, keepers: Ordered(sources, pods, keepers, (5, 0)))
    assert two_coupled((None, None), planes, [], 5, **ways) == quick


REAL = [name for name in sorted(BY_REQUEST) if isinstance(make_plane(name, None, (0, 0, "s")), LoadAware)]


@pytest.mark.slow
@pytest.mark.usefixtures("_by_load")
@pytest.mark.parametrize("planes", [*ALL_BY_LOAD[:2], *((name, "random") for name in REAL)])
@pytest.mark.parametrize("ways", [{}, {"timeout": 0.03}])
def test_compiled_or_plain_not_a_byte_differs(planes: tuple[str, str], ways: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    plain = two_coupled((None, None), planes, [], 5, **ways)
    compiled = []
    run_compiled = kernel._run_compiled
    monkeypatch.setattr(kernel, "PAYS_AFTER", 0)
    monkeypatch.setattr(kernel, "_run_compiled", lambda *given: compiled.append(given) or run_compiled(*given))
    assert two_coupled((None, None), planes, [], 5, **ways) == plain
    assert compiled


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("clients", CLIENTS)
def test_played_in_order_nothing_changes_that_does_not_depend_on_it(plane: str, clients: Clients | None) -> None:
    """Pods that serve any number at once: the loop gives each request what a block gives it."""
    plain, ordered = (run(plane, "requests", clients, [], 3, serving=serving) for serving in (False, True))
    assert columns(plain) == columns(ordered)[:-1]
