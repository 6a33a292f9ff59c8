"""Sources of measurements: scripts, draws and the store of series, each in the form of the metric's provider."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rolloutsim.manifest.analysis import AnalysisTemplate, TemplateSpec
from rolloutsim.manifest.analysis_metrics import Metric, validated
from rolloutsim.manifest.json_path import PathError, first_match
from rolloutsim.manifest.meta import Meta
from rolloutsim.manifest.metric_checks import check_metrics
from rolloutsim.manifest.proposed_source import proposed_source
from rolloutsim.scenario import Cluster, ScenarioSpec
from rolloutsim.scenario.metrics import MetricSource
from rolloutsim.world.measurements import Found, Measurements, Source, source_of
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
        ({"web": {"url": "x", "jsonPath": "{$.items[1].v}"}}, {"items": [{"v": 1}, {"v": 2}]}, Found(2)),
        ({"web": {"url": "x", "jsonPath": "{$.items[*].v}"}}, {"items": [{"v": 1}, {"v": 2}]}, Found(1)),
        ({"web": {"url": "x", "jsonPath": "{$.a}"}}, {"b": 1}, Found(error="Could not find JSONPath in body: a is not found")),
        ({"web": {"url": "x", "jsonPath": "$.a"}}, {"a": 1}, Found("$.a")),  # without braces: a text
        ({"web": {"url": "x", "jsonPath": "$.a"}}, 1, Found("$.a")),
        ({"web": {"url": "x", "jsonPath": "{$.a"}}, 1, Found(error="unclosed action")),
        ({"prometheus": {"query": "scalar(sum(x))"}}, 0.97, Found(0.97, "scalar")),
        ({"prometheus": {"query": "scalar(a) / vector(2)"}}, 0.97, Found([0.97], "vector")),
        ({"datadog": {"query": "x"}}, 0.1, Found(0.1)),
    ],
)
def test_a_script_takes_the_providers_form(provider: dict[str, Any], value: Any, wanted: Found) -> None:
    measurements = Measurements({"m": source({"values": [["10s", value]]})})
    assert measurements.measure("run", metric(provider), 0, 10.0) == wanted
    assert source({"values": [["10s", value]]}).measure("run", metric(provider), 0, 9.9).error


def test_the_scalar_of_nothing_is_no_number() -> None:
    found = Measurements({"m": source({"values": [["0s", []]]})}).measure("run", metric({"prometheus": {"query": "scalar(up)"}}), 0, 1.0)
    assert found.type == "scalar" and math.isnan(found.value)


BODY = {"a": {"b": [1, 2, 3]}, "x": 1.5, "n": None, "s": "text", "a-b": 7, "a.b": 8}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        # Each was asked of client-go's own jsonpath (v0.34.1).
        ("{.a.b}", [1, 2, 3]),
        ("{$['a']['b']}", [1, 2, 3]),
        ("{@.x}", 1.5),
        ("{ $.x }", 1.5),
        ("{$.a.b[-1]}", 3),
        ("{$.a.b[1:]}", 2),
        ("{$.a.b[::2]}", 1),
        ("{$.a-b}", 7),
        ("{$.a\\.b}", 8),
        ("{$.n}", None),
        ("{}", BODY),
        ("text {$.x}", "text "),
        ("{$.n.x}", PathError("Could not find JSONPath in body: x is not found")),
        ("{.}", PathError("Could not find JSONPath in body:  is not found")),
        ("{a}", PathError("Could not find JSONPath in body: unrecognized identifier a")),
        ("{$.a.b[5]}", PathError("Could not find JSONPath in body: array index out of bounds: index 5, length 3")),
        ("{$.a.b[0:9]}", PathError("Could not find JSONPath in body: array index out of bounds: index 8, length 3")),
        ("{$.a.b[2:1]}", PathError("Could not find JSONPath in body: starting index 2 is greater than ending index 1")),
        ("{$.a.b[3:]}", PathError("result of web metric produced no value")),
        ("{$.s[0]}", PathError("Could not find JSONPath in body: string is not array or slice")),
        ("{$[0]}", PathError("Could not find JSONPath in body: map[string]interface {} is not array or slice")),
        ('{$["a"]}', PathError('invalid array index "a"')),
        ("{$.a]}", PathError("unrecognized character in action: U+005D ']'")),
        ("{$..v}", PathError("unsupported: .. in a jsonPath")),
        ("{$.a[?(@.x>1)]}", PathError("unsupported: [?(@ in a jsonPath")),
    ],
)
def test_json_paths(path: str, wanted: Any) -> None:
    if isinstance(wanted, PathError):
        with pytest.raises(PathError) as caught:
            first_match(path, BODY)
        assert str(caught.value) == str(wanted)
    else:
        assert first_match(path, BODY) == wanted


PROPOSED = {
    "result == true": ({"web": {"url": "x", "jsonPath": "{$.data.ok}"}}, "{values: [[0s, true]]}"),
    "result.ok && result.n >= 0.9": ({"web": {"url": "x"}}, '{values: [[0s, {"ok": true, "n": 1}]]}'),
    "result.ok == 'yes'": ({"web": {"url": "x", "jsonPath": "{$.data[1]}"}}, '{values: [[0s, {"data": [{"ok": "yes"}, {"ok": "yes"}]}]]}'),
    "default(result, 0) < 0.05": ({"datadog": {"query": "x"}}, "{values: [[0s, 0]]}"),
    "result.successRate >= 95": ({"newRelic": {"query": "x"}}, '{values: [[0s, {"successRate": 100}]]}'),
    "len(result[0].Values) >= 5 and all(result[0].Values, {# <= 0.01})": (
        {"cloudWatch": {}},
        '{values: [[0s, [{"Values": [0, 0, 0, 0, 0]}, {"Values": [0, 0, 0, 0, 0]}, {"Values": [0, 0, 0, 0, 0]}, {"Values": [0, 0, 0, 0, 0]}, '
        '{"Values": [0, 0, 0, 0, 0]}]]]}',
    ),
    "result[0] >= 90": ({"graphite": {"query": "x"}}, "{values: [[0s, [100]]]}"),
    "result[0] < 3e8": ({"prometheus": {"query": "sum(container_memory_working_set_bytes)"}}, "{values: [[0s, 1]]}"),
    "asFloat(result) < 9 and asFloat(result) > 7": ({"wavefront": {"query": "x"}}, "{values: [[0s, 8]]}"),
    "result > {{args.x}}": ({"web": {"url": "x"}}, "{values: [[0s, 1]]}"),
    "": ({"job": {}}, "{outcomes: {Successful: 100%}}"),
    "result": ({"kayenta": {}}, "{outcomes: {Successful: 100%}}"),
    "result == 1": ({"plugin": {"a/b": {}}}, "{outcomes: {Successful: 100%}}"),
}


@pytest.mark.parametrize("condition", list(PROPOSED))
def test_a_proposed_line_lets_the_metric_succeed(condition: str) -> None:
    provider, line = PROPOSED[condition]
    assert proposed_source({"name": "m", "provider": provider, "successCondition": condition}) == line


def test_values_for_a_job_and_bodies_for_a_path_that_is_not_understood_are_refused() -> None:
    found: list[tuple[str, str, str, str]] = []
    spec = ScenarioSpec.model_construct(
        metrics={
            "job": MetricSource.model_validate({"values": [["0s", 1]]}),
            "web": MetricSource.model_validate({"values": [["0s", {"a": 1}]]}),
        },
        cluster=Cluster(),
        traffic=(),
    )
    trees = ({"name": "job", "provider": {"job": {}}}, {"name": "web", "provider": {"web": {"jsonPath": "{$..a}"}}})
    template = AnalysisTemplate(Meta("t"), TemplateSpec(metrics=trees))
    check_metrics(spec, SimpleNamespace(analysis_templates=(template,), cluster_analysis_templates=()), lambda *words: found.append(words))  # type: ignore[arg-type]
    assert [(path, rule) for path, _, rule, _ in found] == [
        ("spec.metrics.job", "the provider job decides the phase itself, conditions play no part"),
        ("spec.metrics.web", ".. in a jsonPath"),
    ]


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
