"""What Prometheus would compute from the simulated requests: the truth within its standard error, the same from both levels of detail."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import Route
from rolloutsim.scenario import Latency, Stream, Version
from rolloutsim.world.series import promql
from rolloutsim.world.series.store import Labels, TimeSeries
from rolloutsim.world.traffic.engine import Traffic

SEEDS, RATE, ERRORS = 60, 40.0, 0.1


@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_rates_and_quantiles_of_known_traffic(detail: str) -> None:
    found: dict[str, list[float]] = {"rate": [], "errors": [], "p75": []}
    for seed in range(SEEDS):
        profile = Version(error_rate=ERRORS, latency=Latency(p50="50ms", p99="200ms"))
        traffic = Traffic([Stream(name="s", to="service/x", rate=RATE)], ["random"], lambda _, p=profile: p, seed=seed, detail=detail)
        series = TimeSeries()
        tally = traffic.tallied(series.bounds_s)["s"][0]
        traffic.reroute(0.0, "s", Route("x", "", "requests", (Endpoint("p", "h", 0),)))
        for t_s in np.arange(7.0, 120.0, 15.0).tolist():
            traffic.cut(t_s)
            for counts, status in zip(tally.of(0, t_s), ("2xx", "5xx"), strict=True):
                series.append(t_s, Labels("pods", 0, "h", "s", "x", status), int(counts[0]), counts[1:])
        total = series.summed(promql.rate, lambda _: True, 115.0, 60.0)
        errors = series.summed(promql.rate, lambda labels: labels.status == "5xx", 115.0, 60.0)
        p75 = series.quantile(0.75, promql.rate, lambda _: True, 115.0, 60.0)
        assert total is not None and errors is not None and p75 is not None
        found["rate"].append(total)
        found["errors"].append(errors / total)
        found["p75"].append(p75)
    sampled_s = 45.0  # four samples lie in the window
    assert abs(np.mean(found["rate"]) - RATE) < 4 * math.sqrt(RATE / sampled_s / SEEDS)
    assert abs(np.mean(found["errors"]) - ERRORS) < 4 * math.sqrt(ERRORS * (1 - ERRORS) / (RATE * sampled_s) / SEEDS)
    # latencies are lognormal with median 0.05: the share of (0.05, 0.1] is Phi(ln 2 / sigma) - 1/2, and 0.25 of all lies in it below p75
    sigma = math.log(4) / 2.3263478740408408
    p75 = 0.05 + 0.05 * 0.25 / (0.5 * math.erf(math.log(2) / sigma / math.sqrt(2)))
    assert abs(np.mean(found["p75"]) - p75) < 4 * np.std(found["p75"], ddof=1) / math.sqrt(SEEDS)


@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_what_finds_no_pod_is_seen_by_the_router_alone(detail: str) -> None:
    """For 10 s nobody is there, then a pod for 10 s, then its process is gone while it is still routed to."""
    profile = Version(error_rate=ERRORS)
    traffic = Traffic([Stream(name="s", to="service/x", rate=RATE, arrivals="constant")], ["random"], lambda _: profile, seed=5, detail=detail)
    pods, router = traffic.tallied((1.0, math.inf))["s"]
    traffic.reroute(10.0, "s", Route("x", "", "requests", (Endpoint("p", "h", 70),)))
    traffic.end_pod(20.0, 70)
    traffic.cut(25.0)
    ok, failed = (int(counts[0]) for counts in pods.of(70, 25.0))
    assert ok + failed == 10 * RATE and failed > 0
    assert pods.of(-1, 25.0).sum() == 0
    assert router.pods(25.0) == [70, -1]
    assert router.of(-1, 25.0)[:, 0].tolist() == [0, 10 * RATE]
    assert router.of(70, 25.0)[:, 0].tolist() == [ok, failed + 5 * RATE]
