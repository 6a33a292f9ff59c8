"""Whole rollouts whose metric has drawn outcomes: how often the analysis stops them, and when, against closed forms (spec/analysis.md 13)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from rolloutsim.control.phase import client_phase
from rolloutsim.manifest.objects import AnalysisRun
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.simulation import simulate

RUNS = 150
TEXT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: app}
spec:
  replicas: 1
  selector: {matchLabels: {app: app}}
  strategy: {canary: {steps: [{setWeight: 50}, {analysis: {templates: [{templateName: judge}]}}]}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: app, image: "app:v1"}]}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: judge}
spec: {metrics: [{name: ok, interval: 30s, count: COUNT, failureLimit: LIMIT, provider: {prometheus: {query: up}}}]}
---
apiVersion: rolloutsim.dev/v1alpha1
kind: Scenario
metadata: {name: s}
spec:
  duration: 15m
  cluster: {pods: {start: 2s, stop: 1s}}
  metrics: {ok: {outcomes: {Failed: SHARE, Successful: REST}}}
  timeline: [{at: 5s, setImage: {app: "app:v2"}}]
"""


@pytest.mark.parametrize(("count", "limit", "share"), [(5, 1, 0.5), (10, 2, 0.15), (3, 0, 0.2)])
def test_a_rollout_is_stopped_as_often_as_the_binomial_says(count: int, limit: int, share: float, tmp_path: Path) -> None:
    """P(Failed) = P(Bin(N, p) >= F + 1); the decision falls at measurement k with P(K = k) negative binomial, (k - 1) I after the first."""
    path = tmp_path / "all.yaml"
    values = {"COUNT": count, "LIMIT": limit, "SHARE": share, "REST": 1 - share}
    text = TEXT
    for name, value in values.items():
        text = text.replace(name, str(value))
    path.write_text(text, encoding="utf-8")
    scenario = load_scenario([path])
    at = {k: math.comb(k - 1, limit) * share ** (limit + 1) * (1 - share) ** (k - 1 - limit) for k in range(limit + 1, count + 1)}
    stopped = []
    for seed in range(RUNS):
        record = simulate(scenario, seed=seed)
        phase = client_phase(record.rollouts()[-1][1])[0]
        runs = [change for change in record.history("AnalysisRun") if isinstance(change.object, AnalysisRun)]
        last = next(change.object for change in reversed(runs) if change.object is not None)
        assert isinstance(last, AnalysisRun)
        assert (phase, last.status.phase) in (("Degraded", "Failed"), ("Healthy", "Successful"))
        took_s = next(change.t_s for change in runs if change.object == last) - runs[0].t_s
        if phase == "Degraded":
            stopped.append(1 + round(took_s / 30))
        else:
            assert abs(took_s - 30 * (count - 1)) < 1.1  # whole seconds
    expected = math.fsum(at.values())
    assert abs(len(stopped) / RUNS - expected) < 4 * math.sqrt(expected * (1 - expected) / RUNS)
    mean = math.fsum(k * p for k, p in at.items()) / expected
    variance = math.fsum((k - mean) ** 2 * p for k, p in at.items()) / expected
    assert abs(np.mean(stopped) - mean) < 4 * math.sqrt(variance / len(stopped)) + 1e-9
