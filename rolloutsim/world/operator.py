"""The operator: plays the timeline against the cluster, by time, by what is seen of the Rollout, and after a delay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

import simpy

from rolloutsim.control import commands
from rolloutsim.control.commands import Answer, Patch
from rolloutsim.control.observed import Now
from rolloutsim.control.phase import client_phase
from rolloutsim.errors import InputError, Refused
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.instants import with_restart_instant
from rolloutsim.manifest.merge_patch import patched_spec
from rolloutsim.manifest.objects import Deployment, Object, Pod, ReplicaSet, Rollout, RolloutSpec
from rolloutsim.quantities import format_duration
from rolloutsim.record import Deed
from rolloutsim.scenario import Action, Promote, Restart, Scale, SomePods, Undo, When
from rolloutsim.world.clock import call_at, call_later
from rolloutsim.world.rollout_controller import patch_status
from rolloutsim.world.store import Store


class Operator:
    """Entries with `at` fire at their instant; the others wait for the entry before them, then for their condition, then for their delay."""

    def __init__(
        self,
        env: simpy.Environment,
        store: Store,
        name: str,
        timeline: Sequence[Action],
        tell: Callable[[Deed], None],
        *,
        write_s: float,
        start_at: str,
        fraction_s: float,
    ) -> None:
        self._env, self._store, self._name, self._timeline, self._tell = env, store, name, tuple(timeline), tell
        self._write_s, self._start_at, self._fraction_s = write_s, start_at, fraction_s
        self._done = [False] * len(self._timeline)
        self._watching: dict[int, When] = {}
        store.watch("Rollout", self._changed)
        store.watch("Pod", self._changed)
        for i, action in enumerate(self._timeline):
            if action.at is not None:
                call_at(env, action.at, lambda i=i: self._fire(i))  # type: ignore[misc]
        self._arm(0)

    @property
    def is_done(self) -> bool:
        """Whether every entry has fired."""
        return all(self._done)

    def _arm(self, i: int) -> None:
        """Let an entry wait for its condition or delay, if it is not one of those with an instant."""
        if i >= len(self._timeline) or self._timeline[i].at is not None:
            return
        when = self._timeline[i].when
        if when is None:
            self._fire_after_delay(i)
        else:
            self._watching[i] = when
            rollout = self._store.get(Rollout, self._name)
            if rollout is not None:
                self._look(rollout)

    def _changed(self, _: str, __: str, ___: Object | None) -> None:
        if self._watching:
            rollout = self._store.get(Rollout, self._name)
            if rollout is not None:
                self._look(rollout)

    def _look(self, rollout: Rollout) -> None:
        for i, when in list(self._watching.items()):
            if _holds(when, rollout, self._store):
                del self._watching[i]
                self._fire_after_delay(i)

    def _fire_after_delay(self, i: int) -> None:
        call_later(self._env, self._timeline[i].after or 0.0, lambda: self._fire(i))

    def _fire(self, i: int) -> None:
        """Carry out an entry; the next one is armed once its last patch is written."""
        action, command = self._timeline[i], describe(self._timeline[i], self._name)
        rollout = self._store.get(Rollout, self._name)
        try:
            if rollout is None:
                raise Refused(f'rollouts.argoproj.io "{self._name}" not found')
            answer = self._answer(action, rollout)
        except (Refused, InputError) as refused:
            self._tell(Deed(self._env.now, command, f"Error: {refused}", refused=True))
            self._finish(i)
            return
        self._tell(Deed(self._env.now, command, answer.printed))
        for n, patch in enumerate(answer.patches, start=1):
            call_later(self._env, n * self._write_s, lambda patch=patch: self._write(patch, rollout.spec))  # type: ignore[misc]
        call_later(self._env, len(answer.patches) * self._write_s, lambda: self._finish(i))

    def _answer(self, action: Action, rollout: Rollout) -> Answer:
        """The patches of an entry against the Rollout as it stands; pods are dealt with at once."""
        match action:
            case Action(set_image=dict(images)):
                return commands.set_image(rollout, images, self._workload(rollout))
            case Action(promote=Promote() as promote):
                return commands.promote(
                    rollout, full=promote.full, skip_current_step=promote.skip_current_step, skip_all_steps=promote.skip_all_steps
                )
            case Action(undo=Undo() as undo):
                return commands.undo(rollout, self._store.objects(ReplicaSet), undo.to_revision)
            case Action(restart=Restart() as restart):
                at_s = Now(self._env.now + restart.in_, self._fraction_s).whole_s
                return commands.restart(rollout, at_s, format_duration(restart.in_))
            case Action(scale=Scale() as scale):
                return Answer((Patch(spec=replace(rollout.spec, replicas=scale.replicas)),), f"rollout.argoproj.io/{self._name} scaled")
            case Action(edit=dict(patch)):
                spec = with_restart_instant(patched_spec(rollout, patch), self._start_at, self._fraction_s)
                return Answer((Patch(spec=spec),), f"rollout.argoproj.io/{self._name} edited")
            case Action(delete_pods=SomePods() as pods) | Action(fail_pods=SomePods() as pods):
                return self._deal_with_pods(rollout, pods, delete=action.delete_pods is not None)
        simple = {"abort": commands.abort, "retry": commands.retry, "pause": commands.pause}
        return simple[action.deeds[0]](rollout)

    def _deal_with_pods(self, rollout: Rollout, pods: SomePods, *, delete: bool) -> Answer:
        chosen = _pods_of(self._store, rollout, pods.of)[: pods.count]
        for pod in chosen:
            changes = {"deleted_s": self._env.now, "word": "Terminating"} if delete else {"ready": False, "ready_since_s": None}
            self._store.update(Pod, pod.meta.name, changes)
        return Answer((), f"{len(chosen)} pods {'deleted' if delete else 'failed'}")

    def _write(self, patch: Patch, read: RolloutSpec) -> None:
        """Patch what the command changes of the spec that it had read; what others wrote meanwhile stays."""
        current = self._store.get(Rollout, self._name)
        if current is None:
            return
        if patch.status is not None:
            patch_status(self._store, self._name, dict(patch.status))
        workload = self._workload(current)
        if patch.workload_template is not None and workload is not None:
            self._store.update(Deployment, workload.meta.name, {"template": patch.workload_template})
        if patch.spec is not None:
            changed = {f.name: value for f in fields(read) if (value := getattr(patch.spec, f.name)) != getattr(read, f.name)}
            self._store.update(Rollout, self._name, {"spec": replace(current.spec, **changed)})

    def _workload(self, rollout: Rollout) -> Deployment | None:
        """The Deployment that a Rollout refers to."""
        reference = rollout.spec.workload_ref
        return self._store.get(Deployment, str(reference.get("name"))) if reference is not None else None

    def _finish(self, i: int) -> None:
        self._done[i] = True
        self._arm(i + 1)


def _pods_of(store: Store, rollout: Rollout, role: str) -> list[Pod]:
    """The living pods of a role, by name."""
    status = rollout.status
    wanted = {"canary": status.current_pod_hash, "stable": status.stable_rs, "active": status.active_selector, "preview": status.preview_selector}
    own = {rs.pod_hash for rs in store.objects(ReplicaSet) if rs.meta.owner == rollout.meta.name}
    pods = [pod for pod in store.objects(Pod) if pod.deleted_s is None and pod.pod_hash in own and pod.pod_hash == wanted[role]]
    return sorted(pods, key=lambda pod: pod.meta.name)


def _holds(when: When, rollout: Rollout, store: Store) -> bool:
    if when.phase is not None and client_phase(rollout)[0] != when.phase:
        return False
    if when.step is not None and rollout.status.current_step_index != when.step:
        return False
    return when.pods is None or sum(pod.ready for pod in _pods_of(store, rollout, when.pods.of)) == when.pods.ready


def describe(action: Action, name: str) -> str:
    """A timeline entry as one would type it."""
    if action.set_image is not None:
        return " ".join([f"set image {name}", *(f"{container}={image}" for container, image in action.set_image.items())])
    if action.promote is not None:
        flags = {"--full": action.promote.full, "-c": action.promote.skip_current_step, "-a": action.promote.skip_all_steps}
        return " ".join([f"promote {name}", *(flag for flag, on in flags.items() if on)])
    if action.undo is not None:
        return f"undo {name}" + (f" --to-revision={action.undo.to_revision}" if action.undo.to_revision else "")
    if action.scale is not None:
        return f"scale {name} --replicas={action.scale.replicas}"
    for verb, pods in (("delete", action.delete_pods), ("fail", action.fail_pods)):
        if pods is not None:
            return f"{verb} {pods.count or 'all'} pods of {pods.of}"
    deeds = action.deeds
    return f"{deeds[0]} {name}" if deeds else name
