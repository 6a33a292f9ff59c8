"""What is kept of runs, Experiments and ReplicaSets that are over."""

from __future__ import annotations

import pytest

from rolloutsim.control.history import beyond_history
from rolloutsim.control.observed import Now
from rolloutsim.control.operations import DeleteReplicaSet
from rolloutsim.control.rollout import reconcile
from rolloutsim.manifest.analysis import AnalysisRun, RunStatus
from rolloutsim.manifest.objects import HASH_LABEL, AnalysisHistory, Experiment, Meta, PodTemplate, ReplicaSet
from rolloutsim.manifest.objects import AnalysisRun as Run
from tests.unit.control.worlds import image, observed, rollout, sizes, world

KEPT = ReplicaSet(Meta("app-h"), PodTemplate(), "h")


def run(i: int, phase: str, pod_hash: str = "h") -> AnalysisRun:
    return AnalysisRun(Meta(f"{phase}-{i}", created_s=float(i), labels={HASH_LABEL: pod_hash}), status=RunStatus(phase))


def test_five_of_each_outcome_are_kept() -> None:
    """`over the runs not referenced by status, newest first: keep 5 Successful and 5 Failed/Error/Inconclusive; unfinished ones neither count
    nor go; runs without hash label or whose RS is gone always go`."""
    bad = ("Failed", "Error", "Inconclusive")
    others = [run(i, phase) for i in range(7) for phase in ("Successful", bad[i % 3], "Running")]
    gone = {one.meta.name for one in beyond_history(others, None, [KEPT])}
    assert gone == {"Successful-0", "Successful-1", "Failed-0", "Error-1"}
    orphans = [run(9, "Running", "gone"), AnalysisRun(Meta("bare"))]
    assert {one.meta.name for one in beyond_history(orphans, None, [KEPT])} == {"Running-9", "bare"}


def test_the_limits_of_the_spec_replace_the_defaults() -> None:
    """`spec.analysis.(un)successfulRunHistoryLimit`, 0 keeps none."""
    others = [run(i, phase) for i in range(3) for phase in ("Successful", "Failed")]
    gone = [
        one.meta.name for one in beyond_history(others, AnalysisHistory(successful_run_history_limit=0, unsuccessful_run_history_limit=2), [KEPT])
    ]
    assert sorted(gone) == ["Failed-0", "Successful-0", "Successful-1", "Successful-2"]


TEMPLATE = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AnalysisTemplate",
    "metadata": {"name": "ok"},
    "spec": {"metrics": [{"name": "m", "provider": {"web": {"url": "x"}}, "successCondition": "result == 1"}]},
}
METRICS = {"m": {"values": [[0, 1]]}}


@pytest.mark.parametrize("kind", [Run, Experiment])
def test_a_replica_set_beyond_the_limit_takes_its_runs_and_experiments_along(kind: type[Run] | type[Experiment]) -> None:
    """`Runs analysis/experiment clean-up for the deleted hash.` `History clean-up never deletes a non-empty RS.`"""
    wanted = (
        {"analysis": {"templates": [{"templateName": "ok"}]}}
        if kind is Run
        else {"experiment": {"duration": "1s", "scaleDownDelaySeconds": 0, "templates": [{"name": "t", "specRef": "canary"}]}}
    )
    made = world(TEMPLATE, rollout({"canary": {"steps": [wanted]}}, replicas=1, revisionHistoryLimit=1), metrics=METRICS)
    for tag in ("v2", "v3", "v4", "v5"):
        image(made, tag, 20.0)
        assert made.rollout.status.phase == "Healthy"
    assert set(sizes(made)) == {"v4", "v5"}
    known = {rs.pod_hash for rs in made.store.objects(ReplicaSet)}
    left = [one for one in made.store.objects(kind) if one.meta.owner == "app"]
    assert len(left) == 2
    assert {one.meta.labels[HASH_LABEL] for one in left} <= known


def test_a_non_empty_replica_set_is_never_deleted() -> None:
    """`a non-empty one is skipped, not replaced by a younger one. limit 0 keeps only new and stable.`"""
    made = world(rollout({"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}, revisionHistoryLimit=0))
    image(made, "v2", 4.0)
    image(made, "v3", 0.5)
    assert sizes(made)["v2"] > 0
    assert not any(isinstance(o, DeleteReplicaSet) for o in reconcile(observed(made), Now(made.now_s)).operations)
    made.advance(made.now_s + 10.0)
    assert set(sizes(made)) == {"v1", "v3"}
