"""Shares of an Experiment's templates: while requests can reach their pods, against the templates' own weights."""

from __future__ import annotations

from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.gate import check
from rolloutsim.scenario import Clients, Expectation, Stream
from tests.unit.control.worlds import image, rollout, service, world

SCENARIO = Path(__file__).parents[2] / "scenarios" / "baseline-against-canary"
TEMPLATE = {
    "metadata": {"labels": {"app": "app"}},
    "spec": {"containers": [{"name": "app", "image": "app:v1", "ports": [{"containerPort": 80}]}]},
}


@pytest.mark.parametrize("detail", ["counts", "requests"])
def test_each_template_has_a_row_against_its_weight(detail: str) -> None:
    record = rs.simulate(rs.load(SCENARIO).with_(**{"Scenario:spec.detail": detail}), seed=6)
    shares = rs.share(record)
    rows = [row for row in shares.rows if row.experiment]
    assert [(row.experiment, row.step, row.label, row.image.rpartition(":")[2]) for row in rows] == [
        ("baseline", 1, "experiment baseline", "v1"),
        ("canary", 1, "experiment canary", "v2"),
    ]
    assert [(row.set_weight_percent, row.verdict, row.reason) for row in rows] == [(10.0, "agrees", "")] * 2
    # From the first of the weights to the end of the run, not from the beginning of the step.
    assert all(30.0 < row.from_s < 35.0 and 132.0 < row.to_s < 133.0 for row in rows)
    assert all(row.low_percent < row.share_percent < row.high_percent for row in rows if row.share_percent is not None)
    assert all(row.revision > 0 for row in shares.rows if not row.experiment)
    assert not any(row.experiment for row in shares.held() + shares.held(new=False))


def test_without_weights_a_plain_service_sends_requests_from_readiness_to_deletion() -> None:
    """spec/analysis.md 10 (b): the pods bear the Rollout's labels, so a Service of these labels sends to them, also after the duration."""
    experiment = {"experiment": {"templates": [{"name": "trial", "specRef": "canary"}], "duration": "5s", "scaleDownDelaySeconds": 4}}
    stream = Stream(name="users", to="service/app", rate=100.0, clients=Clients(connections=50, requests_per_connection=1))
    made = world(rollout({"canary": {"steps": [experiment, {"pause": {}}]}}, template=TEMPLATE), *service("app"), streams=(stream,))
    image(made, "v2", 20.0)
    (row,) = [row for row in rs.share(made.finish()).rows if row.experiment]
    assert (row.set_weight_percent, row.verdict, row.step) == (None, None, 0)
    assert 8.0 < row.to_s - row.from_s < 10.0  # whole seconds: 5 s and 4 s, each up to a second short
    assert row.share_percent is not None and abs(row.share_percent - 20.0) < 5.0  # one of five pods


def test_an_experiment_is_neither_canary_nor_stable() -> None:
    record = rs.simulate(rs.load(SCENARIO), seed=6)
    expectation = Expectation.model_validate({"share": {"of": "stable", "step": 2, "within": "3pp", "is": "50%"}})
    (found,) = check(record, [expectation]).expectations
    assert (found.passed, found.name) == (True, "share of stable at step 2, users, setWeight 50")
