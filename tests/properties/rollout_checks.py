"""What holds of every rollout, whatever is asked of it, and how it may end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rolloutsim.control.hashes import pod_template_hash
from rolloutsim.errors import ImpossibleState
from rolloutsim.manifest.objects import AnalysisRun, Pod, ReplicaSet, Rollout, RolloutSpec, Step
from rolloutsim.record import Change, Deed, Loop
from rolloutsim.world.store import Store
from rolloutsim.world.world import Observer, World

SETTLING_S = 20.0
"""By then the pods of a random rollout are ready that were missing."""


@dataclass
class Bounds:
    """What a rollout may use: `most` is the greatest spec.replicas it ever has; `stale_s` how old the controller's picture may be."""

    spec: RolloutSpec
    most: int
    surge: int
    unavailable: int
    gentle: bool
    stale_s: float
    grown: list[tuple[float, int]] = field(default_factory=list)

    @property
    def is_basic(self) -> bool:
        """A canary without a router."""
        canary = self.spec.strategy.canary
        return canary is not None and canary.traffic_routing is None

    @property
    def largest(self) -> int:
        """The most pods that one ReplicaSet of the Rollout may ever have."""
        canary = self.spec.strategy.canary
        if canary is None:
            return max(self.most, (self.spec.strategy.blue_green and self.spec.strategy.blue_green.preview_replica_count) or 0)
        scales = [step.set_canary_scale for step in canary.steps if step.set_canary_scale is not None]
        return max(self.most, canary.min_pods_per_replica_set or 0, *(scale.replicas or 0 for scale in scales))


def watching(bounds: Bounds, deeds: Callable[[], Sequence[Deed]]) -> tuple[Observer, ...]:
    """The checks of one run, each with a memory of its own."""
    common = (no_runaway(bounds), no_step_back(bounds, deeds), only_roles_grow(bounds))
    return (*common, keeps_its_bounds(bounds)) if bounds.gentle else common


def _require(holds: bool, change: Change, what: str) -> None:
    if not holds:
        raise ImpossibleState(f"{change.kind} {change.name} at {change.t_s:.3f} s: {what}")


def no_runaway(bounds: Bounds) -> Observer:
    """No ReplicaSet of the Rollout grows beyond what its size, its surge, or a step asks for."""

    def check(change: Change, store: Store) -> None:
        rs = change.object
        if isinstance(rs, ReplicaSet) and rs.meta.owner == "app":
            _require(rs.replicas <= bounds.largest, change, f"{rs.replicas} replicas, at most {bounds.largest} can be asked for")

    return check


def only_roles_grow(bounds: Bounds) -> Observer:
    """A canary's ReplicaSet grows only as the new or the stable one, as they stood at most `stale_s` ago."""
    sizes: dict[str, int] = {}
    roles: list[tuple[float, set[str]]] = []

    def check(change: Change, store: Store) -> None:
        if isinstance(change.object, Rollout):
            status = change.object.status
            new = pod_template_hash(change.object.spec.template, status.collision_count)  # a pass may size it before its hash is stored
            roles.append((change.t_s, {new, status.current_pod_hash, status.stable_rs}))
        rs = change.object
        if not isinstance(rs, ReplicaSet) or rs.meta.owner != "app" or bounds.spec.strategy.canary is None:
            return
        before, sizes[rs.meta.name] = sizes.get(rs.meta.name, 0), rs.replicas
        if rs.replicas > before:
            recent = [names for at_s, names in roles if at_s >= change.t_s - bounds.stale_s] + [names for _, names in roles[-1:]]
            last_before = [names for at_s, names in roles if at_s < change.t_s - bounds.stale_s][-1:]
            known = set().union(*recent, *last_before)
            _require(rs.pod_hash in known, change, f"grew from {before} to {rs.replicas} though it is neither new nor stable")

    return check


def no_step_back(bounds: Bounds, deeds: Callable[[], Sequence[Deed]]) -> Observer:
    """currentStepIndex falls only with a new template, new steps or an abort, or where a human and a pass wrote it at the same time."""
    seen: list[Rollout] = []

    def check(change: Change, store: Store) -> None:
        if not isinstance(change.object, Rollout):
            return
        after = change.object
        if seen:
            before = seen.pop()
            was, now = before.status.current_step_index or 0, after.status.current_step_index or 0
            reset = (before.status.current_pod_hash, before.status.current_step_hash) != (
                after.status.current_pod_hash,
                after.status.current_step_hash,
            )
            met = any(deed.t_s >= change.t_s - 2 * bounds.stale_s - 0.2 for deed in deeds()[-3:])
            holds = now >= was or reset or before.status.abort or after.status.abort or met
            beyond = was > len(_steps(before))  # promote --full may write one more than there are (spec/canary.md 8.6)
            _require(holds or beyond, change, f"the step index went back from {was} to {now} without a reason")
        seen.append(after)

    return check


def _steps(rollout: Rollout) -> Sequence[Step]:
    canary = rollout.spec.strategy.canary
    return canary.steps if canary is not None else ()


