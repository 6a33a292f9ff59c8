"""A canary without a router by the rules of spec/canary.md: counts, roles, thresholds, conditions, and the traps of its section 17."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rolloutsim.control import commands, phase, steps
from rolloutsim.control import operations as op
from rolloutsim.control.defaults import surge_and_unavailable
from rolloutsim.control.observed import Now, Observed
from rolloutsim.control.operations import Pass
from rolloutsim.control.replicas import next_pair, target, threshold_met
from rolloutsim.control.rollout import reconcile
from rolloutsim.manifest.analysis import RolloutAnalysis
from rolloutsim.manifest.experiment import ExperimentStep
from rolloutsim.manifest.objects import (
    BlueGreenStrategy,
    CanaryStrategy,
    Meta,
    Pause,
    PauseCondition,
    Pod,
    PodTemplate,
    ReplicaProgressThreshold,
    ReplicaSet,
    ReplicaSetStatus,
    Rollout,
    RolloutSpec,
    RolloutStatus,
    Service,
    SetCanaryScale,
    Step,
    Strategy,
)
from rolloutsim.manifest.traffic_routing import SetHeaderRoute, SetMirrorRoute
from rolloutsim.scenario import Pods, Version
from rolloutsim.world.world import World
from tests.unit.control.worlds import do, edit, image, observed, reasons, rollout, service, sizes, world

PAUSE = {"pause": {}}


def canary(*given: Any, replicas: int = 4, versions: Any = None, spec: Any = None, **strategy: Any) -> World:
    """A healthy v1 without a router."""
    return world(rollout({"canary": {"steps": list(given), **strategy}}, replicas=replicas, **(spec or {})), *service("app"), versions=versions)


def act(made: World, answer: commands.Answer, wait_s: float = 1.0) -> None:
    do(made, answer)
    made.advance(made.now_s + wait_s)


def looked(seen: Observed, at_s: float, **status: Any) -> Pass:
    return reconcile(replace(seen, rollout=replace(seen.rollout, status=replace(seen.rollout.status, **status))), Now(at_s))


def emitted(decided: Pass) -> list[str]:
    return [o.reason for o in decided.operations if isinstance(o, op.Emit)]


def pods(size: int, available: int, name: str = "rs") -> ReplicaSet:
    return ReplicaSet(Meta(name), PodTemplate(), name, replicas=size, status=ReplicaSetStatus(size, available, available))


# --- counts ----------------------------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_of_no_replicas() -> None:
    """`N = 0 -> (0,0)`; `for N = 0, U = 0`."""
    assert target(0, 50, 1) == (0, 0)
    assert surge_and_unavailable(RolloutSpec(replicas=0, strategy=Strategy(CanaryStrategy()))) == (0, 0)
    assert surge_and_unavailable(RolloutSpec(replicas=3, strategy=Strategy(CanaryStrategy(max_surge="0%", max_unavailable="0%")))) == (0, 1)
    assert surge_and_unavailable(RolloutSpec(replicas=8, strategy=Strategy(blue_green=BlueGreenStrategy()))) == (0, 2)
    assert surge_and_unavailable(RolloutSpec(replicas=8)) == (0, 2)  # of an invalid Rollout, which a view shows


@pytest.mark.parametrize(("replicas", "weight"), [(2, 75), (5, 90), (10, 95), (25, 98), (50, 99)])
def test_the_hole(replicas: int, weight: int) -> None:
    """Trap 6: maxSurge 0 with N*w/M = N - 1/2 sends the canary to zero; one surge pod closes the hole."""
    assert target(replicas, weight, 0) == (0, replicas)
    assert target(replicas, weight, 1)[0] > 0


def test_without_a_stable_the_new_one_gets_everything() -> None:
    """`If stable is missing or is the same RS as new: Dn = N, Ds = 0`, within the room that others leave."""
    bounds = {"replicas": 4, "surge": 1, "unavailable": 0, "others": []}
    assert next_pair(weight=25, new=pods(0, 0), stable=None, **bounds) == (4, 0)
    same = pods(6, 6)
    assert next_pair(weight=25, new=same, stable=same, **bounds) == (4, 0)
    assert next_pair(weight=0, new=pods(6, 0), stable=None, **bounds) == (4, 0)
    old = [pods(2, 2, "old")]
    assert next_pair(weight=0, new=pods(6, 6), stable=None, **{**bounds, "others": old}) == (6, 0)
    assert next_pair(weight=0, new=pods(1, 1), stable=None, **{**bounds, "others": old}) == (3, 0)
    assert next_pair(weight=0, new=pods(3, 3), stable=None, **{**bounds, "others": old}) == (3, 0)


@pytest.mark.parametrize(
    ("threshold", "size", "available", "wanted", "met"),
    [
        (None, 4, 4, 4, True),
        (None, 4, 3, 4, False),
        (None, 5, 4, 4, False),
        (("Percent", -1), 4, 4, 4, True),
        (("Percent", 50), 8, 4, 8, True),
        (("Percent", 50), 8, 3, 8, False),
        (("Percent", 90), 0, 0, 0, True),
        (("Pods", 2), 5, 2, 5, True),
        (("Pods", 2), 5, 1, 5, False),
    ],
)
def test_the_progress_threshold(threshold: tuple[Any, int] | None, size: int, available: int, wanted: int, met: bool) -> None:
    """`no threshold (or value < 0): new.spec = n and new.avail = n; Percent: n = 0, or 100*new.avail/n >= value; Pods: irrespective of n`."""
    given = None if threshold is None else ReplicaProgressThreshold(*threshold)
    assert threshold_met(given, pods(size, available), wanted) is met
    assert threshold_met(given, None, wanted) is False


def test_a_pods_threshold_gates_the_promotion_too() -> None:
    """Trap 29: `value 2 completes a 5-pod step at 2 pods; it also gates promotion`; the canary grows to N only then."""
    made = canary({"setWeight": 50}, replicas=10, replicaProgressThreshold={"type": "Pods", "value": 2})
    image(made, "v2", 3.0)
    assert made.rollout.status.stable_rs == made.rollout.status.current_pod_hash
    made.advance(made.now_s + 5.0)
    assert (sizes(made), made.rollout.status.phase) == ({"v1": 0, "v2": 10}, "Healthy")


# --- others ----------------------------------------------------------------------------------------------------------------------------


def test_unready_pods_of_others_vanish_at_once_and_the_newest_revision_goes_first() -> None:
    """`every other RS with spec != avail is cut to spec := avail`; `Highest revision first: spec := max(0, spec - b)`."""
    made = canary({"setWeight": 50}, PAUSE, replicas=8, maxSurge=4, maxUnavailable=0, versions={"v3": Version(pods=Pods(ready=False))})
    image(made, "v2", 4.0)
    image(made, "v3", 2.0)
    assert sizes(made)["v3"] > 0
    image(made, "v4", 10.0)
    assert sizes(made) == {"v1": 4, "v2": 0, "v3": 0, "v4": 4}


def test_others_whose_status_lags_are_left_alone() -> None:
    """`If one has avail > spec (just shrunk, status lags) the whole routine is abandoned for this pass`; b <= 0 stops it, too."""
    made = canary({"setWeight": 50}, PAUSE, replicas=4)
    image(made, "v2", 4.0)
    image(made, "v3", 6.0)
    seen = observed(made)
    old = next(rs for rs in seen.replica_sets if rs.template.images == ("app:v2",))
    stable = next(rs for rs in seen.replica_sets if rs.template.images == ("app:v1",))

    def resized(size: int, available: int, stable_available: int) -> list[str]:
        changed = {old.meta.name: replace(old, replicas=size, status=ReplicaSetStatus(size, available, available))}
        changed[stable.meta.name] = replace(stable, status=replace(stable.status, available_replicas=stable_available))
        sets = tuple(changed.get(rs.meta.name, rs) for rs in seen.replica_sets)
        decided = reconcile(replace(seen, replica_sets=sets), Now(made.now_s))
        return [o.name for o in decided.operations if isinstance(o, op.UpdateReplicaSet)]

    assert resized(2, 2, 2) == [old.meta.name]
    assert resized(1, 2, 2) == []
    assert resized(1, 1, 0) == []  # no budget
    assert resized(1, 0, 0) == [old.meta.name]  # the clean-up needs none


def test_several_others_share_one_budget() -> None:
    made = canary({"setWeight": 50}, PAUSE, replicas=4, maxUnavailable=1)
    image(made, "v2", 4.0)
    image(made, "v3", 6.0)
    seen = observed(made)
    by_tag = {rs.template.images[0][4:]: rs for rs in seen.replica_sets}
    two = replace(by_tag["v2"], replicas=2, status=ReplicaSetStatus(2, 2, 2))
    third = replace(two, meta=replace(two.meta, name="app-x"), pod_hash="x", revision=1, template=PodTemplate())
    sets = tuple(rs for tag, rs in by_tag.items() if tag != "v2")
    gone = replace(
        third, meta=replace(third.meta, name="app-y", created_s=-1.0), pod_hash="y", revision=2, replicas=1, status=ReplicaSetStatus(1, 0, 0)
    )

    def resized(available: int) -> dict[str, int]:
        low = tuple(replace(rs, status=replace(rs.status, available_replicas=available)) for rs in sets)
        decided = reconcile(replace(seen, replica_sets=(*low, two, third, gone)), Now(made.now_s))
        return {o.name: o.changes["replicas"] for o in decided.operations if isinstance(o, op.UpdateReplicaSet)}

    assert resized(1) == {"app-y": 0, two.meta.name: 0, "app-x": 1}  # 6 available, 3 needed: b = 3
    assert resized(0) == {"app-y": 0, two.meta.name: 1}  # b = 1


# --- passes ----------------------------------------------------------------------------------------------------------------------------


def test_an_inconclusive_pause_or_a_user_pause_stops_all_scaling() -> None:
    """`spec.paused, or pause condition InconclusiveAnalysisRun: no scaling at all, even for scaling events`."""
    made = canary({"setWeight": 50}, PAUSE)
    image(made, "v2", 4.0)
    act(made, commands.pause(made.rollout))
    edit(made, {"replicas": 8}, 5.0)
    assert sum(sizes(made).values()) == 4
    act(made, commands.promote(made.rollout), 5.0)
    assert sum(sizes(made).values()) == 8


def test_a_first_deploy_is_stable_before_a_pod_is_ready() -> None:
    """Trap 1: `Initial deploy is "completed" and stable before a single pod is ready; steps ... are skipped`; also with spec.paused."""
    made = world(rollout({"canary": {"steps": [{"setWeight": 20}, PAUSE]}}), *service("app"), healthy=False)
    status = made.rollout.status
    assert (status.stable_rs != "", status.available_replicas, status.current_step_index) == (True, 0, 2)
    paused = world(rollout({"canary": {}}, paused=True), *service("app"), healthy=False)
    paused.advance(5.0)
    assert (sizes(paused), paused.rollout.status.stable_rs != "") == ({"v1": 0}, True)


def test_found_without_any_condition() -> None:
    """`FoundNewReplicaSet needs a Rollout without any Progressing condition`."""
    made = canary({"setWeight": 50}, PAUSE)
    decided = looked(observed(made), made.now_s, conditions=())
    (found,) = (o.changes["conditions"] for o in decided.operations if isinstance(o, op.UpdateRolloutStatus))
    assert [c.reason for c in found] == ["FoundNewReplicaSet"]


def test_a_collision_count_makes_another_hash() -> None:
    """`FNV-32a over the JSON of spec.template (+ collision counter)`."""
    made = canary()
    (rs,) = observed(made).replica_sets
    seen = observed(made)
    changed = replace(seen, replica_sets=(replace(rs, template=PodTemplate()),))
    (created,) = (o.replica_set for o in looked(changed, made.now_s, collision_count=1).operations if isinstance(o, op.CreateReplicaSet))
    assert created.pod_hash != rs.pod_hash


def test_a_replica_set_with_an_equal_template_is_the_new_one_whatever_its_hash() -> None:
    """`new = RS whose hash label equals the template's hash, else an RS with an equal template (FindNewReplicaSet)`."""
    made = canary()
    decided = looked(observed(made), made.now_s, collision_count=1)
    assert not any(isinstance(o, op.CreateReplicaSet) for o in decided.operations)


def test_no_deadline_runs_where_nothing_is_known_of_progress() -> None:
    made = canary({"setWeight": 50}, versions={"v2": Version(pods=Pods(ready=False))})
    image(made, "v2", 3.0)
    seen = observed(made)
    decided = looked(seen, made.now_s, conditions=tuple(c for c in seen.rollout.status.conditions if c.type != "Progressing"))
    assert "ProgressDeadlineExceeded" not in str(decided.operations)


def test_the_deadline_degrades_without_an_event_and_is_taken_back_by_progress() -> None:
    """Trap 31: `ProgressDeadlineExceeded alone neither aborts nor stops anything; it can clear by itself.`"""
    made = canary({"setWeight": 50}, spec={"progressDeadlineSeconds": 10}, versions={"v2": Version(pods=Pods(start=15.0))})
    image(made, "v2", 13.0)
    assert made.rollout.status.phase == "Degraded"
    assert "has timed out progressing" in made.rollout.status.message
    assert "RolloutAborted" not in reasons(made)
    made.advance(made.now_s + 30.0)
    assert made.rollout.status.phase == "Healthy"


def test_the_deadline_may_abort_and_says_so_twice() -> None:
    """`With progressDeadlineAbort the abort is set in the same pass; event RolloutAborted appears twice`."""
    spec = {"progressDeadlineSeconds": 10, "progressDeadlineAbort": True}
    made = canary({"setWeight": 50}, spec=spec, versions={"v2": Version(pods=Pods(ready=False))})
    image(made, "v2", 20.0)
    assert (made.rollout.status.abort, made.rollout.status.phase, sizes(made)["v2"]) == (True, "Degraded", 0)
    assert reasons(made).count("RolloutAborted") == 2


def test_a_promoted_rollout_that_loses_pods_says_so() -> None:
    """`True ReplicaSetNotAvailable "Rollout does not have minimum availability" (a promoted Rollout losing pods)`."""
    made = canary()
    made.advance(3.0)
    pod = made.store.objects(Pod)[0]
    made.store.update(Pod, pod.meta.name, {"ready": False, "ready_since_s": None})
    made.advance(4.0)
    progressing = next(c for c in made.rollout.status.conditions if c.type == "Progressing")
    assert (progressing.reason, progressing.message) == ("ReplicaSetNotAvailable", "Rollout does not have minimum availability")
    assert made.rollout.status.message == "updated replicas are still becoming available"


def test_an_aborted_first_deploy_waits_for_no_stable() -> None:
    """`abort is impossible then`: between the pass that resets and the one that promotes the flag changes nothing."""
    made = canary(healthy_first := {"setWeight": 50})
    assert healthy_first
    seen = observed(made)
    decided = looked(seen, made.now_s, stable_rs="", abort=True)
    assert any(isinstance(o, op.Emit) and "Initial deploy" in o.message for o in decided.operations)


def test_side_door_services_follow_without_a_router() -> None:
    """`With basic canary these Services are optional side doors`; `Aborted: canaryService -> stable`."""
    steps_ = [{"setWeight": 50}, PAUSE]
    made = world(rollout({"canary": {"steps": steps_, "canaryService": "canary", "stableService": "stable"}}), *service("canary", "stable"))
    image(made, "v2", 4.0)
    at = {name: made.store.get(Service, name) for name in ("canary", "stable")}
    assert at["canary"] is not None and at["stable"] is not None
    assert (at["canary"].pod_hash, at["stable"].pod_hash) == (made.rollout.status.current_pod_hash, made.rollout.status.stable_rs)
    act(made, commands.abort(made.rollout), 3.0)
    found = made.store.get(Service, "canary")
    assert found is not None and found.pod_hash == made.rollout.status.stable_rs


# --- steps and phase -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Step(set_weight=20), "setWeight: 20"),
        (Step(pause=Pause(None)), "pause"),
        (Step(pause=Pause("10s")), "pause: 10s"),
        (Step(pause=Pause(10)), "pause: 10"),
        (Step(set_canary_scale=SetCanaryScale(replicas=3)), "setCanaryScale{replicas: 3}"),
        (Step(set_canary_scale=SetCanaryScale(weight=25)), "setCanaryScale{weight: 25}"),
        (Step(set_canary_scale=SetCanaryScale(match_traffic_weight=True)), "setCanaryScale{matchTrafficWeight: true}"),
        (Step(experiment=ExperimentStep()), "experiment"),
        (Step(analysis=RolloutAnalysis()), "analysis"),
        (Step(set_header_route=SetHeaderRoute("n")), "setHeaderRoute: n"),
        (Step(set_mirror_route=SetMirrorRoute("n")), "setMirrorRoute: n"),
        (Step(set_canary_scale=SetCanaryScale()), "invalid"),
        (Step(), "invalid"),
    ],
)
def test_steps_in_events(step: Step, text: str) -> None:
    assert steps.describe(step) == text


ROUTED = replace(CanaryStrategy(), traffic_routing=None)


@pytest.mark.parametrize(
    ("spec", "status", "words"),
    [
        ({"paused": True}, {}, "Paused manually paused"),
        ({}, {"pause_conditions": (PauseCondition("CanaryPauseStep", 0.0),)}, "Paused CanaryPauseStep"),
        ({"restart_at_s": 5.0}, {}, "Progressing rollout is restarting"),
        ({}, {"updated_replicas": 1}, "Progressing more replicas need to be updated"),
        ({}, {"available_replicas": 1}, "Progressing updated replicas are still becoming available"),
        ({}, {"replicas": 3}, "Progressing old replicas are pending termination"),
        ({}, {"stable_rs": "a"}, "Progressing waiting for all steps to complete"),
        ({}, {}, "Healthy "),
        ({"strategy": Strategy(blue_green=BlueGreenStrategy("app"))}, {}, "Progressing active service cutover pending"),
        (
            {"strategy": Strategy(blue_green=BlueGreenStrategy("app"))},
            {"active_selector": "b", "stable_rs": "a"},
            "Progressing waiting for post-promotion verification to complete",
        ),
        (
            {"strategy": Strategy(blue_green=BlueGreenStrategy("app", post_promotion_analysis=RolloutAnalysis()))},
            {"active_selector": "b", "stable_rs": "a"},
            "Progressing waiting for analysis to complete",
        ),
        ({"strategy": Strategy(blue_green=BlueGreenStrategy("app"))}, {"active_selector": "b"}, "Healthy "),
    ],
)
def test_phase_and_message_first_match(spec: dict[str, Any], status: dict[str, Any], words: str) -> None:
    """spec/canary.md 14 and spec/views.md 4.1, rows c to m."""
    promoted = {"updated_replicas": 2, "available_replicas": 2, "replicas": 2, "current_pod_hash": "b", "stable_rs": "b"}
    found = phase.phase_of(RolloutSpec(**{"replicas": 2, "strategy": Strategy(CanaryStrategy()), **spec}), RolloutStatus(**{**promoted, **status}))
    assert " ".join(found) == words


def test_what_clients_show_before_the_stored_phase() -> None:
    """spec/views.md 4.1: rows 1 and 2."""
    known = Rollout(Meta("app", generation=3), RolloutSpec(), RolloutStatus(observed_generation=2, phase="Healthy"))
    assert phase.client_phase(known) == ("Progressing", "waiting for rollout spec update to be observed")
    seen = replace(known, status=replace(known.status, observed_generation=3))
    assert phase.client_phase(seen) == ("Healthy", "")
    resumed = replace(seen, status=replace(seen.status, controller_pause=True))
    assert phase.client_phase(resumed) == ("Progressing", "waiting for rollout to unpause")


def test_a_promoted_rollout_of_sick_pods_shrinks_too_far_for_a_pass() -> None:
    """adjustReplicaWithinLimits gets the one ReplicaSet twice, as canary and as stable: 5 pods, 2 of them available, go by 3 to 4."""
    sick = pods(5, 2)
    bounds = {"replicas": 4, "surge": 0, "unavailable": 1, "others": []}
    assert next_pair(weight=100, new=sick, stable=sick, **bounds)[0] == 3
    assert next_pair(weight=100, new=pods(3, 2), stable=pods(3, 2), **bounds)[0] == 4


def test_a_restart_beyond_the_resync_is_left_to_it() -> None:
    """`A future restartAt wakes the Rollout then (if within 900 s).`"""
    made = canary()
    made.advance(10.0)
    seen = observed(made)

    def asked(at_s: float) -> float | None:
        spec = replace(seen.rollout.spec, restart_at_s=at_s)
        return reconcile(replace(seen, rollout=replace(seen.rollout, spec=spec)), Now(made.now_s)).wake_up_at_s

    assert asked(made.now_s + 899.0) == made.now_s + 899.0
    assert asked(made.now_s + 900.0) is None


def test_a_size_that_only_renews_the_annotation_is_no_scaling() -> None:
    """`A write happens when the size differs or the desired-replicas annotation != N; only a size change counts as "scaled" and emits an event.`"""
    made = canary({"setWeight": 50}, PAUSE, replicas=4)
    image(made, "v2", 4.0)
    assert sizes(made) == {"v1": 2, "v2": 2}
    seen = observed(made)
    other = replace(seen, rollout=replace(seen.rollout, spec=replace(seen.rollout.spec, replicas=3)))
    decided = reconcile(other, Now(made.now_s))
    assert [dict(o.changes) for o in decided.operations if isinstance(o, op.UpdateReplicaSet)] == [{"replicas": 2, "desired_replicas": 3}] * 2
    assert "ScalingReplicaSet" not in emitted(decided)


def test_a_deadline_about_to_pass_is_looked_at_through_the_limiter() -> None:
    """A deadline less than a second away gets no timer but the rate limiter (rollout/sync.go, requeueStuckRollout)."""
    made = canary({"setWeight": 50}, spec={"progressDeadlineSeconds": 20}, versions={"v2": Version(pods=Pods(ready=False))})
    image(made, "v2", 3.0)
    seen = observed(made)
    progressing = next(c for c in seen.rollout.status.conditions if c.type == "Progressing")
    deadline_s = progressing.last_update_s + 20.0
    assert (looked(seen, deadline_s - 5.0).wake_up_at_s, looked(seen, deadline_s - 5.0).requeue) == (deadline_s + 1.0, False)
    assert (looked(seen, deadline_s - 0.5).wake_up_at_s, looked(seen, deadline_s - 0.5).requeue) == (None, True)


@pytest.mark.parametrize("duration", ["10m", "1h"])
def test_a_long_pause_ends_on_time(duration: str) -> None:
    """`pause end (exact, if within 900 s, else found by a resync)`: the resync before the end sets the timer."""
    made = canary({"setWeight": 50}, {"pause": {"duration": duration}})
    image(made, "v2", 10.0)
    (paused,) = made.rollout.status.pause_conditions
    end_s = paused.start_s + {"10m": 600.0, "1h": 3600.0}[duration]
    made.advance(end_s - 0.5)
    assert made.rollout.status.phase == "Paused"
    made.advance(end_s + 0.5)
    assert made.rollout.status.pause_conditions == ()


def test_a_restart_in_a_distant_future_is_found_by_the_resync() -> None:
    made = canary()
    do(made, commands.restart(made.rollout, 2000.0))
    made.advance(1999.0)
    assert made.rollout.status.restarted_at_s is None
    made.advance(2100.0)
    assert made.rollout.status.restarted_at_s == 2000.0
