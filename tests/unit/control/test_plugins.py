"""Canary steps that a plugin carries out (rollout/stepplugin.go, rollout/steps/plugin/plugin.go; spec/canary.md 8.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.control.observed import Now
from rolloutsim.control.plugin_process import StepPlugin
from rolloutsim.control.rollout import reconcile
from rolloutsim.manifest.rollout_json import rollout_json
from rolloutsim.manifest.step_plugins import StepPluginStatus
from rolloutsim.scenario import Pods, Version
from rolloutsim.world.world import World
from tests.unit.control.worlds import do, edit, image, messages, observed, rollout, service, sizes, world

CHECK: dict[str, Any] = {"plugin": {"name": "a/check", "config": {"depth": 3}}}
MORE: dict[str, Any] = {"plugin": {"name": "more"}}
HALF: dict[str, Any] = {"setWeight": 50}


def canary(*steps: dict[str, Any], more: dict[str, Any] | None = None, spec: dict[str, Any] | None = None, **check: Any) -> World:
    plugins = {"a/check": check, "more": more or {}}
    return world(rollout({"canary": {"steps": list(steps)}}, **(spec or {})), *service("app"), plugins=plugins)


def updated(*steps: dict[str, Any], until_s: float = 60.0, **given: Any) -> World:
    made = canary(*steps, **given)
    image(made, "v2")
    made.advance(until_s)
    return made


def told(made: World) -> list[tuple[str, str]]:
    """Type and message of the events of plugins."""
    return [(h.event.type, h.event.message) for h in made.record.events if h.event.reason == "StepPluginTransition"]


def left(made: World) -> list[tuple[int, str, str, int]]:
    return [(s.index, s.operation, s.phase, s.executions) for s in made.rollout.status.step_plugins]


def completed_s(made: World, number: int) -> float:
    text = f"Rollout step {number}/"
    return next(h.t_s for h in made.record.events if h.event.reason == "RolloutStepCompleted" and h.event.message.startswith(text))


# --- a run -----------------------------------------------------------------------------------------------------------------------------


def test_success_at_once_completes_the_step_in_the_same_pass() -> None:
    """No event but the step's own: `the controller will record the RolloutStepCompleted`."""
    made = updated(HALF, CHECK)
    assert messages(made, "RolloutStepCompleted") == ["Rollout step 1/2 completed (setWeight: 50)", "Rollout step 2/2 completed (plugin: a/check)"]
    assert (told(made), left(made), made.rollout.status.phase) == ([], [(1, "Run", "Successful", 1)], "Healthy")
    assert completed_s(made, 2) - completed_s(made, 1) < 1.0


@pytest.mark.parametrize(
    ("after_s", "requeue_s", "asked", "least_s"), [(3, 0, 2, 34), (31, 0, 2, 34), (36, 0, 3, 69), (3, 10, 2, 34), (3, 12, 2, 16)]
)
def test_a_run_is_asked_again_after_its_back_off_and_5_s(after_s: int, requeue_s: int, asked: int, least_s: int) -> None:
    """A back-off of 30 s, or what the plugin asks for beyond 10 s, from the whole second of the call; the wake-up comes 5 s later."""
    made = updated(HALF, CHECK, after=after_s, requeueAfter=requeue_s, until_s=100.0)
    assert left(made) == [(1, "Run", "Successful", asked)]
    assert least_s < completed_s(made, 2) - completed_s(made, 1) < least_s + 1.5
    assert told(made) == [("Normal", "Step plugin a/check (step 2) transitioned to Running")]


def test_errors_are_tried_again() -> None:
    """An error is no failure: the same step is run again after 30 s + 5 s, each time; the change of phase is told once."""
    made = updated(HALF, CHECK, errors=2, message="no route", until_s=50.0)
    status = made.rollout.status.step_plugins[0]
    assert (status.phase, status.message, status.executions, made.rollout.status.phase) == ("Error", "no route", 2, "Progressing")
    made.advance(100.0)
    assert (left(made), made.rollout.status.phase) == ([(1, "Run", "Successful", 3)], "Healthy")
    assert told(made) == [("Warning", "Step plugin a/check (step 2) transitioned to Error")]


def test_failure_aborts() -> None:
    """`Step Plugin i (name) failed: text`, counted from 1; weight and index react, and the step does not complete."""
    made = updated(HALF, CHECK, phase="Failed", message="p95 too high")
    cause = "Rollout aborted update to revision 2: Step Plugin 2 (a/check) failed: p95 too high"
    assert (made.rollout.status.abort, made.rollout.status.message) == (True, f"RolloutAborted: {cause}")
    assert messages(made, "RolloutStepCompleted") == ["Rollout step 1/2 completed (setWeight: 50)"]
    assert told(made) == [("Warning", "Step plugin a/check (step 2) transitioned to Failed")]
    assert sizes(made) == {"v1": 4, "v2": 0}


def test_a_disabled_plugin_is_passed_over() -> None:
    made = updated(HALF, CHECK, phase="Failed", disabled=True)
    (status,) = made.rollout.status.step_plugins
    assert (status.disabled, status.phase, status.executions, told(made)) == (True, "", 0, [])
    assert made.rollout.status.phase == "Healthy"


