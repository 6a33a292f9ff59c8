"""Rules of spec/bluegreen.md that no recording plays, each by the number of its section or test vector."""

from __future__ import annotations

from typing import Any

from rolloutsim.control import commands
from rolloutsim.manifest.objects import AnalysisRun, Pod, ReplicaSet, Service
from rolloutsim.scenario import Pods, Version
from rolloutsim.world.world import World
from tests.unit.control.worlds import do, edit, image, reasons, rollout, service, sizes, world


def blue_green(**fields: Any) -> dict[str, Any]:
    return {"blueGreen": {"activeService": "active", "previewService": "preview", **fields}}


def template(name: str = "t", **metric: Any) -> dict[str, Any]:
    metrics = [{"name": name, "successCondition": "result > 0", "provider": {"web": {"url": "x"}}, **metric}]
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": {"metrics": metrics}}


def analysis(name: str = "t", **fields: Any) -> dict[str, Any]:
    return {"templates": [{"templateName": name}], **fields}


def tags(made: World) -> dict[str, str]:
    """Image tags by what the two Services select."""
    by_hash = {rs.pod_hash: rs.template.images[0].rpartition(":")[2] for rs in made.store.objects(ReplicaSet)}
    found = {}
    for name in ("active", "preview"):
        selected = made.store.get(Service, name)
        assert selected is not None
        found[name] = by_hash.get(selected.pod_hash, "")
    return found


def stable(made: World) -> str:
    return next(rs.template.images[0].rpartition(":")[2] for rs in made.store.objects(ReplicaSet) if rs.pod_hash == made.rollout.status.stable_rs)


def tag_of(made: World, pod: Pod) -> str:
    owner = made.store.get(ReplicaSet, pod.meta.owner or "")
    return owner.template.images[0].rpartition(":")[2] if owner is not None else ""


def kill_one(made: World, tag: str) -> None:
    pod = next(p for p in made.store.objects(Pod) if tag_of(made, p) == tag)
    made.store.update(Pod, pod.meta.name, {"deleted_s": made.now_s, "word": "Terminating"})


def wait(made: World, seconds: float) -> None:
    made.advance(made.now_s + seconds)


def test_retry_after_the_abort_delay_starts_anew() -> None:
    """Vector 9: the preview went to 0; retry scales it up and pauses again."""
    made = world(rollout(blue_green(autoPromotionEnabled=False, abortScaleDownDelaySeconds=5), replicas=2), *service("active", "preview"))
    image(made, "v2", 4.0)
    do(made, commands.abort(made.rollout))
    wait(made, 8.0)
    assert sizes(made) == {"v1": 2, "v2": 0}
    assert tags(made) == {"active": "v1", "preview": "v2"}  # the preview Service stays, without pods
    do(made, commands.retry(made.rollout))
    wait(made, 4.0)
    assert sizes(made) == {"v1": 2, "v2": 2}
    assert (made.rollout.status.phase, made.rollout.status.message, tags(made)["active"]) == ("Paused", "BlueGreenPause", "v1")


def test_promote_full_waits_for_all_pods() -> None:
    """Vector 12: the switch comes when both are available."""
    made = world(
        rollout(blue_green(autoPromotionEnabled=False), replicas=2),
        *service("active", "preview"),
        versions={"v2": Version(pods=Pods(start=5.0, stop=1.0))},
    )
    image(made, "v2", 2.0)
    do(made, commands.promote(made.rollout, full=True))
    wait(made, 1.0)
    assert tags(made)["active"] == "v1"
    wait(made, 3.0)
    assert (tags(made)["active"], stable(made), made.rollout.status.phase) == ("v2", "v2", "Healthy")
    assert "RolloutPaused" not in reasons(made)


def test_a_broken_pod_at_the_abort_after_the_switch_ends_in_an_outage() -> None:
    """Vector 16: the active Service stays on the new ReplicaSet, which goes to 0 at the deadline."""
    made = world(
        template(interval="30s", count=5),
        rollout(blue_green(postPromotionAnalysis=analysis(), abortScaleDownDelaySeconds=4), replicas=2),
        *service("active", "preview"),
        metrics={"t": {"values": [[0, 1]]}},
        versions={"v2": Version(pods=Pods(start=8.0, stop=1.0))},
    )
    image(made, "v2", 12.0)
    assert tags(made)["active"] == "v2"
    (run,) = made.store.objects(AnalysisRun)
    assert run.meta.name.endswith("-2-post")
    kill_one(made, "v2")
    wait(made, 1.0)
    do(made, commands.abort(made.rollout))
    wait(made, 6.0)
    assert (sizes(made), tags(made)["active"], made.rollout.status.phase) == ({"v1": 2, "v2": 0}, "v2", "Degraded")


