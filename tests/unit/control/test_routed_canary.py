"""A canary with a router by the rules of spec/canary.md 7 and traffic-routing.md 3, above all those that no recording plays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rolloutsim.control import commands, scaling
from rolloutsim.control import operations as op
from rolloutsim.control.context import Context
from rolloutsim.control.observed import Now
from rolloutsim.control.operations import Pass
from rolloutsim.control.rollout import reconcile
from rolloutsim.manifest.objects import Pod, ReplicaSet, Rollout, Service, TrafficWeights
from rolloutsim.scenario import Pods, Version
from rolloutsim.world.world import World
from tests.unit.control.worlds import INGRESS, do, edit, image, observed, rollout, service, sizes, world

PAUSE = {"pause": {}}


def routed(*steps: Any, replicas: int = 4, versions: Any = None, spec: Any = None, **canary: Any) -> World:
    """A healthy v1 behind ingress-nginx."""
    strategy = {
        "canaryService": "canary",
        "stableService": "stable",
        "steps": list(steps),
        "trafficRouting": {"nginx": {"stableIngress": "web"}},
        **canary,
    }
    return world(rollout({"canary": strategy}, replicas=replicas, **(spec or {})), *service("canary", "stable"), INGRESS, versions=versions)


def weight(made: World) -> int:
    weights = made.rollout.status.weights
    assert weights is not None
    return weights.canary.weight


def weights(made: World, since_s: float) -> list[int]:
    """The recorded weights one after the other."""
    found: list[int] = []
    for t_s, one in made.record.rollouts():
        if t_s >= since_s and one.status.weights is not None and one.status.weights.canary.weight not in found[-1:]:
            found.append(one.status.weights.canary.weight)
    return found


def act(made: World, answer: commands.Answer, wait_s: float = 1.0) -> None:
    do(made, answer)
    made.advance(made.now_s + wait_s)


# --- counts ----------------------------------------------------------------------------------------------------------------------------


def test_a_floor_for_each_replica_set() -> None:
    """`floor(x) = x if x = 0 or no minPodsPerReplicaSet, else max(x, minPods)`: N=10 w=5, minPods 2 -> (2,10)."""
    made = routed({"setWeight": 5}, PAUSE, replicas=10, minPodsPerReplicaSet=2, abortScaleDownDelaySeconds=3)
    image(made, "v2", 4.0)
    assert sizes(made) == {"v1": 10, "v2": 2}
    act(made, commands.abort(made.rollout), 6.0)
    assert sizes(made) == {"v1": 10, "v2": 0}


def test_stable_shrinks_one_pass_after_the_weight() -> None:
    """`when growing: canary up, weight moves + step completes, then stable shrinks one pass later`; 75/25 at N=4 -> (3,1)."""
    made = routed({"setWeight": 75}, PAUSE, dynamicStableScale=True)
    image(made, "v2", 4.0)
    assert (sizes(made), weight(made)) == ({"v1": 1, "v2": 3}, 75)
    moved_s = next(t_s for t_s, r in made.record.rollouts() if t_s > 1 and r.status.weights and r.status.weights.canary.weight == 75)
    shrunk_s = next(c.t_s for c in made.record.history("ReplicaSet") if c.t_s > 1 and c.object and c.object.replicas == 1)
    assert moved_s < shrunk_s


def test_a_full_promotion_under_dynamic_stable_scale_follows_the_pods() -> None:
    """`promoteFull: dynamicStableScale: floor(M*avail(newRS)/N); else w_old`."""
    made = routed({"setWeight": 25}, PAUSE, dynamicStableScale=True)
    image(made, "v2", 4.0)
    at_s = made.now_s
    act(made, commands.promote(made.rollout, full=True), 6.0)
    found = weights(made, at_s)
    assert (found[0], found[-2:]) == (25, [100, 0])
    assert found[:-1] == sorted(found[:-1]) and set(found) <= {0, 25, 50, 75, 100}
    assert sizes(made) == {"v1": 0, "v2": 4}
    plain = routed({"setWeight": 25}, PAUSE)
    image(plain, "v2", 4.0)
    at_s = plain.now_s
    act(plain, commands.promote(plain.rollout, full=True), 6.0)
    assert weights(plain, at_s) == [25, 0]


def test_a_full_promotion_of_none() -> None:
    made = routed({"setWeight": 25}, PAUSE, dynamicStableScale=True, replicas=0)
    image(made, "v2", 1.0)
    act(made, commands.promote(made.rollout, full=True), 3.0)
    assert made.rollout.status.phase == "Healthy"


@pytest.mark.parametrize(("scale", "size"), [({"replicas": 3}, 3), ({"weight": 200}, 8), ({}, 1)])
def test_an_explicit_count_overrides_the_weight_not_the_traffic(scale: dict[str, int], size: int) -> None:
    """`weight 200, N=4 -> (8,4)`: no upper bound; it sticks until matchTrafficWeight or the end of steps; neither field: fall through."""
    made = routed(
        {"setCanaryScale": scale} if scale else PAUSE,
        {"setWeight": 25},
        {"pause": {"duration": 5}},
        {"setCanaryScale": {"matchTrafficWeight": True}},
        PAUSE,
    )
    image(made, "v2", 4.0)
    if not scale:
        act(made, commands.promote(made.rollout), 3.0)
    assert (sizes(made)["v2"], weight(made)) == (size, 25)
    made.advance(made.now_s + 8.0)
    assert sizes(made)["v2"] == 1


def test_without_steps_the_weight_stays_zero_until_the_promotion() -> None:
    """`No steps -> 0 until promotion`."""
    made = routed()
    image(made, "v2", 5.0)
    assert (made.rollout.status.phase, weights(made, 0.0)) == ("Healthy", [0])


def test_a_canary_without_pods_gets_no_traffic_before_its_hash_is_told() -> None:
    """`If newRS has no available pod and w_old > 0: SetWeight(w) before UpdateHash`: 50 -> 0 -> 50 while paused."""
    made = routed({"setWeight": 50}, PAUSE)
    image(made, "v2", 4.0)
    at_s = made.now_s
    for pod in [p for p in made.store.objects(Pod) if p.images == ("app:v2",)]:
        made.store.update(Pod, pod.meta.name, {"deleted_s": made.now_s, "word": "Terminating"})
    made.advance(made.now_s + 4.0)
    assert weights(made, at_s) == [0, 50]
    assert made.rollout.status.current_step_index == 1


def test_the_router_is_left_alone_without_enough_stable_pods() -> None:
    """`if stable.avail < floor((M - desired)*N/M) the router is not touched`, unless the threshold is met; the step still completes."""

    def broken(**canary: Any) -> World:
        made = routed({"setWeight": 25}, PAUSE, **canary)
        for pod in made.store.objects(Pod)[:2]:
            made.store.update(Pod, pod.meta.name, {"ready": False, "ready_since_s": None})
        image(made, "v2", 4.0)
        assert made.rollout.status.current_step_index == 1
        return made

    assert weight(broken()) == 0
    assert weight(broken(replicaProgressThreshold={"type": "Pods", "value": 1})) == 25


# --- abort -----------------------------------------------------------------------------------------------------------------------------


def test_an_abort_keeps_the_pods_for_its_delay() -> None:
    """`no deadline yet: if stable.avail = N write deadline now + D; pending: keep, wake then; passed: scale to 0, the annotation stays`."""
    made = routed({"setWeight": 50}, PAUSE, abortScaleDownDelaySeconds=5)
    image(made, "v2", 4.0)
    broken = made.store.objects(Pod)[0]
    made.store.update(Pod, broken.meta.name, {"ready": False, "ready_since_s": None})
    made.advance(made.now_s + 0.5)
    act(made, commands.abort(made.rollout), 3.0)
    (new,) = (rs for rs in made.store.objects(ReplicaSet) if rs.template.images == ("app:v2",))
    assert (new.replicas, new.scale_down_deadline_s) == (2, None)  # stable is not whole
    made.store.update(Pod, broken.meta.name, {"ready": True, "ready_since_s": made.now_s})
    made.advance(made.now_s + 2.0)
    (new,) = (rs for rs in made.store.objects(ReplicaSet) if rs.template.images == ("app:v2",))
    assert new.scale_down_deadline_s is not None
    made.advance(made.now_s + 6.0)
    (new,) = (rs for rs in made.store.objects(ReplicaSet) if rs.template.images == ("app:v2",))
    assert (new.replicas, new.scale_down_deadline_s is not None) == (0, True)


def test_a_delay_of_the_resync_period_is_no_delay() -> None:
    """`If the remaining time >= resync period (900 s) the wait is skipped and new is sized ... to 0 at once without dynamicStableScale.`"""
    made = routed({"setWeight": 50}, PAUSE, abortScaleDownDelaySeconds=2000)
    image(made, "v2", 4.0)
    act(made, commands.abort(made.rollout), 3.0)
    assert sizes(made) == {"v1": 4, "v2": 0}


def test_an_abort_delay_of_zero_keeps_an_explicit_count() -> None:
    """`D = 0: new goes to 0 at once, unless step 0 is a setCanaryScale, whose count is then kept forever`."""
    made = routed({"setWeight": 50}, PAUSE, abortScaleDownDelaySeconds=0)
    image(made, "v2", 4.0)
    act(made, commands.abort(made.rollout), 1.0)
    assert sizes(made) == {"v1": 4, "v2": 0}
    kept = routed({"setCanaryScale": {"replicas": 3}}, {"setWeight": 50}, PAUSE, abortScaleDownDelaySeconds=0)
    image(kept, "v2", 4.0)
    act(kept, commands.abort(kept.rollout), 10.0)
    assert sizes(kept) == {"v1": 4, "v2": 3}


def test_an_abort_under_dynamic_stable_scale_walks_back_through_the_steps() -> None:
    """`reverse stepping`: N=8 at 75 %: 75, 25 at stable 6, 13 at stable 7, 0 at stable 8 [recorded nginx-dynamic-stable-abort]."""
    made = routed({"setWeight": 25}, {"setWeight": 75}, PAUSE, dynamicStableScale=True, replicas=8)
    image(made, "v2", 6.0)
    assert sizes(made) == {"v1": 2, "v2": 6}
    at_s = made.now_s
    act(made, commands.abort(made.rollout), 10.0)
    assert (sizes(made), weights(made, at_s)[0], weights(made, at_s)[-1]) == ({"v1": 8, "v2": 0}, 75, 0)
    assert weights(made, at_s) == sorted(weights(made, at_s), reverse=True)


def test_an_explicit_delay_under_dynamic_stable_scale_deadlocks() -> None:
    """`the canary cannot shrink, so ... stable never reaches N -> deadlock` (argo-rollouts issue 4898)."""
    made = routed({"setWeight": 25}, {"setWeight": 75}, PAUSE, dynamicStableScale=True, replicas=8, abortScaleDownDelaySeconds=5)
    image(made, "v2", 6.0)
    act(made, commands.abort(made.rollout), 300.0)
    assert sizes(made)["v2"] == 6
    assert sizes(made)["v1"] < 8


def test_back_to_a_shrunken_stable_keeps_the_weight_until_it_is_whole() -> None:
    """`dynamic rollback to stable: fully promoted, ... the canary hash passed on is the stored one`: w_old until stable has N, then 0."""
    made = routed({"setWeight": 75}, PAUSE, dynamicStableScale=True, replicas=4)
    image(made, "v2", 4.0)
    old = made.rollout.status.current_pod_hash
    at_s = made.now_s
    image(made, "v1", 0.5)
    assert weight(made) == 75
    stored = made.rollout.status.weights
    canary = made.store.get(Service, "canary")
    assert stored is not None and canary is not None
    assert (stored.canary.pod_template_hash, canary.pod_hash) == (old, old)
    made.advance(made.now_s + 5.0)
    assert (weights(made, at_s), sizes(made)["v1"]) == ([75, 0], 4)


# --- old ReplicaSets -------------------------------------------------------------------------------------------------------------------


def test_old_pods_stay_for_their_delay_up_to_the_limit() -> None:
    """`if fewer than scaleDownDelayRevisionLimit RSs are delayed, write deadline and keep its size; else 0`; beyond it also those with one."""
    made = routed(scaleDownDelayRevisionLimit=1)
    for tag in ("v2", "v3"):
        image(made, tag, 5.0)
    assert sizes(made) == {"v1": 0, "v2": 4, "v3": 4}
    none = routed(scaleDownDelayRevisionLimit=0)
    image(none, "v2", 5.0)
    assert sizes(none) == {"v1": 0, "v2": 4}


def test_a_deadline_beyond_the_resync_is_left_to_it() -> None:
    """`Self-scheduled wake-ups: scale-down deadlines ... within 900 s`: no timer for a later one."""
    made = routed(scaleDownDelaySeconds=1000)
    image(made, "v2", 5.0)
    old = next(rs for rs in made.store.objects(ReplicaSet) if rs.template.images == ("app:v1",))
    assert old.scale_down_deadline_s is not None
    for at_s, wakes_up in ((made.now_s, None), (made.now_s + 200.0, old.scale_down_deadline_s)):
        ctx = Context(observed(made), Now(at_s))
        assert scaling.delayed_size(ctx, old, 0, old.replicas) == (1, 4)
        assert ctx.wake_up_at_s == wakes_up


def test_superseded_pods_go_without_delay_once_nothing_points_at_them() -> None:
    """`Otherwise (mid-update, an intermediate revision): 0 immediately`, held until the canary Service has moved."""
    made = routed({"setWeight": 50}, PAUSE, versions={"v3": Version(pods=Pods(start=3.0))})
    image(made, "v2", 4.0)
    image(made, "v3", 2.0)
    assert sizes(made) == {"v1": 4, "v2": 2, "v3": 2}
    made.advance(made.now_s + 3.0)
    assert sizes(made) == {"v1": 4, "v2": 0, "v3": 2}


def looked(made: World, at_s: float | None = None, **status: Any) -> Pass:
    """One more pass over the world as it stands, perhaps later, or with another status."""
    seen = observed(made)
    return reconcile(
        replace(seen, rollout=replace(seen.rollout, status=replace(seen.rollout.status, **status))), Now(made.now_s if at_s is None else at_s)
    )


def test_a_stable_that_is_gone_leaves_the_router_alone() -> None:
    """`or there is no stable, the router is not touched in this pass and the rest of the pass continues`; and the pass promotes."""
    made = routed({"setWeight": 50}, PAUSE)
    image(made, "v2", 4.0)
    decided = looked(made, stable_rs="gone")
    assert not any(isinstance(o, op.UpdateRoute) for o in decided.operations)
    assert any(isinstance(o, op.Emit) and "Initial deploy" in o.message for o in decided.operations)


def test_without_stored_weights_an_abort_takes_what_stable_cannot_carry() -> None:
    """`No stored weights -> max(expected, d).`"""
    made = routed({"setWeight": 25}, {"setWeight": 75}, PAUSE, dynamicStableScale=True, replicas=8)
    image(made, "v2", 6.0)
    decided = looked(made, weights=None, abort=True)
    changes = {key: value for o in decided.operations if isinstance(o, op.PatchRolloutStatus) for key, value in o.changes.items()}
    assert isinstance(changes["weights"], TrafficWeights)
    assert changes["weights"].canary.weight == 75


# --- holes and traps (spec/canary.md 17) -----------------------------------------------------------------------------------------------


def test_growing_while_aborted_scales_the_aborted_canary_up_again() -> None:
    """Trap 18: `dynamicStableScale + growing N while aborted scales the aborted canary up again` (argo-rollouts issue 4973)."""
    made = routed({"setWeight": 25}, {"setWeight": 50}, PAUSE, dynamicStableScale=True)
    image(made, "v2", 6.0)
    act(made, commands.abort(made.rollout), 10.0)
    assert sizes(made) == {"v1": 4, "v2": 0}
    peak = 0
    edit(made, {"replicas": 8}, 0.0)
    until_s = made.now_s + 5.0
    while made.now_s < until_s:
        made.advance(made.now_s + 0.05)
        peak = max(peak, sizes(made)["v2"])
    assert peak > 0


def test_a_scale_down_delay_of_zero_never_ends() -> None:
    """Trap 17: `scaleDownDelaySeconds 0 = never and a hot loop` (argo-rollouts issue 1992)."""
    made = routed(scaleDownDelaySeconds=0)
    image(made, "v2", 5.0)
    passes = made.controller.passes
    made.advance(made.now_s + 5.0)
    assert sizes(made) == {"v1": 4, "v2": 4}
    assert made.controller.passes - passes > 100


def test_scaling_during_the_abort_delay_stops_all_but_scaling() -> None:
    """`During a delayed abort new's annotation is not refreshed, so all passes stay replicas-only until new reaches 0, whose deadline still holds`."""
    made = routed({"setWeight": 50}, PAUSE, abortScaleDownDelaySeconds=10)
    image(made, "v2", 4.0)
    act(made, commands.abort(made.rollout), 3.0)
    edit(made, {"replicas": 6}, 3.0)
    assert sizes(made) == {"v1": 6, "v2": 2}
    switches = list(made.record.history("Service", "canary"))
    made.advance(made.now_s + 2.0)
    assert list(made.record.history("Service", "canary")) == switches  # the flapping has stopped
    made.advance(made.now_s + 10.0)
    assert sizes(made) == {"v1": 6, "v2": 0}


def test_rollout_stays_the_same_object_when_nothing_is_to_be_done() -> None:
    """A pass that changes nothing writes nothing, and sets the timer of the progress deadline only where it runs."""
    made = routed({"setWeight": 50}, PAUSE)
    image(made, "v2", 4.0)
    before = made.store.get(Rollout, "app")
    decided = looked(made)
    assert decided.operations == ()
    assert decided.wake_up_at_s is None  # at a pause step no deadline runs
    assert made.store.get(Rollout, "app") is before