def test_a_disabled_plugin_has_nothing_to_abort() -> None:
    assert [s[:2] for s in left(updated(CHECK, MORE, disabled=True, more={"phase": "Failed"}))] == [(0, "Run"), (1, "Run")]


def test_it_runs_only_while_the_phase_is_progressing() -> None:
    """Past the progress deadline, which runs at plugin steps, the plugin is asked no more."""
    made = updated(HALF, CHECK, after=100, spec={"progressDeadlineSeconds": 40}, until_s=300.0)
    assert made.rollout.status.message.startswith("ProgressDeadlineExceeded")
    assert left(made) == [(1, "Run", "Running", 2)]


def test_it_waits_for_the_sizes() -> None:
    """`a size changed: step plugins not looked at`; the steps before it complete first, so it runs beside a ready canary."""
    made = updated(HALF, CHECK, after=1000, until_s=20.0)
    (status,) = made.rollout.status.step_plugins
    assert status.started_s is not None
    assert abs(status.started_s - completed_s(made, 1)) <= 1.0


# --- abort, retry, promote -------------------------------------------------------------------------------------------------------------


def test_an_abort_undoes_what_ran_the_last_first() -> None:
    """Runs that succeeded or still run are aborted in reverse order; one that failed is not."""
    made = updated(CHECK, MORE, {"plugin": {"name": "a/check"}}, more={"after": 1000}, until_s=10.0)
    do(made, commands.abort(made.rollout))
    made.advance(20.0)
    assert [s[:3] for s in left(made)] == [(0, "Run", "Successful"), (1, "Run", "Running"), (1, "Abort", "Successful"), (0, "Abort", "Successful")]
    assert [text for _, text in told(made)][1:] == [
        "Step plugin more (step 2) aborted (Successful)",
        "Step plugin a/check (step 1) aborted (Successful)",
    ]
    failed = updated(CHECK, MORE, more={"phase": "Failed"})
    assert [s[:3] for s in left(failed)] == [(0, "Run", "Successful"), (1, "Run", "Failed"), (0, "Abort", "Successful")]


@pytest.mark.parametrize("steps", [(CHECK, MORE), (HALF, MORE)])
def test_a_retry_begins_with_a_clean_status(steps: tuple[dict[str, Any], ...]) -> None:
    """At step 0 what is stored can only be of the time before the abort: it is forgotten, and the plugins run anew."""
    made = updated(*steps, more={"after": 1000}, until_s=10.0)
    do(made, commands.abort(made.rollout))
    made.advance(20.0)
    do(made, commands.retry(made.rollout))
    made.advance(40.0)
    assert [s for s in left(made) if s[0] == 1] == [(1, "Run", "Running", 1)]
    assert all(s[1] == "Run" for s in left(made))


def test_a_retry_right_after_an_abort_of_the_first_step_goes_on_with_its_run() -> None:
    """The pass that forgets still reads the stored run, which is within its back-off: it is put back as it was."""
    made = updated(MORE, CHECK, more={"after": 1000}, until_s=10.0)
    do(made, commands.abort(made.rollout))
    made.advance(12.0)
    do(made, commands.retry(made.rollout))
    made.advance(14.0)
    assert left(made) == [(0, "Run", "Running", 1)]


def test_a_full_promotion_terminates_the_running_plugin_once() -> None:
    made = updated(HALF, CHECK, MORE, after=1000, until_s=10.0)
    do(made, commands.promote(made.rollout, full=True))
    made.advance(40.0)
    assert [s[:3] for s in left(made)] == [(1, "Run", "Running"), (1, "Terminate", "Successful")]
    assert told(made)[1:] == [("Normal", "Step plugin a/check (step 2) terminated (Successful)")]
    assert made.rollout.status.phase == "Healthy"


def test_a_promotion_passes_over_the_running_plugin() -> None:
    made = updated(HALF, CHECK, {"pause": {}}, after=1000, until_s=10.0)
    do(made, commands.promote(made.rollout))
    made.advance(20.0)
    assert (made.rollout.status.current_step_index, made.rollout.status.phase) == (2, "Paused")


def test_a_run_cut_short_counts_as_done() -> None:
    """Running beside a Terminate or an Abort is over (isStepPluginCompleted): a pass that reads both forgets them at step 0."""
    made = updated(MORE, CHECK, more={"after": 1000}, until_s=10.0)
    seen = observed(made)
    (run,) = seen.rollout.status.step_plugins
    for operation, completes in (("Terminate", True), ("Abort", True), ("Run", False)):
        stored = (run, replace(run, index=0, operation=operation, phase="Successful")) if completes else (run,)
        status = replace(seen.rollout.status, step_plugins=stored, current_step_index=0)
        looked = replace(seen, rollout=replace(seen.rollout, status=status), step_plugins={"more": StepPlugin(after_s=1000.0)})
        changed = [dict(o.changes) for o in reconcile(looked, Now(made.now_s)).operations if hasattr(o, "changes")]
        assert any(change.get("step_plugins") == (run,) for change in changed) is completes


