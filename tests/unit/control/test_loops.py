"""Loops that the real controller has, too: they are found, and the two states are named; without time they end the run."""

from __future__ import annotations

import pytest

from rolloutsim.control import commands
from rolloutsim.errors import Livelock
from tests.unit.control.worlds import INGRESS, do, image, rollout, service, world

NEVER = {"blueGreen": {"activeService": "app", "scaleDownDelaySeconds": 0}}
ROUTED = {
    "canary": {
        "canaryService": "canary",
        "stableService": "stable",
        "steps": [{"setWeight": 50}, {"pause": {}}],
        "trafficRouting": {"nginx": {"stableIngress": "web"}},
    }
}


def test_old_pods_that_never_go_are_looked_at_without_end() -> None:
    """scaleDownDelaySeconds 0 never writes a deadline and asks to be woken at once (argo-rollouts issue 1992)."""
    made = world(rollout(NEVER), *service("app"))
    image(made, "v2", 10.0)
    (loop,) = made.record.loops
    assert loop.between == ("over one state, without a write",)
    assert loop.passes > 100
    assert loop.to_s == pytest.approx(made.now_s, abs=0.1)


def test_the_canary_service_goes_to_and_fro_after_an_abort() -> None:
    """Once a pass to new and once to stable as long as the canary keeps its pods (argo-rollouts issue 3078; recording nginx-abort)."""
    made = world(rollout(ROUTED), *service("canary", "stable"), INGRESS)
    image(made, "v2", 5.0)
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 10.0)
    new, stable = made.rollout.status.current_pod_hash, made.rollout.status.stable_rs
    (loop,) = made.record.loops
    assert loop.between == (f"Service canary to and fro between selector.rollouts-pod-template-hash {new} and {stable}",)
    made.advance(made.now_s + 40.0)
    assert len(made.record.loops) == 1
    assert made.record.loops[0].to_s < made.now_s - 10.0  # the canary's pods are gone


def test_a_loop_that_takes_no_time_ends_the_run() -> None:
    made = world(rollout(NEVER), *service("app"), controller_pass=0.0)
    with pytest.raises(Livelock, match=r"1001 passes without time passing, over one state"):
        image(made, "v2", 10.0)


def test_a_rollout_that_comes_to_rest_has_none() -> None:
    made = world(rollout({"canary": {"steps": [{"setWeight": 50}, {"pause": {"duration": 2}}]}}), *service("app"))
    image(made, "v2", 1000.0)
    assert made.rollout.status.phase == "Healthy"
    assert made.record.loops == []
