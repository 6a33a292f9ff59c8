"""The kubelet: pods start, turn ready (or not), and go, each after a delay that is drawn for that pod alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy

from rolloutsim.manifest.objects import Object, Pod
from rolloutsim.randomness import generator
from rolloutsim.scenario import Pods
from rolloutsim.world.clock import call_later
from rolloutsim.world.delays import draw
from rolloutsim.world.store import Store


class Kubelet:
    """One for all nodes; `profile` says how the pods of an image start and stop."""

    def __init__(self, env: simpy.Environment, store: Store, profile: Callable[[Pod], Pods], seed: int, replication: int) -> None:
        self._env, self._store, self._profile, self._seed, self._replication = env, store, profile, seed, replication
        self._started: set[str] = set()
        self._stopping: set[str] = set()
        store.watch("Pod", self._pod_changed)

    def _pod_changed(self, _: str, name: str, pod: Object | None) -> None:
        if not isinstance(pod, Pod):
            return
        if pod.deleted_s is not None:
            if name not in self._stopping:
                self._stopping.add(name)
                call_later(self._env, self._draw(pod, self._profile(pod).stop, "stop"), lambda: self._gone(name))
        elif name not in self._started:
            self._started.add(name)
            self._start(pod)

    def _start(self, pod: Pod) -> None:
        pods, name = self._profile(pod), pod.meta.name
        start_s = self._draw(pod, pods.start, "start")
        if not pods.ready:
            call_later(self._env, 0.0, lambda: self._set_word(name, "ContainerCreating"))
        else:
            call_later(self._env, start_s, lambda: self._set_ready(name, ready=True))
            if pods.unready_after is not None:
                call_later(self._env, start_s + pods.unready_after, lambda: self._set_ready(name, ready=False))

    def _set_ready(self, name: str, *, ready: bool) -> None:
        pod = self._store.get(Pod, name)
        if pod is None or pod.deleted_s is not None:
            return
        changes: dict[str, Any] = {"ready": ready, "word": "Running", "ready_since_s": self._env.now if ready else None}
        self._store.update(Pod, name, changes)

    def _set_word(self, name: str, word: str) -> None:
        pod = self._store.get(Pod, name)
        if pod is not None and pod.deleted_s is None:
            self._store.update(Pod, name, {"word": word})

    def _gone(self, name: str) -> None:
        self._store.delete(Pod, name)

    def _draw(self, pod: Pod, delay: Any, what: str) -> float:
        if isinstance(delay, int | float):
            return float(delay)
        return draw(delay, generator(self._seed, self._replication, "pod", what, pod.ordinal))
