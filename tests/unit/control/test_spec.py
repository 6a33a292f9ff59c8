"""What the controller makes of a Rollout's spec: defaults, invalid ones, restart."""

from __future__ import annotations

from rolloutsim.control import commands
from rolloutsim.manifest.objects import ReplicaSet
from tests.unit.control.worlds import do, edit, rollout, service, world


def test_replicas_left_out_are_written_as_one() -> None:
    made = world(rollout({"canary": {}}, replicas=None), *service("app"), healthy=False)
    made.advance(4.0)
    assert made.rollout.spec.replicas == 1
    assert made.rollout.status.phase == "Healthy"


def test_min_ready_seconds_reach_the_new_replica_set_without_a_revision() -> None:
    made = world(rollout({"canary": {}}), *service("app"))
    edit(made, {"minReadySeconds": 3})
    assert [rs.min_ready_seconds for rs in made.store.objects(ReplicaSet)] == [3]
    assert made.rollout.revision == 1


def test_an_invalid_spec_stands_still_and_recovers() -> None:
    made = world(rollout({"canary": {"steps": [{"setWeight": 20}]}}), *service("app"))
    edit(made, {"strategy": {"canary": {"steps": [{"setWeight": 120}]}}})
    assert made.rollout.status.phase == "Degraded"
    assert "SetWeight needs to be between 0 and 100" in made.rollout.status.message
    edit(made, {"strategy": {"canary": {"steps": [{"pause": {"duration": "1d"}}]}}}, 15.0)
    assert "Duration needs to be greater than 0" in made.rollout.status.message
    edit(made, {"strategy": {"canary": {"steps": [{"setWeight": 20}]}}}, 15.0)
    assert made.rollout.status.phase == "Healthy"


def test_a_restart_in_the_future_waits() -> None:
    made = world(rollout({"canary": {}}), *service("app"))
    do(made, commands.restart(made.rollout, 10.0))
    made.advance(9.0)
    before = {pod.name for pod in made.record.history("Pod")}
    made.advance(40.0)
    assert {pod.name for pod in made.record.history("Pod")} > before
    assert made.rollout.status.restarted_at_s == 10.0
    assert made.rollout.status.phase == "Healthy"
