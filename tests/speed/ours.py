"""The models of the table as rolloutsim plays them."""

from __future__ import annotations

from functools import lru_cache

from rolloutsim.manifest.objects import Endpoint
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.record import Record, Requests, Route, Tallies
from rolloutsim.scenario import Distribution, Latency, Scenario, Serving, Stream, Version
from rolloutsim.simulation import simulate
from rolloutsim.world.traffic.engine import Traffic
from tests.conftest import SCENARIOS
from tests.speed.rivals import CONCURRENCY, ERROR_RATE, P50_S, P99_S, PODS, RATE_RPS, SERVICE_S, Model

LEAST_CONNECTIONS = "nginx/upstream_least_conn"


def with_rolloutsim(model: Model, n: int, *, keep_each: bool = True) -> int:
    """About `n` requests of one stream over the four pods; returns how many there were."""
    found = played(model, n, keep_each=keep_each)
    return len(found.t_s) if isinstance(found, Requests) else int(found.requests.sum())


def played(model: Model, n: int, *, keep_each: bool = True) -> Requests | Tallies:
    """What is kept of about `n` requests."""
    if model == "detail":
        version = Version(error_rate=ERROR_RATE, latency=Latency(p50=P50_S, p99=P99_S))
    else:
        version = Version(error_rate=ERROR_RATE, serving=Serving(concurrency=CONCURRENCY, time=Distribution(exponential=SERVICE_S)))
    plane = LEAST_CONNECTIONS if model == "least connections" else "random"
    keep = "requests" if keep_each else "tallies"
    stream = Stream(name="users", to="service/x", rate=RATE_RPS)
    traffic = Traffic([stream], [plane], lambda _: version, seed=1, keep=keep, serving=model != "detail")  # type: ignore[arg-type]
    endpoints = tuple(Endpoint(f"pod-{i}", "hash", i) for i in range(PODS))
    traffic.reroute(0.0, "users", Route("x", plane, "requests", endpoints))
    return traffic.finish(n / RATE_RPS)["users"]


def the_tutorial(*, requests: float | None = None) -> Record:
    """The tutorial's canary from start to finish; in `counts` if so many requests are to fall in its two minutes."""
    if requests is None:
        return simulate(load_tutorial())
    rates = [f"Scenario:spec.traffic[{i}].rate={share * requests / 115:.0f}/s" for i, share in enumerate((0.7, 0.3))]
    return simulate(load_tutorial("Scenario:spec.detail=counts", *rates))


@lru_cache
def load_tutorial(*overrides: str) -> Scenario:
    return load_scenario([SCENARIOS / "notifications-canary"], overrides)
