"""The kubelet: pods start, turn ready (or not), and go, each after a delay that is drawn for that pod alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any

import simpy

from rolloutsim.manifest.objects import Object, Pod, ReplicaSet
from rolloutsim.randomness import generator
from rolloutsim.scenario import Crashes, Delay, Flaps, Pods
from rolloutsim.world.clock import call_later
from rolloutsim.world.delays import draw
from rolloutsim.world.ending import Ending, ending
from rolloutsim.world.store import Store

BACK_OFF_S, LONGEST_BACK_OFF_S = 10.0, 300.0
"""The kubelet restarts a container at once, then after 10 s, 20 s, 40 s, ... at most 5 min after its exit; a run of twice that begins anew
(pkg/kubelet/kubelet.go; client-go util/flowcontrol/backoff.go)."""

SHORTEST_FLAP_S = 0.1
"""No readiness probe is faster; a bound so that a flap takes time at all."""


class Kubelet:
    """One for all nodes; `profile` says how the pods of an image start and stop.

    Pods that start at one instant are reported `write_s` apart, as one node's kubelet does (pkg/kubelet/status/status_manager.go, syncBatch).
    """

    def __init__(
        self,
        env: simpy.Environment,
        store: Store,
        profile: Callable[[Pod], Pods],
        seed: int,
        replication: int,
        *,
        write_s: float = 0.0,
        stopping: Callable[[Pod, Ending], None] = lambda _, __: None,
    ) -> None:
        """`stopping` is told of each pod that begins to end, and how it will."""
        self._stops = stopping
        self._env, self._store, self._profile, self._seed, self._replication = env, store, profile, seed, replication
        self._write_s, self._idle_at_s = write_s, -math.inf
        self._started: set[str] = set()
        self._stopping: set[str] = set()
        store.watch("Pod", self._pod_changed)

    def _pod_changed(self, _: str, name: str, pod: Object | None) -> None:
        if not isinstance(pod, Pod):
            return
        if pod.deleted_s is not None:
            if name not in self._stopping:
                self._stopping.add(name)
                pods = self._profile(pod)
                owner = self._store.get(ReplicaSet, pod.meta.owner or "")
                ends = ending(pods, owner.template if owner is not None else None, self._draw(pod, pods.stop, "stop"))
                self._stops(pod, ends)
                call_later(self._env, ends.gone_s, lambda: self._gone(name))
        elif name not in self._started:
            self._started.add(name)
            self._start(pod)

    def _start(self, pod: Pod) -> None:
        pods, name = self._profile(pod), pod.meta.name
        start_s = self._draw(pod, pods.start, "start")
        if not pods.ready:
            call_later(self._env, 0.0, lambda: self._set_word(name, "ContainerCreating"))
        else:
            call_later(self._env, start_s, lambda: self._report(lambda: self._begin(pod, pods)))

    def _report(self, write: Callable[[], None]) -> None:
        """Write once the reports before are written."""
        self._idle_at_s = max(self._idle_at_s, float(self._env.now)) + self._write_s
        call_later(self._env, self._idle_at_s - self._env.now, write)

    def _begin(self, pod: Pod, pods: Pods) -> None:
        """The container has become ready; what else will become of it."""
        name = pod.meta.name
        if not self._set_ready(name, ready=True):
            return
        if pods.unready_after is not None:
            call_later(self._env, pods.unready_after, lambda: self._set_ready(name, ready=False))
        if pods.flaps is not None:
            self._env.process(self._flap(pod, pods.flaps))
        if pods.crashes is not None:
            self._env.process(self._crash(pod, pods.crashes, pods.start))

    def _flap(self, pod: Pod, flaps: Flaps) -> Generator[simpy.Event, Any, None]:
        number, present = 0, True
        while present:
            yield self._env.timeout(max(SHORTEST_FLAP_S, self._draw(pod, flaps.ready, "flap", number)))
            present = self._set_ready(pod.meta.name, ready=False)
            yield self._env.timeout(max(SHORTEST_FLAP_S, self._draw(pod, flaps.unready, "flap back", number)))
            present = present and self._set_ready(pod.meta.name, ready=True)
            number += 1

    def _crash(self, pod: Pod, crashes: Crashes, start: Delay | None) -> Generator[simpy.Event, Any, None]:
        """The container exits again and again, and is started again after the back-off."""
        name, in_a_row, last_s, number = pod.meta.name, 0, -math.inf, 0
        while crashes.times is None or number < crashes.times:
            yield self._env.timeout(self._draw(pod, crashes.after, "crash", number))
            number += 1
            in_a_row = 0 if self._env.now - last_s > 2 * LONGEST_BACK_OFF_S else in_a_row
            wait_s = min(BACK_OFF_S * 2.0 ** (in_a_row - 1), LONGEST_BACK_OFF_S) if in_a_row else 0.0
            in_a_row, last_s = in_a_row + 1, float(self._env.now)
            if wait_s:
                self._change(name, {"ready": False, "ready_since_s": None, "word": "CrashLoopBackOff"})
                yield self._env.timeout(wait_s)
            if not self._change(name, {"ready": False, "ready_since_s": None, "word": "Running", "restarts": number}):
                return
            yield self._env.timeout(self._draw(pod, start, "start", number))
            if not self._set_ready(name, ready=True):
                return

    def _set_ready(self, name: str, *, ready: bool) -> bool:
        return self._change(name, {"ready": ready, "word": "Running", "ready_since_s": self._env.now if ready else None})

    def _change(self, name: str, changes: dict[str, Any]) -> bool:
        """Change a pod; False if it is on its way out, or gone."""
        pod = self._store.get(Pod, name)
        if pod is None or pod.deleted_s is not None:
            return False
        self._store.update(Pod, name, changes)
        return True

    def _set_word(self, name: str, word: str) -> None:
        self._change(name, {"word": word})

    def _gone(self, name: str) -> None:
        self._store.delete(Pod, name)

    def _draw(self, pod: Pod, delay: Any, what: str, *number: int) -> float:
        if isinstance(delay, int | float):
            return float(delay)
        return draw(delay, generator(self._seed, self._replication, "pod", what, pod.ordinal, *number))
