"""Sources of measurements: scripts, draws and the store of series, each in the form of the metric's provider."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from rolloutsim.manifest.analysis_metrics import Metric, validated
from rolloutsim.scenario.metrics import MetricSource
from rolloutsim.world.measurements import Found, Source, source_of
from rolloutsim.world.series.store import Labels, TimeSeries

PROMETHEUS: dict[str, Any] = {"prometheus": {"query": "x"}}


def metric(provider: dict[str, Any]) -> Metric:
    return validated([{"name": "m", "provider": provider}])[0]


def source(given: dict[str, Any], series: TimeSeries | None = None) -> Source:
    hashes = {"canary": "new", "stable": "old", "all": ""}
    return source_of(MetricSource.model_validate(given), series or TimeSeries((0.1,)), hashes.__getitem__, (3, 0))


@pytest.mark.parametrize(
    ("provider", "value", "wanted"),
    [
        (PROMETHEUS, 0.97, Found([0.97], "vector")),
        (PROMETHEUS, [0.97, 1], Found([0.97, 1], "vector")),
        (PROMETHEUS, [], Found([], "vector")),
        (PROMETHEUS, "NaN", Found(["NaN"], "vector")),
        (PROMETHEUS, "error", Found(error="server_error: server error: 500")),
        ({"web": {"url": "x", "jsonPath": "{$.data.rate}"}}, {"data": {"rate": 3}}, Found(3)),
        ({"web": {"url": "x", "jsonPath": "{$.data.rate}"}}, 3, Found(3)),
        ({"web": {"url": "x"}}, "error", Found(error="received non 2xx response code: 500")),
        ({"datadog": {"query": "x"}}, 0.1, Found(0.1)),
    ],
)
def test_a_script_takes_the_providers_form(provider: dict[str, Any], value: Any, wanted: Found) -> None:
    assert source({"values": [["10s", value]]}).measure("run", metric(provider), 0, 10.0) == wanted
    assert source({"values": [["10s", value]]}).measure("run", metric(provider), 0, 9.9).error


def test_outcomes_come_as_often_as_said_and_belong_to_the_measurement() -> None:
    drawn = source({"outcomes": {"Successful": "70%", "Failed": "20%", "Error": "10%"}, "takes": "8s"})
    found = [drawn.measure(f"run-{i // 10}", metric({"job": {}}), i % 10, 0.0) for i in range(4000)]
    for phase, share in (("Successful", 0.7), ("Failed", 0.2)):
        assert abs(sum(one.phase == phase for one in found) / 4000 - share) < 4 * math.sqrt(share * (1 - share) / 4000)
    assert {one.takes_s for one in found} == {8.0}
    assert [drawn.measure(f"run-{i // 10}", metric({"job": {}}), i % 10, 99.0) for i in reversed(range(4000))] == found[::-1]


def grown(counters: dict[tuple[int, str, str], tuple[int, ...]]) -> TimeSeries:
    """Series of (pod, hash, status) with samples at 0, 15, 30, ... s; every latency below 0.1 s."""
    series = TimeSeries((0.1,))
    for (pod, pod_hash, status), values in counters.items():
        for i, value in enumerate(values):
            series.append(15.0 * i, Labels("pods", pod, pod_hash, "users", "shop", status), value, np.array([value, 0]))
    return series


COUNTERS = {
    (0, "old", "2xx"): (0, 150, 300, 450, 600),
    (1, "new", "2xx"): (10, 55, 100, 145, 190),
    (1, "new", "5xx"): (2, 7, 12, 17, 22),
}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        # window (0, 60]: four samples 15 s apart, 15 s from the window's begin and at its end: growth * (45 + 15) / 45, or less down to zero
        ({"requestRate": {}}, [(135 + 15) * 60 / 45 / 60]),
        ({"requests": {"of": "all"}}, [(450 + 135 + 15) * 60 / 45]),
        ({"successRate": {}}, [0.9]),
        ({"errorRate": {}}, [0.1]),
        ({"errorRate": {"of": "stable"}}, []),  # it never failed: no series
        ({"errorRate": {"of": "stable", "orElse": 0}}, [0.0]),
        ({"errorRate": {"of": "stable", "minus": "canary"}}, []),
        ({"successRate": {"minus": "stable"}}, [0.9 - 1.0]),
        ({"requestRate": {"of": "stable", "over": "canary"}}, [3.0]),
        ({"requestRate": {"function": "irate", "of": "stable"}}, [10.0]),
        ({"latency": {"quantile": "p50"}}, [0.05]),
        ({"requestRate": {"window": "15s"}}, []),  # one sample
        ({"requestRate": {"stream": "testers"}}, []),
    ],
)
def test_queries(given: dict[str, Any], wanted: list[float]) -> None:
    found = source(given, grown(COUNTERS)).measure("run", metric(PROMETHEUS), 0, 60.0)
    assert found.type == "vector"
    assert found.value == pytest.approx(wanted)


def test_no_traffic_in_the_window_is_not_a_number() -> None:
    still = grown({(1, "new", "2xx"): (5, 5, 5, 5, 5)})
    assert math.isnan(source({"successRate": {}}, still).measure("run", metric(PROMETHEUS), 0, 60.0).value[0])
    assert math.isnan(source({"latency": {"quantile": 0.95}}, still).measure("run", metric(PROMETHEUS), 0, 60.0).value[0])