def test_going_back_to_a_preview_within_its_delay_promotes_it() -> None:
    """Vector 17: v1 stable, v2 paused, v3, back to v2 within 30 s: v2 is promoted without a pause."""
    made = world(rollout(blue_green(autoPromotionEnabled=False), replicas=2), *service("active", "preview"))
    image(made, "v2", 4.0)
    image(made, "v3", 4.0)
    assert sizes(made) == {"v1": 2, "v2": 2, "v3": 2}
    image(made, "v2", 2.0)
    assert (tags(made)["active"], stable(made), made.rollout.status.phase) == ("v2", "v2", "Healthy")


def test_a_user_pause_before_the_image_holds_services_but_not_sizes() -> None:
    """Vector 18."""
    made = world(rollout(blue_green(), replicas=2), *service("active", "preview"))
    edit(made, {"paused": True})
    image(made, "v2", 4.0)
    assert sizes(made) == {"v1": 2, "v2": 2}
    assert tags(made) == {"active": "v1", "preview": "v1"}
    assert (made.rollout.status.phase, made.rollout.status.message) == ("Paused", "manually paused")


def test_abort_delay_zero_keeps_the_preview_for_ever() -> None:
    """8: abortScaleDownDelaySeconds 0."""
    made = world(rollout(blue_green(autoPromotionEnabled=False, abortScaleDownDelaySeconds=0), replicas=2), *service("active", "preview"))
    image(made, "v2", 4.0)
    do(made, commands.abort(made.rollout))
    wait(made, 60.0)
    assert sizes(made) == {"v1": 2, "v2": 2}
    assert all(rs.scale_down_deadline_s is None for rs in made.store.objects(ReplicaSet))


def test_no_pods_wanted_is_active_at_once() -> None:
    """6, N = 0."""
    made = world(rollout(blue_green(), replicas=0), *service("active", "preview"))
    image(made, "v2", 1.0)
    assert (tags(made)["active"], stable(made), made.rollout.status.phase) == ("v2", "v2", "Healthy")
    assert all(rs.scale_down_deadline_s is None for rs in made.store.objects(ReplicaSet))


# --- analysis before and after the switch --------------------------------------------------------------------------------------------


def played_with_pre(*values: Any, **fields: Any) -> World:
    made = world(
        template(interval="5s", count=2),
        rollout(blue_green(prePromotionAnalysis=analysis(), **fields), replicas=2),
        *service("active", "preview"),
        metrics={"t": {"values": list(values)}},
    )
    image(made, "v2", 3.0)
    return made


def test_abort_stops_the_run_before_the_switch() -> None:
    made = played_with_pre([0, 1])
    (run,) = made.store.objects(AnalysisRun)
    assert (run.meta.name.rpartition("-")[2], run.status.phase) == ("pre", "Running")
    do(made, commands.abort(made.rollout))
    wait(made, 1.0)
    (run,) = made.store.objects(AnalysisRun)
    assert (run.spec.terminate, run.status.phase, run.status.message) == (True, "Successful", "Run Terminated")
    assert (made.rollout.status.phase, tags(made)["active"]) == ("Degraded", "v1")


def test_promote_before_the_end_of_the_run_does_nothing_and_full_skips_it() -> None:
    made = played_with_pre([0, 1], autoPromotionEnabled=False)
    do(made, commands.promote(made.rollout))
    wait(made, 1.0)
    assert tags(made)["active"] == "v1"
    do(made, commands.promote(made.rollout, full=True))
    wait(made, 1.0)
    (run,) = made.store.objects(AnalysisRun)
    assert (run.spec.terminate, tags(made)["active"], made.rollout.status.phase) == (True, "v2", "Healthy")


def test_the_pause_is_added_after_the_run() -> None:
    """5: autoPromotionSeconds counts from the success of the analysis, startTime in whole seconds."""
    made = played_with_pre([0, 1], autoPromotionSeconds=10)
    wait(made, 3.0)
    assert made.rollout.status.pause_conditions == ()
    wait(made, 2.0)
    assert made.rollout.status.message == "BlueGreenPause"
    wait(made, 8.0)
    assert tags(made)["active"] == "v1"
    wait(made, 2.5)
    assert (tags(made)["active"], made.rollout.status.phase) == ("v2", "Healthy")


