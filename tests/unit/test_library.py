"""The library as a notebook uses it."""

from __future__ import annotations

import numpy as np
import pytest

import rolloutsim as rs
from tests.conftest import SCENARIOS


@pytest.fixture(scope="module")
def record() -> rs.Record:
    return rs.simulate(rs.load(str(SCENARIOS / "notifications-canary")), seed=7)


def test_frames(record: rs.Record) -> None:
    requests = record.frame("requests")
    assert {"stream", "t_s", "pod", "image", "revision", "outcome", "latency_s"} <= set(requests.columns)
    assert requests.groupby("stream").t_s.apply(lambda t: t.is_monotonic_increasing).all()
    assert (requests.image.str[-6:].value_counts().index == ["v1.0.0", "v1.1.0"]).all()
    for name in ("pods", "replicasets", "phases", "events", "shares"):
        assert len(record.frame(name)) > 3
    assert record.frame("phases").phase.tolist()[-1] == "Healthy"
    with pytest.raises(ValueError, match="there are"):
        record.frame("nothing")


def test_shares_sum_to_one(record: rs.Record) -> None:
    frame = rs.share(record).frame()
    sums = frame.groupby(["stream", "from_s"]).share_percent.sum()
    assert np.allclose(sums, 100)
    assert (frame.groupby(["stream", "from_s"]).answered.sum() == frame.groupby(["stream", "from_s"]).requests.first()).all()


def test_every_request_is_counted_once(record: rs.Record) -> None:
    frame = record.frame("requests")
    assert rs.harm(record).requests == len(frame)
    assert rs.harm(record).errors == (frame.outcome == "error").sum()


def test_with_reads_again_with_values_changed(record: rs.Record) -> None:
    scenario = rs.load(str(SCENARIOS / "notifications-canary"))
    five = scenario.with_(**{"Rollout:spec.replicas": 5}).with_(seed=9)
    assert five.objects.rollout.spec.replicas == 5
    assert five.spec.seed == 9
    assert scenario.objects.rollout.spec.replicas == 3
    with pytest.raises(rs.InputError):
        scenario.with_(**{"Rollout:spec.nothing.here": 5})


def test_replications_do_not_depend_on_the_number_of_workers() -> None:
    scenario = rs.load(str(SCENARIOS / "notifications-canary"), set=("Scenario:spec.detail=counts",))
    one, two = (rs.replicate(scenario, runs=6, workers=workers, reduce=_figures) for workers in (1, 2))
    assert one == two
    assert len(set(map(str, one))) == 6


def _figures(record: rs.Record) -> tuple[float, ...]:
    return tuple(row.share_percent or 0.0 for row in rs.share(record).rows)
