"""Blue-green by the test vectors and flows of spec/bluegreen.md (6, 8, 9, 15) that no recording plays, and some that one does."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.manifest.objects import AnalysisRun, Pod, ReplicaSet, Service
from rolloutsim.scenario import Pods, Version
from rolloutsim.world.world import World
from tests.unit.control.worlds import do, edit, image, reasons, rollout, service, sizes, world

MANUAL = {"activeService": "app", "previewService": "preview", "autoPromotionEnabled": False}
TEMPLATE = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AnalysisTemplate",
    "metadata": {"name": "check"},
    "spec": {"metrics": [{"name": "m", "provider": {"web": {"url": "x"}}, "successCondition": "result == 1", "failureCondition": "result == 0"}]},
}
ASKED = {"templates": [{"templateName": "check"}]}


def blue_green(metric: list[list[float]] | None = None, *, replicas: int = 2, versions: Any = None, spec: Any = None, **strategy: Any) -> World:
    """A healthy v1 of two pods, which are ready after a second; `metric` is what the analysis measures, from t on."""
    given = {"activeService": "app", "previewService": "preview", **strategy}
    measured = {"m": {"values": metric or [[0, 1]]}}
    objects = (TEMPLATE, rollout({"blueGreen": given}, replicas=replicas, **(spec or {})), *service("app", "preview"))
    return world(*objects, metrics=measured, versions=versions)


def active(made: World, name: str = "app") -> str:
    """The tag that a Service leads to."""
    found = made.store.get(Service, name)
    assert found is not None
    return next((rs.template.images[0].rpartition(":")[2] for rs in replica_sets(made) if rs.pod_hash == found.pod_hash), "")


def replica_sets(made: World) -> list[ReplicaSet]:
    return made.store.objects(ReplicaSet)


def messages(made: World, since_s: float = 0.0) -> list[str]:
    return [f"{r.status.phase} {r.status.message}".strip() for t_s, r in made.record.rollouts() if t_s >= since_s]


def act(made: World, answer: commands.Answer, wait_s: float = 1.0) -> None:
    do(made, answer)
    made.advance(made.now_s + wait_s)


# --- the pause before the switch -------------------------------------------------------------------------------------------------------


def test_auto_promotion_switches_in_the_pass_that_sees_all_pods() -> None:
    """`autoPromotionEnabled true, seconds 0, no analysis: no Paused phase`."""
    made = blue_green()
    image(made, "v2", 5.0)
    assert active(made) == "v2"
    assert not [m for m in messages(made) if m.startswith("Paused")]


def test_the_clock_of_auto_promotion_starts_with_the_pods() -> None:
    """`now > startTime + seconds`, startTime cut to the second; with autoPromotionEnabled false the seconds are ignored."""
    made = blue_green(autoPromotionSeconds=10)
    image(made, "v2", 8.0)
    assert (active(made), made.rollout.status.phase) == ("v1", "Paused")
    made.advance(made.now_s + 5.0)
    assert (active(made), made.rollout.status.phase) == ("v2", "Healthy")
    waits = blue_green(**MANUAL, autoPromotionSeconds=3)
    image(waits, "v2", 60.0)
    assert (active(waits), waits.rollout.status.message) == ("v1", "BlueGreenPause")


def test_a_promote_while_a_pod_is_missing_is_lost() -> None:
    """`A manual promote is valid for one pass: if newRS is not fully available in it, the rollout pauses again.` (vector 6)"""
    made = blue_green(**MANUAL)
    image(made, "v2", 5.0)
    pod = next(p for p in made.store.objects(Pod) if p.images == ("app:v2",))
    made.store.update(Pod, pod.meta.name, {"ready": False, "ready_since_s": None})
    made.advance(made.now_s + 0.5)
    act(made, commands.promote(made.rollout), 3.0)
    assert active(made) == "v1"
    made.store.update(Pod, pod.meta.name, {"ready": True, "ready_since_s": made.now_s})
    made.advance(made.now_s + 3.0)
    assert (active(made), made.rollout.status.message) == ("v1", "BlueGreenPause")


def test_a_full_promotion_waits_for_the_pods_only() -> None:
    """`promote --full`: skip pause and analysis, ignore previewReplicaCount; still waits for N available pods (vector 12)."""
    made = blue_green(**MANUAL, previewReplicaCount=1, replicas=3, prePromotionAnalysis=ASKED, versions={"v2": Version(pods=Pods(start=4.0))})
    image(made, "v2", 1.0)
    assert sizes(made) == {"v1": 3, "v2": 1}
    act(made, commands.promote(made.rollout, full=True), 2.0)
    assert (sizes(made), active(made)) == ({"v1": 3, "v2": 3}, "v1")
    made.advance(made.now_s + 4.0)
    assert (active(made), made.rollout.status.phase) == ("v2", "Healthy")
    assert made.store.objects(AnalysisRun) == []
    assert "Full promotion requested" in [h.event.message for h in made.record.events if h.event.reason == "RolloutCompleted"][-1]


def test_preview_count_then_all() -> None:
    """`pause at P; resume pass sets the checkpoint; next pass scales P -> N; the switch waits for N available` (vector 5)."""
    made = blue_green(**MANUAL, previewReplicaCount=1, replicas=4)
    image(made, "v2", 4.0)
    assert sizes(made) == {"v1": 4, "v2": 1}
    act(made, commands.promote(made.rollout), 0.5)
    assert (sizes(made), active(made)) == ({"v1": 4, "v2": 4}, "v1")
    made.advance(made.now_s + 3.0)
    assert made.rollout.status.phase == "Healthy"
    assert "RolloutPaused" in reasons(made)


def test_pods_and_template_changed_together_keep_to_the_preview_count() -> None:
    """`hash(newRS) != currentPodHash -> P`: the shortcut pass of a changed spec.replicas comes before the one that notes the new hash."""
    made = blue_green(**MANUAL, previewReplicaCount=1)
    template = made.rollout.spec.template
    containers = [{"name": "app", "image": "app:v2"}]
    edit(made, {"replicas": 3, "template": {"metadata": {"labels": dict(template.labels)}, "spec": {"containers": containers}}}, 5.0)
    assert sizes(made) == {"v1": 3, "v2": 1}
    assert {c.object.replicas for c in made.record.history("ReplicaSet") if c.object and c.object.template.images == ("app:v2",)} == {0, 1}


# --- halts -----------------------------------------------------------------------------------------------------------------------------


def test_a_user_pause_lets_pods_grow_but_moves_no_service() -> None:
    """`spec.paused then new image: RS scaled, preview/active unchanged, Paused manually paused` (vector 18)."""
    made = blue_green()
    act(made, commands.pause(made.rollout))
    image(made, "v2", 5.0)
    assert (sizes(made), active(made), active(made, "preview")) == ({"v1": 2, "v2": 2}, "v1", "v1")
    assert (made.rollout.status.phase, made.rollout.status.message) == ("Paused", "manually paused")
    act(made, commands.promote(made.rollout), 3.0)
    assert (active(made), made.rollout.status.phase) == ("v2", "Healthy")


def test_an_inconclusive_analysis_holds_everything_until_a_human_resumes() -> None:
    """`Inconclusive -> pause condition InconclusiveAnalysisRun (halts, no scale-down of old RSs)`; after `promote` a run `-pre.1` starts at once."""
    made = blue_green([[0, 0.5], [20, 1]], prePromotionAnalysis=ASKED, scaleDownDelaySeconds=1)
    image(made, "v2", 10.0)
    assert (made.rollout.status.message, active(made)) == ("InconclusiveAnalysisRun", "v1")
    made.advance(25.0)
    act(made, commands.promote(made.rollout), 3.0)
    assert [run.meta.name[-6:] for run in made.store.objects(AnalysisRun)] == ["-2-pre", "-pre.1"]
    assert active(made) == "v2"


# --- analysis --------------------------------------------------------------------------------------------------------------------------


def test_the_run_before_the_switch_waits_for_the_preview_count() -> None:
    """`with previewReplicaCount: spec and available = that count`."""
    made = blue_green(previewReplicaCount=1, replicas=3, prePromotionAnalysis=ASKED)
    image(made, "v2", 0.5)
    assert made.store.objects(AnalysisRun) == []
    made.advance(made.now_s + 6.0)
    (run,) = made.store.objects(AnalysisRun)
    assert run.meta.labels["rollout-type"] == "PrePromotion"
    assert (active(made), made.rollout.status.phase) == ("v2", "Healthy")


def test_the_pause_begins_after_the_run() -> None:
    """`the BlueGreenPause is added only after that analysis is Successful`: switch = its end + autoPromotionSeconds."""
    slow = {"metrics": [{**TEMPLATE["spec"]["metrics"][0], "interval": "5s", "count": 2}]}
    strategy = {"activeService": "app", "prePromotionAnalysis": ASKED, "autoPromotionSeconds": 10}
    made = world({**TEMPLATE, "spec": slow}, rollout({"blueGreen": strategy}, replicas=2), *service("app"), metrics={"m": {"values": [[0, 1]]}})
    image(made, "v2", 5.0)
    assert made.rollout.status.pause_conditions == ()
    made.advance(10.0)
    (paused,) = made.rollout.status.pause_conditions
    assert 6.0 <= paused.start_s <= 8.0
    made.advance(paused.start_s + 9.5)
    assert active(made) == "v1"
    made.advance(paused.start_s + 11.0)
    assert active(made) == "v2"


def test_a_failed_run_before_the_switch_aborts() -> None:
    """`Failed/Error -> abort with message Blue/green pre-promotion analysis phase error/failed[: msg]`; a run of an aborted one is not renewed."""
    made = blue_green([[0, 0]], prePromotionAnalysis=ASKED)
    image(made, "v2", 6.0)
    assert (made.rollout.status.phase, active(made)) == ("Degraded", "v1")
    assert "Blue/green pre-promotion analysis phase error/failed: " in made.rollout.status.message
    assert len(made.store.objects(AnalysisRun)) == 1


def test_the_old_pods_stay_for_the_analysis_after_the_switch() -> None:
    """`run created one pass after the switch; stableRS stays the old RS`; success ends it, and only then the delay begins."""
    slow = {**TEMPLATE, "spec": {"metrics": [{**TEMPLATE["spec"]["metrics"][0], "interval": "5s", "count": 3}]}}
    objects = (slow, rollout({"blueGreen": {"activeService": "app", "postPromotionAnalysis": ASKED}}, replicas=2), *service("app"))
    made = world(*objects, metrics={"m": {"values": [[0, 1]]}})
    image(made, "v2", 6.0)
    assert (active(made), made.rollout.status.message) == ("v2", "waiting for analysis to complete")
    assert made.rollout.status.stable_rs != made.rollout.status.current_pod_hash
    image(made, "v3", 4.0)  # v2 becomes an old ReplicaSet while nothing has been found of v3: no old pods go before its run
    assert sizes(made)["v2"] == 2
    assert [rs.scale_down_deadline_s for rs in replica_sets(made) if rs.template.images == ("app:v2",)] == [None]
    made.advance(made.now_s + 15.0)
    assert made.rollout.status.phase == "Healthy"
    assert [rs.scale_down_deadline_s is not None for rs in replica_sets(made)] == [True, True, False]


def test_a_failed_analysis_after_the_switch_goes_back_one_pass_later() -> None:
    """`post analysis fails, v2 healthy: Degraded, next pass active -> v1, v2 to 0 after the delay` (vector 15)."""
    made = blue_green([[0, 0]], postPromotionAnalysis=ASKED, abortScaleDownDelaySeconds=5)
    image(made, "v2", 4.0)
    assert (made.rollout.status.phase, active(made)) == ("Degraded", "v1")
    assert "Blue/green post-promotion analysis phase error/failed" in made.rollout.status.message
    made.advance(made.now_s + 8.0)
    assert sizes(made) == {"v1": 2, "v2": 0}


def test_an_abort_after_the_switch_does_not_go_back_from_a_broken_version() -> None:
    """`as 15 but one v2 pod broken at abort: active stays on v2; at the deadline active has 0 pods` (vector 16)."""
    long = {"metrics": [{**TEMPLATE["spec"]["metrics"][0], "interval": "5s", "count": 30}]}
    made = world(
        {**TEMPLATE, "spec": long},
        rollout({"blueGreen": {"activeService": "app", "postPromotionAnalysis": ASKED, "abortScaleDownDelaySeconds": 5}}, replicas=2),
        *service("app"),
        metrics={"m": {"values": [[0, 1]]}},
        versions={"v2": Version(pods=Pods(start=1.0, unready_after=2.0))},
    )
    image(made, "v2", 5.0)
    assert active(made) == "v2"
    act(made, commands.abort(made.rollout), 10.0)
    assert (active(made), sizes(made)) == ("v2", {"v1": 2, "v2": 0})


def test_a_return_within_the_delay_needs_no_analysis() -> None:
    """`postPromotionAnalysis set and newRS had a deadline -> "Rollback to '<rs>' within scaleDownDelay"`."""
    made = blue_green(prePromotionAnalysis=ASKED, postPromotionAnalysis=ASKED)
    image(made, "v2", 8.0)
    assert made.rollout.status.phase == "Healthy"
    runs = len(made.store.objects(AnalysisRun))
    image(made, "v1", 2.0)
    assert (active(made), made.rollout.status.phase, len(made.store.objects(AnalysisRun))) == ("v1", "Healthy", runs)
    assert "within scaleDownDelay" in [h.event.message for h in made.record.events if h.event.reason == "RolloutCompleted"][-1]


# --- abort, retry, rollback ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wait_s", "size", "phase"), [(10.0, 2, "Healthy"), (60.0, 2, "Paused")])
def test_retry_within_the_abort_delay_promotes_without_its_pause(wait_s: float, size: int, phase: str) -> None:
    """`abort, retry 10 s later: v2 becomes active and stable at once; or 60 s later: 0->2, Paused again` (vectors 8, 9)."""
    made = blue_green(**MANUAL)
    image(made, "v2", 5.0)
    act(made, commands.abort(made.rollout), wait_s)
    assert made.rollout.status.phase == "Degraded"
    act(made, commands.retry(made.rollout), 4.0)
    assert (sizes(made)["v2"], made.rollout.status.phase) == (size, phase)
    assert active(made) == ("v2" if phase == "Healthy" else "v1")


def test_an_abort_of_a_promoted_rollout_has_no_effect() -> None:
    """`On a fully promoted Rollout the flag is erased and nothing happens` (vector 10)."""
    made = blue_green()
    image(made, "v2", 6.0)
    act(made, commands.abort(made.rollout))
    assert (made.rollout.status.abort, made.rollout.status.phase) == (False, "Healthy")


def test_an_abort_delay_of_zero_keeps_the_preview() -> None:
    """`With value 0 newRS simply stays at its target size.`"""
    made = blue_green(**MANUAL, abortScaleDownDelaySeconds=0)
    image(made, "v2", 5.0)
    act(made, commands.abort(made.rollout), 100.0)
    assert sizes(made) == {"v1": 2, "v2": 2}


def test_re_applying_a_superseded_preview_promotes_it_without_pause() -> None:
    """`v1 stable, v2 paused, v3, back to v2 within 30 s: v2 promoted without pause; C up to 6` (vector 17)."""
    made = blue_green(**MANUAL)
    image(made, "v2", 5.0)
    image(made, "v3", 5.0)
    assert sizes(made) == {"v1": 2, "v2": 2, "v3": 2}
    image(made, "v2", 2.0)
    assert (active(made), made.rollout.status.phase) == ("v2", "Healthy")


@pytest.mark.parametrize(("enabled", "phase"), [(None, "Healthy"), (False, "Progressing")])
def test_a_rollback_within_the_window_works_only_with_plain_auto_promotion(enabled: bool | None, phase: str) -> None:
    """`pauses are cleared on every status write, but the pause step still adds the pause in memory`: it hangs; --full frees it (vector 14)."""
    made = blue_green(
        scaleDownDelaySeconds=1, **({} if enabled is None else {"autoPromotionEnabled": enabled}), spec={"rollbackWindow": {"revisions": 3}}
    )
    made.advance(5.0)
    image(made, "v2", 5.0)
    act(made, commands.promote(made.rollout, full=True), 5.0)
    image(made, "v1", 10.0)
    assert made.rollout.status.phase == phase
    assert (active(made) == "v1") is (phase == "Healthy")
    if phase == "Progressing":
        assert made.rollout.status.message == "active service cutover pending"
        act(made, commands.promote(made.rollout, full=True), 3.0)
        assert (active(made), made.rollout.status.phase) == ("v1", "Healthy")
    else:
        assert "Rollback within window" in [h.event.message for h in made.record.events if h.event.reason == "RolloutCompleted"][-1]


# --- old ReplicaSets -------------------------------------------------------------------------------------------------------------------


def test_a_delay_of_zero_is_the_known_loop() -> None:
    """`scaleDownDelaySeconds: 0 never scales down` and looks again at once, for ever (argo-rollouts issue 1992; vector 13)."""
    made = blue_green(scaleDownDelaySeconds=0)
    image(made, "v2", 4.0)
    passes = made.controller.passes
    made.advance(made.now_s + 5.0)
    assert sizes(made) == {"v1": 2, "v2": 2}
    assert made.controller.passes - passes > 100


def test_only_so_many_old_replica_sets_enjoy_the_delay() -> None:
    """`three fast updates, scaleDownDelayRevisionLimit 1: at each promotion the older old RS goes to 0 at once` (vector 11)."""
    made = blue_green(scaleDownDelayRevisionLimit=1)
    for tag in ("v2", "v3"):
        image(made, tag, 4.0)
    assert sizes(made) == {"v1": 0, "v2": 2, "v3": 2}


def test_old_pods_follow_the_size_within_their_delay() -> None:
    """`if in the future -> size := N (follows HPA)`; the shortcut pass scales stable and new, and refreshes the counts."""
    made = blue_green()
    image(made, "v2", 4.0)
    edit(made, {"replicas": 5}, 4.0)
    assert sizes(made) == {"v1": 5, "v2": 5}
    assert (made.rollout.status.available_replicas, made.rollout.status.hpa_replicas) == (5, 5)


def test_a_size_changed_before_the_first_switch_counts_all_pods() -> None:
    """`sum over all RSs if activeSelector matches no RS`: the active Service has no hash until the first version is saturated."""
    made = world(
        rollout({"blueGreen": {"activeService": "app"}}, replicas=2), *service("app"), healthy=False, versions={"v1": Version(pods=Pods(start=3.0))}
    )
    made.advance(2.0)
    edit(made, {"replicas": 3}, 0.5)
    assert (sizes(made), made.rollout.status.hpa_replicas, made.rollout.status.active_selector) == ({"v1": 3}, 3, "")
    made.advance(10.0)
    assert made.rollout.status.phase == "Healthy"


def test_no_replicas_are_saturated() -> None:
    """`0 available is saturated: a new image is active and stable without a pod`."""
    made = blue_green(replicas=0)
    image(made, "v2", 2.0)
    assert (active(made), made.rollout.status.phase) == ("v2", "Healthy")
