"""Versions that go wrong with time or in one pod of several, readiness that flaps, and containers that crash."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from rolloutsim.answers.counting import count
from rolloutsim.manifest.objects import Endpoint, Pod
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.record import ERROR, OK, REFUSED, Record, Requests, Route, Tallies
from rolloutsim.scenario import Latency, Overload, Stream, Version
from rolloutsim.simulation import simulate
from rolloutsim.world.profiles import answers
from rolloutsim.world.traffic.engine import Traffic
from tests.unit.test_bad_input import ROLLOUT, SERVICE

SCENARIO = """\
---
apiVersion: rolloutsim.dev/v1alpha1
kind: Scenario
metadata: {name: s}
spec:
  duration: 200s
  detail: DETAIL
  cluster: {pods: {start: 2s, stop: 1s}}
  traffic: {to: service/app, rate: 200/s}
  versions: {v2: VERSION}
  timeline: [{at: 5s, setImage: {app: "app:v2"}}]
"""


def played(version: str, tmp_path: Path, detail: str = "requests", replicas: int = 3) -> Record:
    path = tmp_path / "all.yaml"
    rollout = ROLLOUT.replace("replicas: 3", f"replicas: {replicas}").replace("setWeight: 25", "setWeight: 50")
    path.write_text(rollout + SERVICE + SCENARIO.replace("DETAIL", detail).replace("VERSION", version), encoding="utf-8")
    return simulate(load_scenario([path]))


def new_pods(record: Record) -> dict[int, list[tuple[float, Pod]]]:
    """States of each v2 pod, by ordinal."""
    found: dict[int, list[tuple[float, Pod]]] = {}
    for change in record.history("Pod"):
        if isinstance(change.object, Pod) and change.object.images == ("app:v2",):
            found.setdefault(change.object.ordinal, []).append((change.t_s, change.object))
    return found


def failed_share(record: Record, pods: Any, from_s: float, to_s: float) -> tuple[float, int]:
    """Failed share and number of the requests that some pods answered in a stretch."""
    rows = record.traffic["users"]
    if isinstance(rows, Requests):
        here = np.isin(rows.pod, list(pods)) & (rows.t_s >= from_s) & (rows.t_s < to_s) & (rows.outcome <= ERROR)
        return float((rows.outcome[here] == ERROR).mean()), int(here.sum())
    assert isinstance(rows, Tallies)
    here = np.isin(rows.pod, list(pods)) & (rows.from_s >= from_s) & (rows.to_s <= to_s + 1e-6)
    failed, ok = (int(rows.requests[here & (rows.outcome == outcome)].sum()) for outcome in (ERROR, OK))
    return failed / (failed + ok), failed + ok


def near(found: tuple[float, int], share: float) -> bool:
    return abs(found[0] - share) < 4 * np.sqrt(max(share * (1 - share), 1e-9) / found[1]) + 1e-9


@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_errors_begin_late(detail: str, tmp_path: Path) -> None:
    record = played("{errorRate: 0, turns: [{after: 60s, errorRate: 30%}]}", tmp_path, detail)
    pods = new_pods(record)
    ready_s = next(t_s for t_s, pod in next(iter(pods.values())) if pod.ready)
    assert failed_share(record, pods, 0.0, ready_s + 60)[0] == 0.0
    assert near(failed_share(record, pods, ready_s + 60.0001 if detail == "requests" else ready_s + 59.9, 200.0), 0.3)


@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_a_leak_is_a_straight_line_on_average(detail: str, tmp_path: Path) -> None:
    record = played("{turns: [{after: 20s, over: 100s, errorRate: 40%}]}", tmp_path, detail)
    pods = new_pods(record)
    ready_s = next(t_s for t_s, pod in next(iter(pods.values())) if pod.ready)
    margin_s = 0.0 if detail == "requests" else 3.0  # a stretch of counts ends at a stair
    assert near(failed_share(record, pods, ready_s + 20 - margin_s, ready_s + 120 + margin_s), 0.2)


def test_stairs_have_the_mean_of_the_line() -> None:
    version = Version.model_validate({"turns": [{"after": "10s", "over": "40s", "errorRate": "8%", "latency": {"p50": "1s"}}]})
    stairs = list(answers(version))
    edges = [10.0, *(answer.after_s for answer in stairs), 50.0]
    rates = [0.0, *(answer.error_rate for answer in stairs)]
    mean = sum(rate * (end - begin) for rate, begin, end in zip(rates, edges[:-1], edges[1:], strict=True)) / 40
    assert mean == pytest.approx(0.04)
    assert stairs[-1].error_rate == 0.08


@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_one_bad_pod_in_three(detail: str, tmp_path: Path) -> None:
    record = played("{errorRate: 0, badPods: {oneIn: 3, errorRate: 50%}}", tmp_path, detail, replicas=12)
    shares = [failed_share(record, [ordinal], 0, 200)[0] for ordinal in sorted(new_pods(record))]
    assert len(shares) == 6
    for group in (shares[:3], shares[3:]):
        assert sorted(share > 0.4 for share in group) == [False, False, True]
        assert sorted(group)[:2] == [0.0, 0.0]


def test_a_pod_warms_up(tmp_path: Path) -> None:
    """Slow at first, then quicker for 60 s, then as fast as it will be; p50 without p99 is the time itself."""
    record = played("{latency: {p50: 400ms}, turns: [{after: 10s, over: 60s, latency: {p50: 20ms}}]}", tmp_path)
    pods, rows = new_pods(record), record.traffic["users"]
    assert isinstance(rows, Requests)
    ready_s = next(t_s for t_s, pod in next(iter(pods.values())) if pod.ready)

    def mean_s(from_s: float, to_s: float) -> float:
        here = np.isin(rows.pod, list(pods)) & (rows.t_s >= from_s) & (rows.t_s < to_s)
        return float(rows.latency_s[here].mean())

    cold, warm = mean_s(ready_s, ready_s + 10), mean_s(ready_s + 75, 195.0)
    assert (cold, warm) == (pytest.approx(0.4, rel=0.02), pytest.approx(0.02, rel=0.02))
    assert warm < mean_s(ready_s + 30, ready_s + 50) < cold


@pytest.mark.parametrize("detail", ["counts", "requests"])
def test_histograms_follow_a_pods_age(detail: Literal["counts", "requests"]) -> None:
    """0.4 s each for 10 s, 0.02 s each for 10 s more."""
    version = Version(latency=Latency(p50=0.4))
    traffic = Traffic([Stream(name="s", to="service/x", rate=100.0, arrivals="constant")], ["random"], lambda _: version, seed=3, detail=detail)
    tally = traffic.tallied((0.1, 1.0, float("inf")))["s"][0]
    traffic.reroute(0.0, "s", Route("x", "", "requests", (Endpoint("p", "h", 0),)))
    traffic.answer(10.0, 0, 0.0, Latency(p50=0.02))
    traffic.cut(21.0)
    counts = tally.of(0, 21.0).sum(axis=0)
    assert counts.tolist() == [pytest.approx(2100, abs=3), pytest.approx(1100, abs=3), pytest.approx(1000, abs=2), 0]  # some are in flight


@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_readiness_flaps(detail: str, tmp_path: Path) -> None:
    record = played("{pods: {flaps: {ready: 20s, unready: 5s}}}", tmp_path, detail)
    states = next(iter(new_pods(record).values()))
    changes = [(round(t_s, 6), pod.ready) for (t_s, pod), (_, before) in zip(states[1:], states, strict=False) if pod.ready != before.ready]
    first_s = changes[0][0]
    assert changes[:5] == [(pytest.approx(first_s + at), ready) for at, ready in ((0, True), (20, False), (25, True), (45, False), (50, True))]
    assert all(pod.word == "Running" and pod.restarts == 0 for t_s, pod in states if t_s >= first_s)


@pytest.mark.parametrize("detail", ["requests", "counts"])
def test_a_crash_loop_backs_off_as_the_kubelet_does(detail: str, tmp_path: Path) -> None:
    record = played("{pods: {crashes: {after: 10s}}}", tmp_path, detail)
    states = next(iter(new_pods(record).values()))
    ready = [t_s for (t_s, pod), (_, before) in zip(states[1:], states, strict=False) if pod.ready and not before.ready]
    # ready for 10 s, then the back-off (0, 10, 20, 40 s), then 2 s until ready again
    assert [round(b - a, 6) for a, b in pairwise(ready)] == [12, 22, 32, 52]
    assert {pod.word for t_s, pod in states if t_s > ready[1] and not pod.ready} == {"CrashLoopBackOff", "Running"}
    assert states[-1][1].restarts >= 4
    rows = record.traffic["users"]
    mine = rows.pod == states[0][1].ordinal
    assert (rows.outcome[mine] == REFUSED).any()  # asked before the endpoints knew
    if not isinstance(rows, Requests):
        return
    for begin, end in pairwise(ready):
        answered = mine & (rows.outcome == OK) & (rows.t_s > begin) & (rows.t_s < end)
        assert answered.any() and rows.t_s[answered].max() < begin + 10.0  # it takes requests again, and none while it is down


@pytest.mark.parametrize("detail", ["counts", "requests"])
def test_a_pod_answers_otherwise_while_too_much_falls_on_it(detail: Literal["counts", "requests"]) -> None:
    """100/s on one pod of at most 60/s: half fails; on two pods each has 50/s and nothing does."""
    overloaded = Version(overload=Overload(above=60.0, error_rate=0.5))
    traffic = Traffic([Stream(name="s", to="service/x", rate=100.0)], ["random"], lambda _: overloaded, seed=3, detail=detail)
    for t_s, pods in ((0.0, 1), (20.0, 2), (40.0, 1)):
        traffic.reroute(t_s, "s", Route("x", "", "requests", tuple(Endpoint(f"p{i}", "h", i) for i in range(pods))))
    found = traffic.finish(60.0)["s"]
    shares = [sum(part.errors.values()) / part.requests for part in (count(found, a, a + 20.0) for a in (0.0, 20.0, 40.0))]
    assert shares[1] == 0
    assert [shares[0], shares[2]] == pytest.approx([0.5, 0.5], abs=4 * (0.25 / 2000) ** 0.5)