def keeps_its_bounds(bounds: Bounds) -> Observer:
    """Where no pod fails: a basic canary's sizes never add up to more than N + S, and never fewer pods are ready than N - U.

    Sizes, not living pods: one ReplicaSet's new pods may come a moment before another's are deleted. A pass that has not yet seen what was
    resized some milliseconds ago may add to it, as the real controller's may: what grew that recently does not count, and after two cuts so
    close to each other fewer pods may be ready for as long as new ones take. Checked from t = 0.
    """
    sizes: dict[str, int] = {}
    cut_s, excused_s = float("-inf"), float("-inf")
    n = bounds.spec.replicas or 1
    floor = n - (bounds.unavailable if bounds.spec.strategy.canary is not None else 0)
    canary = bounds.spec.strategy.canary
    is_floored = canary is None or not canary.dynamic_stable_scale

    def check(change: Change, store: Store) -> None:
        nonlocal cut_s, excused_s
        if change.kind not in ("Pod", "ReplicaSet"):
            return
        rs = change.object
        more = 0
        if isinstance(rs, ReplicaSet) and rs.meta.owner == "app":
            more = rs.replicas - sizes.get(change.name, 0)
            sizes[change.name] = rs.replicas
        if change.t_s <= 0:
            return
        if more:
            unseen = sum(by for at_s, by in bounds.grown if at_s >= change.t_s - bounds.stale_s)
            if more < 0:
                if change.t_s - cut_s <= 3 * bounds.stale_s:  # it takes the ReplicaSet controller's look and two watches to be seen
                    excused_s = change.t_s + SETTLING_S
                cut_s = change.t_s
            if more > 0:
                bounds.grown.append((change.t_s, more))
                total = sum(one.replicas for one in store.objects(ReplicaSet) if one.meta.owner == "app")
                holds = not bounds.is_basic or total <= n + bounds.surge + unseen
                _require(holds, change, f"sizes of {total}, N + S = {n + bounds.surge}")
        if is_floored and change.t_s > excused_s:
            own = {one.meta.name for one in store.objects(ReplicaSet) if one.meta.owner == "app"}
            ready = sum(pod.ready for pod in store.objects(Pod) if pod.deleted_s is None and pod.meta.owner in own)
            _require(ready >= floor, change, f"{ready} ready pods, N - U = {floor}")

    return check


# --- how it may end --------------------------------------------------------------------------------------------------------------------


def is_at_rest(world: World) -> bool:
    """Whether nothing changes any more but measurements, and the controller looks at most a few times; or it goes round a known loop."""
    if world.record.loops and world.record.loops[-1].to_s > world.now_s - 1.0:
        return True  # unknown ones were found before
    if _renews_experiments(world.rollout):
        return True
    changes, passes = _changes(world), world.controller.passes
    world.advance(world.now_s + 30.0)
    return _changes(world) == changes and world.controller.passes - passes <= 3


def _renews_experiments(rollout: Rollout) -> bool:
    """A finished Experiment is forgotten, and the next one begins, as long as its step cannot end (spec/analysis.md 10).

    It cannot while a human has paused the Rollout, or while its outcome is Inconclusive.
    """
    index, steps = rollout.status.current_step_index or 0, _steps(rollout)
    held = rollout.spec.paused or any(condition.reason == "InconclusiveExperiment" for condition in rollout.status.pause_conditions)
    return held and index < len(steps) and steps[index].experiment is not None


def _changes(world: World) -> int:
    return sum(change.kind != AnalysisRun.__name__ for change in world.record.changes)


def unknown_loop(world: World) -> str:
    """A loop of the controller that the real one has not, with the two states it goes between; "" if there is none."""
    for loop in world.record.loops:
        if not _flaps(world, loop) and not _asks_again(world, loop) and not _is_paused_and_done(world, loop):
            return f"livelock from {loop.from_s:.3f} s to {loop.to_s:.3f} s, {loop.passes} passes: {'; '.join(loop.between)}"
    return ""


_HEADER_ROUTE = ("VirtualService web written over and over", "VirtualService web to and fro")
"""Istio's header route is written in every pass of its step, and a VirtualService that was written wakes the controller (istio.go)."""


def _flaps(world: World, loop: Loop) -> bool:
    """The canary Service goes to and fro as long as an aborted canary keeps its pods (argo-rollouts issue 3078; recording nginx-abort)."""
    canary = world.rollout.spec.strategy.canary
    routed = canary is not None and canary.traffic_routing is not None
    return routed and all(words.startswith(("Service two to and fro", "LoadBalancer web", *_HEADER_ROUTE)) for words in loop.between)


def _is_paused_and_done(world: World, loop: Loop) -> bool:
    """Paused after the switch, before the analysis that follows it is over: Progressing reads RolloutPaused, then NewReplicaSetAvailable, in turn.

    The first is written as long as the Rollout is not promoted (controller.go, checkPausedConditions), the second as long as blue-green's health
    leaves stable out (utils/conditions, RolloutHealthy): read in the source, not recorded.
    """
    moments = [world.record.at(at_s).values() for at_s in (loop.from_s, loop.to_s)]
    rollouts = [one for objects in moments for one in objects if isinstance(one, Rollout)]
    spec = world.rollout.spec
    paused = any(one.status.pause_conditions or one.spec.paused for one in rollouts)
    switched = any(one.status.active_selector == one.status.current_pod_hash != one.status.stable_rs for one in rollouts)
    only_progressing = all(words.startswith("Rollout app to and fro between status.conditions") for words in loop.between)
    return spec.strategy.blue_green is not None and paused and switched and only_progressing


def _asks_again(world: World, loop: Loop) -> bool:
    """The controller looks at one state over and over, in two cases.

    scaleDownDelaySeconds 0 asks to be woken at once, without end (argo-rollouts issue 1992). And old pods that wait for their deadline hold the
    progress deadline up, but not the timer of requeueStuckRollout, which from a second before it on asks again through the rate limiter.
    """
    if loop.between != ("over one state, without a write",):
        return False
    strategy = world.setup.rollout.spec.strategy.blue_green or world.setup.rollout.spec.strategy.canary
    waiting = [o for o in world.record.at(loop.from_s).values() if isinstance(o, ReplicaSet) and o.scale_down_deadline_s is not None]
    return (strategy is not None and strategy.scale_down_delay_seconds == 0) or bool(waiting)
