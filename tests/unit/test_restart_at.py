"""`spec.restartAt` in a manifest and in an edit, in simulation time (rollout/restart.go; spec/canary.md 11)."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.manifest.instants import whole_instant, with_restart_instant
from rolloutsim.manifest.objects import Pod
from rolloutsim.manifest.rollout import RolloutSpec
from rolloutsim.world.world import World
from tests.unit.control.worlds import rollout, service, world


def played(*timeline: dict[str, Any], until_s: float = 90.0, healthy: bool = True, **spec: Any) -> World:
    made = world(rollout({"canary": {"steps": [{"setWeight": 50}]}}, **spec), *service("app"), timeline=timeline, healthy=healthy)
    made.advance(until_s)
    return made


def replaced_s(made: World) -> list[float]:
    """When pods were told to stop."""
    return sorted({c.object.deleted_s for c in made.record.changes if isinstance(c.object, Pod) and c.object.deleted_s is not None})


@pytest.mark.parametrize(
    ("text", "start_at", "fraction_s", "at_s"),
    [
        ("2026-01-01T00:05:00Z", "2026-01-01T00:00:00Z", 0.0, 300.0),
        ("2026-01-01T01:05:00.9+01:00", "2026-01-01T00:00:00Z", 0.25, 299.75),
        ("2025-12-31T23:59:00Z", "2026-01-01T00:00:00.5Z", 0.5, -60.5),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:01Z", 0.0, -1.0),
    ],
)
def test_the_instant_is_counted_from_the_start(text: str, start_at: str, fraction_s: float, at_s: float) -> None:
    """Whole seconds of the wall clock, whose fraction at t = 0 is the start's."""
    assert with_restart_instant(RolloutSpec(restart_at=text), start_at, fraction_s).restart_at_s == at_s


@pytest.mark.parametrize(
    "text", ["2026-01-01t00:00:00Z", "2026-01-01T00:00:00z", "2026-01-01 00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00"]
)
def test_what_go_does_not_read(text: str) -> None:
    assert whole_instant(text) is None


def test_a_future_instant_of_the_manifest_restarts_then() -> None:
    made = played(restartAt="2026-01-01T00:00:20Z")
    assert len(replaced_s(made)) == 4
    assert 20.0 < replaced_s(made)[0] < 20.5
    assert (made.rollout.status.restarted_at_s, made.rollout.status.phase) == (20.0, "Healthy")


def test_before_it_comes_the_rollout_says_that_it_restarts() -> None:
    """`restart pending: Progressing, rollout is restarting`: restartAt counts from when it is given, not from when it is due."""
    made = played(restartAt="2026-01-01T00:00:20Z", until_s=10.0)
    assert (made.rollout.status.phase, made.rollout.status.message) == ("Progressing", "rollout is restarting")


def test_an_instant_before_the_pods_counts_as_carried_out() -> None:
    """Pods that stand at t = 0 are five minutes old: a restart before them finds none to evict, and the first pass says that it is done."""
    made = played(restartAt="2025-12-31T00:00:00Z", until_s=10.0)
    assert replaced_s(made) == []
    assert (made.rollout.status.restarted_at_s, made.rollout.status.phase) == (-86400.0, "Healthy")


def test_an_instant_after_the_pods_is_over_when_the_run_begins() -> None:
    """A minute before t = 0 the same pods are restarted one by one, as the controller would have: at t = 0 all is done, and pods are younger."""
    made = played(restartAt="2025-12-31T23:59:00Z", until_s=10.0)
    pods = made.store.objects(Pod)
    assert len(pods) == 4
    assert all(-60.0 <= pod.meta.created_s < 0.0 for pod in pods)
    assert (made.rollout.status.restarted_at_s, made.rollout.status.phase) == (-60.0, "Healthy")


def test_applied_at_the_start_a_past_instant_evicts_nothing() -> None:
    made = played(restartAt="2025-12-31T23:59:00Z", healthy=False)
    assert replaced_s(made) == []
    assert (made.rollout.status.restarted_at_s, made.rollout.status.phase) == (-60.0, "Healthy")


def test_an_edit_gives_an_instant_and_another_takes_it_away() -> None:
    """A merge patch sets it; null takes it away; one that does not name it leaves it, also the one of a restart command."""
    at = {"spec": {"restartAt": "2026-01-01T00:00:20Z"}}
    assert 20.0 < replaced_s(played({"at": "5s", "edit": at}))[0] < 20.5
    assert replaced_s(played({"at": "5s", "edit": at}, {"at": "10s", "edit": {"spec": {"restartAt": None}}})) == []
    kept = played({"at": "5s", "edit": at}, {"at": "6s", "edit": {"spec": {"revisionHistoryLimit": 3}}}, until_s=19.0)
    assert kept.rollout.spec.restart_at_s == 20.0
    commanded = played({"at": "5s", "restart": {"in": "30s"}}, {"at": "6s", "edit": {"spec": {"revisionHistoryLimit": 3}}}, until_s=19.0)
    assert commanded.rollout.spec.restart_at_s == 35.0


def test_a_restart_command_takes_the_place_of_the_manifests_instant() -> None:
    made = played({"at": "5s", "restart": {"in": "5s"}}, restartAt="2026-01-01T00:00:40Z")
    assert made.rollout.status.restarted_at_s == 10.0
    assert replaced_s(made)[-1] < 40.0
