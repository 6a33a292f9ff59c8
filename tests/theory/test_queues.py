"""Pods that serve: waiting and loss as queueing theory has them, each within 4 standard errors over independent runs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import REJECTED, Requests, Route
from rolloutsim.scenario import Distribution, RandomTime, Serving, Stream, Version
from rolloutsim.scenario.model import Lognormal, Uniform
from rolloutsim.world.traffic.engine import Traffic

RUNS, WARM_S, END_S = 30, 20.0, 140.0
SERVICE_S = 0.05
Found = Callable[[Requests], float]


def served(seed: int, rate_rps: float, serving: Serving, plane: str) -> Requests:
    """Poisson arrivals at one pod; those after the warm-up."""
    version = Version(serving=serving)
    traffic = Traffic([Stream(name="s", to="service/x", rate=rate_rps)], [plane], lambda _: version, seed=seed, serving=True)
    traffic.reroute(0.0, "s", Route("x", "", "requests", (Endpoint("p0", "h", 0),)))
    found = traffic.finish(END_S)["s"]
    assert isinstance(found, Requests)
    late = found.t_s >= WARM_S
    return Requests("s", *(column[late] for column in (found.t_s, found.pod, found.connection, found.outcome, found.latency_s, found.wait_s)))  # type: ignore[arg-type]


def agrees(expected: float, found: Found, rate_rps: float, serving: Serving, plane: str = "random") -> None:
    values = [found(served(seed, rate_rps, serving, plane)) for seed in range(RUNS)]
    error = np.std(values, ddof=1) / math.sqrt(RUNS)
    assert error < 0.2 * expected, "too few requests to tell"
    assert abs(np.mean(values) - expected) < 4 * error, f"{np.mean(values):.5f} +- {error:.5f}, expected {expected:.5f}"


def mean_wait(found: Requests) -> float:
    assert found.wait_s is not None
    return float(found.wait_s.mean())


def erlang_b(servers: int, load: float) -> float:
    """The probability that all servers are busy when none can wait (recursion over the servers)."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """The probability that one has to wait."""
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


BY_LOAD = "nginx/upstream_least_conn"
"""Played in another loop, which looks at the load: with one pod it is the same queue."""


@pytest.mark.parametrize(("servers", "rate_rps", "plane"), [(1, 12.0, "random"), (4, 60.0, "random"), (16, 272.0, "random"), (4, 60.0, BY_LOAD)])
def test_m_m_c_wait_is_erlang_c(servers: int, rate_rps: float, plane: str) -> None:
    serving = Serving(concurrency=servers, time=Distribution(exponential=SERVICE_S))
    load = rate_rps * SERVICE_S
    waits = erlang_c(servers, load)
    agrees(waits, lambda found: float((found.wait_s > 0).mean()), rate_rps, serving, plane)  # type: ignore[operator]
    agrees(waits * SERVICE_S / (servers - load), mean_wait, rate_rps, serving, plane)


LAWS: list[tuple[str, RandomTime, float, float]] = [
    ("constant", 0.05, 0.05, 0.0),
    ("exponential", Distribution(exponential=0.05), 0.05, 1.0),
    ("uniform", Distribution(uniform=Uniform(low=0.02, high=0.08)), 0.05, (0.06**2 / 12) / 0.05**2),
    ("lognormal", Distribution(lognormal=Lognormal(median=0.04, p95=0.1)), *(lambda s: (0.04 * math.exp(s * s / 2), math.exp(s * s) - 1))(math.log(2.5) / 1.6448536269514722)),
    ("empirical", Distribution(empirical=(0.01, 0.02, 0.12)), 0.05, ((0.01**2 + 0.02**2 + 0.12**2) / 3 - 0.05**2) / 0.05**2),
]  # fmt: skip


@pytest.mark.parametrize(("name", "time", "mean_s", "squared_variation"), LAWS, ids=[law[0] for law in LAWS])
def test_m_g_1_wait_is_pollaczek_and_khinchines(name: str, time: RandomTime, mean_s: float, squared_variation: float) -> None:
    rate_rps = 0.6 / mean_s
    expected = 0.6 * mean_s * (1 + squared_variation) / (2 * (1 - 0.6))
    agrees(expected, mean_wait, rate_rps, Serving(concurrency=1, time=time))


@pytest.mark.parametrize("time", [Distribution(exponential=SERVICE_S), SERVICE_S], ids=["exponential", "constant"])
def test_loss_is_erlang_b_whatever_the_service_time(time: RandomTime) -> None:
    for servers, rate_rps in ((2, 30.0), (8, 140.0)):
        serving = Serving(concurrency=servers, queue=0, time=time)
        agrees(erlang_b(servers, rate_rps * SERVICE_S), lambda found: float((found.outcome == REJECTED).mean()), rate_rps, serving)


@pytest.mark.parametrize("plane", ["random", BY_LOAD])
def test_a_bounded_queue_loses_as_m_m_1_k(plane: str) -> None:
    load, places = 0.8, 5  # one is served, four wait
    lost = (1 - load) * load**places / (1 - load ** (places + 1))
    serving = Serving(concurrency=1, queue=places - 1, time=Distribution(exponential=SERVICE_S))
    agrees(lost, lambda found: float((found.outcome == REJECTED).mean()), load / SERVICE_S, serving, plane)