def test_undo_during_the_run_ends_it_and_is_healthy_at_once() -> None:
    made = played_with_pre([0, 1])
    image(made, "v1", 1.5)
    (run,) = made.store.objects(AnalysisRun)
    assert (run.spec.terminate, made.rollout.status.phase, tags(made)) == (True, "Healthy", {"active": "v1", "preview": "v1"})


def test_a_failed_run_before_the_switch_aborts_with_its_words() -> None:
    made = played_with_pre([0, 0])
    wait(made, 1.0)
    text = 'Blue/green pre-promotion analysis phase error/failed: Metric "t" assessed Failed due to failed (1) > failureLimit (0)'
    assert made.rollout.status.message == f"RolloutAborted: Rollout aborted update to revision 2: {text}"
    assert tags(made)["active"] == "v1"


def test_a_preview_of_a_few_pods_is_judged_before_the_rest_start() -> None:
    """5 and 6: with previewReplicaCount the run starts at that count; its success sets the checkpoint."""
    made = played_with_pre([0, 1], previewReplicaCount=1)
    assert sizes(made) == {"v1": 2, "v2": 1}
    assert len(made.store.objects(AnalysisRun)) == 1
    wait(made, 6.0)
    assert sizes(made)["v2"] == 2
    wait(made, 2.0)
    assert (tags(made)["active"], made.rollout.status.scale_up_preview_check_point) == ("v2", False)  # reset by the promotion


def test_an_inconclusive_run_after_the_switch_parks_with_both_kept() -> None:
    made = world(
        template(failureCondition="result < 0"),
        rollout(blue_green(postPromotionAnalysis=analysis(), scaleDownDelaySeconds=2), replicas=2),
        *service("active", "preview"),
        metrics={"t": {"values": [[0, 0]]}},
    )
    image(made, "v2", 20.0)
    assert (made.rollout.status.phase, made.rollout.status.message) == ("Paused", "InconclusiveAnalysisRun")
    assert (sizes(made), tags(made)["active"], stable(made)) == ({"v1": 2, "v2": 2}, "v2", "v1")
    do(made, commands.promote(made.rollout))
    wait(made, 1.0)
    assert [run.meta.name.rpartition("-")[2] for run in made.store.objects(AnalysisRun)] == ["post", "post.1"]


def test_analysis_plays_no_part_on_the_first_deploy() -> None:
    made = world(
        template(),
        rollout(blue_green(prePromotionAnalysis=analysis(), postPromotionAnalysis=analysis()), replicas=2),
        *service("active", "preview"),
        metrics={"t": {"values": [[0, 0]]}},
        healthy=False,
    )
    wait(made, 5.0)
    assert (made.rollout.status.phase, made.store.objects(AnalysisRun)) == ("Healthy", [])


# --- metadata and anti-affinity ------------------------------------------------------------------------------------------------------


def test_metadata_swap_one_pass_after_the_promotion() -> None:
    """11: live pods of the new ReplicaSet bear previewMetadata, later activeMetadata; nothing restarts."""
    fields = {"activeMetadata": {"labels": {"role": "active"}}, "previewMetadata": {"labels": {"role": "preview"}}}
    made = world(rollout(blue_green(autoPromotionEnabled=False, scaleDownDelaySeconds=5, **fields), replicas=2), *service("active", "preview"))
    image(made, "v2", 4.0)

    def roles() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for pod in made.store.objects(Pod):
            found.setdefault(tag_of(made, pod), set()).add(pod.labels.get("role", ""))
        return found

    assert roles() == {"v1": {"active"}, "v2": {"preview"}}
    names = {pod.meta.name for pod in made.store.objects(Pod)}
    do(made, commands.promote(made.rollout))
    wait(made, 1.0)
    assert roles() == {"v1": {""}, "v2": {"active"}}
    assert {pod.meta.name for pod in made.store.objects(Pod)} == names


def test_anti_affinity_does_not_change_the_hash() -> None:
    """11: it is put into the new ReplicaSet's template while another is stable."""
    plain = world(rollout(blue_green(), replicas=2), *service("active", "preview"))
    image(plain, "v2", 1.0)
    required: dict[str, Any] = {"requiredDuringSchedulingIgnoredDuringExecution": {}}
    made = world(rollout(blue_green(antiAffinity=required), replicas=2), *service("active", "preview"))
    image(made, "v2", 1.0)
    hashes = [sorted(rs.pod_hash for rs in one.store.objects(ReplicaSet)) for one in (plain, made)]
    assert hashes[0] == hashes[1]
    new = next(rs for rs in made.store.objects(ReplicaSet) if rs.template.images[0].endswith("v2"))
    assert "podAntiAffinity" in str(new.template.spec)