@pytest.mark.parametrize("phase", ["Successful", "Failed"])
def test_an_outcome_at_step_0_is_forgotten_and_not_taken_again(phase: Any) -> None:
    """The pass that forgets it neither runs the plugin nor completes the step nor aborts."""
    made = updated(MORE, CHECK, more={"after": 1000}, until_s=10.0)
    seen = observed(made)
    status = replace(seen.rollout.status, step_plugins=(replace(seen.rollout.status.step_plugins[0], phase=phase),))
    decided = reconcile(replace(seen, rollout=replace(seen.rollout, status=status), step_plugins={"more": StepPlugin()}), Now(made.now_s))
    assert [dict(o.changes) for o in decided.operations if hasattr(o, "changes")] == [{"step_plugins": ()}]


def test_a_user_who_pauses_holds_the_step_not_what_the_plugin_came_to() -> None:
    """spec.paused: the phase is Paused, so the plugin is not asked; what it said before completes the step afterwards, without another call."""
    made = updated(HALF, CHECK, {"pause": {}}, after=20, until_s=10.0)
    edit(made, {"paused": True}, 60.0)
    assert (left(made), made.rollout.status.current_step_index) == ([(1, "Run", "Running", 1)], 1)
    edit(made, {"paused": False}, 60.0)
    assert (left(made), made.rollout.status.current_step_index) == ([(1, "Run", "Successful", 2)], 2)


def test_new_steps_forget_all_runs() -> None:
    made = updated(HALF, CHECK, after=1000, until_s=10.0)
    edit(made, {"strategy": {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}]}}}, 20.0)
    assert left(made) == []


# --- a plugin that is not there --------------------------------------------------------------------------------------------------------

MISSING = (
    "Reconciliation failed with error: could not create step plugin at index {} : failed to get step plugin gone: "
    "unable to find plugin (gone): plugin gone not configured in configmap"
)


def test_a_plugin_that_the_controller_does_not_have_is_asked_for_every_30_s() -> None:
    """A transient error neither fails the pass nor completes the step (handleError)."""
    made = updated(HALF, {"plugin": {"name": "gone"}}, until_s=100.0)
    assert set(messages(made, "ReconciliationError")) == {MISSING.format(1)}
    assert (made.rollout.status.phase, made.rollout.status.current_step_index, left(made)) == ("Progressing", 1, [])


@pytest.mark.parametrize("change", [{"abort": True}, {"promote_full": True}])
def test_without_its_plugin_nothing_is_aborted_or_terminated(change: dict[str, bool]) -> None:
    made = updated(HALF, CHECK, after=1000, until_s=10.0)
    seen = observed(made)
    run = replace(seen.rollout.status.step_plugins[0], name="gone")
    status = replace(seen.rollout.status, step_plugins=(run,), **change)
    decided = reconcile(replace(seen, rollout=replace(seen.rollout, status=status)), Now(made.now_s))
    again = reconcile(replace(seen, rollout=replace(seen.rollout, status=status), replica_sets=_settled(seen, change)), Now(made.now_s))
    assert decided.error is None
    assert [o.message for o in again.operations if getattr(o, "reason", "") == "ReconciliationError"] == [MISSING.format(1)]


def _settled(seen: Any, change: dict[str, bool]) -> tuple[Any, ...]:
    """The ReplicaSets as they stand once all is scaled, so that the pass comes as far as the plugins."""
    wanted = {True: 4, False: 0}
    stable = seen.rollout.status.stable_rs
    return tuple(
        replace(rs, replicas=n, status=replace(rs.status, replicas=n, ready_replicas=n, available_replicas=n))
        for rs in seen.replica_sets
        for n in [wanted[(rs.pod_hash == stable) == ("abort" in change)]]
    )


# --- what it looks like ----------------------------------------------------------------------------------------------------------------


def test_the_status_as_json() -> None:
    made = updated(HALF, CHECK, message="all well")
    found = rollout_json(made.rollout)
    wanted = {"index": 1, "name": "a/check", "operation": "Run", "phase": "Successful", "message": "all well", "executions": 1}
    assert found["status"]["canary"]["stepPluginStatuses"] == [wanted]
    assert found["spec"]["strategy"]["canary"]["steps"][1] == CHECK


def test_a_plugin_answers_alike_whatever_the_fraction_of_the_second() -> None:
    """It counts from its first call, not from the whole second that the status shows."""
    plugin = StepPlugin(after_s=30.0)
    first = plugin.run(StepPluginStatus(0, "x"), Now(5.75))
    assert (first.phase, first.updated_s, first.backoff_s) == ("Running", 5.0, 30.0)
    assert plugin.run(first, Now(35.7)).phase == "Running"
    assert plugin.run(first, Now(35.75)).phase == "Successful"


def test_a_canary_that_never_gets_ready_asks_no_plugin() -> None:
    made = world(
        rollout({"canary": {"steps": [HALF, CHECK]}}), *service("app"), plugins={"a/check": {}}, versions={"v2": Version(pods=Pods(ready=False))}
    )
    image(made, "v2", 30.0)
    assert left(made) == []
