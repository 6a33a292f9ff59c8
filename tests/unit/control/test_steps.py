"""Steps, thresholds and the rollback window."""

from __future__ import annotations

import pytest

from rolloutsim.control import commands
from tests.unit.control.worlds import INGRESS, do, image, rollout, service, world


@pytest.mark.parametrize(("kind", "value"), [("Percent", 50), ("Pods", 1)])
def test_a_threshold_lets_a_step_go_before_all_pods_are_available(kind: str, value: int) -> None:
    canary = {"steps": [{"setWeight": 50}, {"pause": {}}], "replicaProgressThreshold": {"type": kind, "value": value}}
    made = world(rollout({"canary": canary}, replicas=8), *service("app"))
    image(made, "v2", 0.6)
    assert made.rollout.status.current_step_index == 0
    made.advance(made.now_s + 2.0)
    assert made.rollout.status.current_step_index == 1


def test_rollback_within_the_window_skips_the_steps() -> None:
    canary = {"steps": [{"setWeight": 50}, {"pause": {}}]}
    made = world(rollout({"canary": canary}, rollbackWindow={"revisions": 3}), *service("app"), healthy=False)
    made.advance(4.0)
    image(made, "v2", 4.0)
    do(made, commands.promote(made.rollout, full=True))
    made.advance(made.now_s + 8.0)
    assert made.rollout.status.phase == "Healthy"
    image(made, "v1", 8.0)
    assert made.rollout.status.phase == "Healthy"
    assert not [r for t_s, r in made.record.rollouts() if t_s > 16.0 and r.status.pause_conditions]  # the recorder has fallen silent by then


def test_rollback_to_a_running_revision_skips_all_steps() -> None:
    canary = {
        "canaryService": "canary",
        "stableService": "stable",
        "steps": [{"setWeight": 50}, {"pause": {"duration": 1}}],
        "trafficRouting": {"nginx": {"stableIngress": "web"}},
    }
    made = world(rollout({"canary": canary}, rollbackWindow={"revisions": 3}), *service("canary", "stable"), INGRESS, healthy=False)
    made.advance(4.0)
    image(made, "v2", 10.0)
    assert made.rollout.status.phase == "Healthy"
    image(made, "v1", 3.0)
    indices = [r.status.current_step_index for t_s, r in made.record.rollouts() if t_s > 14.0]
    assert set(indices) == {2}  # past all steps from the reset pass on
    assert made.rollout.status.phase == "Healthy"