# --- old ReplicaSets -----------------------------------------------------------------------------------------------------------------


def test_the_limit_of_delayed_revisions_counts_the_newest() -> None:
    """9: with a limit of 1 the older one goes to 0 at each promotion."""
    made = world(rollout(blue_green(scaleDownDelayRevisionLimit=1, scaleDownDelaySeconds=60), replicas=1), *service("active", "preview"))
    for tag in ("v2", "v3"):
        image(made, tag, 3.0)
    assert sizes(made) == {"v1": 0, "v2": 1, "v3": 1}
    image(made, "v4", 3.0)
    assert sizes(made) == {"v1": 0, "v2": 0, "v3": 1, "v4": 1}


def test_a_rollback_within_the_window_switches_without_analysis() -> None:
    """10: only plain auto-promotion gets through."""
    made = world(
        rollout(blue_green(scaleDownDelaySeconds=1), replicas=2, rollbackWindow={"revisions": 2}),
        *service("active", "preview"),
    )
    image(made, "v2", 6.0)
    assert sizes(made) == {"v1": 0, "v2": 2}
    image(made, "v1", 4.0)
    assert (tags(made)["active"], stable(made), made.rollout.status.phase) == ("v1", "v1", "Healthy")
    assert any("Rollback within window" in happening.event.message for happening in made.record.events)


def test_going_back_to_stable_in_mid_update_is_healthy_and_the_other_has_its_delay() -> None:
    """10: active already equals stable; the abandoned ReplicaSet goes after scaleDownDelaySeconds."""
    made = world(rollout(blue_green(autoPromotionEnabled=False, scaleDownDelaySeconds=5), replicas=2), *service("active", "preview"))
    image(made, "v2", 4.0)
    assert made.rollout.status.message == "BlueGreenPause"
    completed = reasons(made).count("RolloutCompleted")
    image(made, "v1", 1.0)
    assert (made.rollout.status.phase, tags(made), sizes(made)) == ("Healthy", {"active": "v1", "preview": "v1"}, {"v1": 2, "v2": 2})
    assert reasons(made).count("RolloutCompleted") == completed
    wait(made, 6.0)
    assert sizes(made) == {"v1": 2, "v2": 0}


def test_a_new_image_clears_an_abort() -> None:
    """8: abort and pauses are cleared in its first pass."""
    made = world(rollout(blue_green(autoPromotionEnabled=False), replicas=2), *service("active", "preview"))
    image(made, "v2", 4.0)
    do(made, commands.abort(made.rollout))
    wait(made, 1.0)
    assert made.rollout.status.phase == "Degraded"
    image(made, "v3", 4.0)
    assert (made.rollout.status.abort, made.rollout.status.message, tags(made)) == (False, "BlueGreenPause", {"active": "v1", "preview": "v3"})


def test_an_inconclusive_run_before_the_switch_halts_even_the_preview() -> None:
    """4, halted: a third image does not move the preview Service; a promote runs the analysis again."""
    made = world(
        template(failureCondition="result < 0"),
        rollout(blue_green(prePromotionAnalysis=analysis()), replicas=2),
        *service("active", "preview"),
        metrics={"t": {"values": [[0, 0], [8, 1]]}},
    )
    image(made, "v2", 4.0)
    assert (made.rollout.status.phase, made.rollout.status.message, tags(made)["active"]) == ("Paused", "InconclusiveAnalysisRun", "v1")
    wait(made, 4.0)
    do(made, commands.promote(made.rollout))
    wait(made, 1.0)
    assert [run.meta.name.rpartition("-")[2] for run in made.store.objects(AnalysisRun)] == ["pre", "pre.1"]
    assert (tags(made)["active"], made.rollout.status.phase) == ("v2", "Healthy")


def test_the_deadline_aborts_only_when_told_to() -> None:
    """12: without progressDeadlineAbort the Rollout is Degraded and goes on when the pods come."""
    for abort in (False, True):
        made = world(
            rollout(blue_green(), replicas=2, progressDeadlineSeconds=5, progressDeadlineAbort=abort),
            *service("active", "preview"),
            versions={"v2": Version(pods=Pods(start=12.0, stop=1.0))},
        )
        image(made, "v2", 9.0)
        assert made.rollout.status.phase == "Degraded"
        assert made.rollout.status.message.startswith("RolloutAborted" if abort else "ProgressDeadlineExceeded")
        wait(made, 8.0)
        assert (made.rollout.status.phase, tags(made)["active"]) == (("Degraded", "v1") if abort else ("Healthy", "v2"))
