"""The operator: plays the timeline against the cluster, by time, by what is seen of the Rollout, and after a delay."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import simpy

from rolloutsim.control import commands
from rolloutsim.control.commands import Answer
from rolloutsim.control.phase import client_phase
from rolloutsim.errors import Refused
from rolloutsim.manifest.objects import Object, Rollout
from rolloutsim.record import Deed
from rolloutsim.scenario import Action, When
from rolloutsim.world.clock import call_at, call_later
from rolloutsim.world.rollout_controller import patch_status
from rolloutsim.world.store import Store


class Operator:
    """Entries with `at` fire at their instant; the others wait for the entry before them, then for their condition, then for their delay."""

    def __init__(
        self, env: simpy.Environment, store: Store, name: str, timeline: Sequence[Action], write_s: float, tell: Callable[[Deed], None]
    ) -> None:
        self._env, self._store, self._name, self._timeline, self._write_s, self._tell = env, store, name, tuple(timeline), write_s, tell
        self._done = [False] * len(self._timeline)
        self._watching: dict[int, When] = {}
        store.watch("Rollout", self._rollout_changed)
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

    def _rollout_changed(self, _: str, name: str, rollout: Object | None) -> None:
        if name == self._name and isinstance(rollout, Rollout):
            self._look(rollout)

    def _look(self, rollout: Rollout) -> None:
        for i, when in list(self._watching.items()):
            if _holds(when, rollout):
                del self._watching[i]
                self._fire_after_delay(i)

    def _fire_after_delay(self, i: int) -> None:
        call_later(self._env, self._timeline[i].after or 0.0, lambda: self._fire(i))

    def _fire(self, i: int) -> None:
        """Carry out an entry; the next one is armed once its last patch is written."""
        rollout = self._store.get(Rollout, self._name)
        command = describe(self._timeline[i], self._name)
        try:
            if rollout is None:
                raise Refused(f'rollouts.argoproj.io "{self._name}" not found')
            answer = answer_to(self._timeline[i], rollout)
        except Refused as refused:
            self._tell(Deed(self._env.now, command, f"Error: {refused}", refused=True))
            self._finish(i)
            return
        self._tell(Deed(self._env.now, command, answer.printed))
        for n, patch in enumerate(answer.patches, start=1):
            call_later(self._env, n * self._write_s, lambda patch=patch: self._write(patch))  # type: ignore[misc]
        call_later(self._env, len(answer.patches) * self._write_s, lambda: self._finish(i))

    def _write(self, patch: commands.Patch) -> None:
        current = self._store.get(Rollout, self._name)
        if current is None:
            return
        if patch.status is not None:
            patch_status(self._store, self._name, dict(patch.status))
        if patch.spec is not None:
            self._store.update(Rollout, self._name, {"spec": patch.spec})

    def _finish(self, i: int) -> None:
        self._done[i] = True
        self._arm(i + 1)


def _holds(when: When, rollout: Rollout) -> bool:
    if when.phase is not None and client_phase(rollout)[0] != when.phase:
        return False
    return when.step is None or rollout.status.current_step_index == when.step


def answer_to(action: Action, rollout: Rollout) -> Answer:
    """The patches of a timeline entry against a Rollout."""
    if action.set_image is not None:
        return commands.set_image(rollout, action.set_image)
    if action.promote is not None:
        return commands.promote(rollout, full=action.promote.full)
    return commands.abort(rollout)


def describe(action: Action, name: str) -> str:
    """A timeline entry as one would type it."""
    if action.set_image is not None:
        return " ".join([f"set image {name}", *(f"{container}={image}" for container, image in action.set_image.items())])
    if action.promote is not None:
        return f"promote {name}" + (" --full" if action.promote.full else "")
    return f"abort {name}"
