"""The ReplicaSet controller: creates and deletes pods, and reports how many there are, ready and available (Kubernetes, pkg/controller/replicaset)."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import simpy

from rolloutsim.control.hashes import ALPHABET
from rolloutsim.control.observed import Now
from rolloutsim.errors import ApiError
from rolloutsim.manifest.objects import Meta, Pod, ReplicaSet, ReplicaSetStatus
from rolloutsim.randomness import generator
from rolloutsim.world.clock import call_later
from rolloutsim.world.delays import Delays
from rolloutsim.world.informer import Informer
from rolloutsim.world.store import Store
from rolloutsim.world.work_queue import WorkQueue

WORKERS = 5
"""ReplicaSets that are synced side by side (kube-controller-manager --concurrent-replicaset-syncs, default 5)."""
FIRST_BATCH = 1
"""Pods are created in batches of 1, 2, 4, ... that run side by side (slowStartBatch)."""


class ReplicaSetController:
    """A few workers over all ReplicaSets; pods are counted as they change, not listed anew."""

    def __init__(self, env: simpy.Environment, store: Store, delays: Delays, fraction_s: float, seed: int, replication: int) -> None:
        self._env, self._store, self._delays, self._fraction_s = env, store, delays, fraction_s
        self._names = generator(seed, replication, "pod names")
        self._queue = WorkQueue(env)
        self._replica_sets = Informer(env, store, ReplicaSet, delays.watch_s)
        self._replica_sets.on_change(self._replica_set_changed)
        self._pods: dict[str, dict[str, Pod]] = {}
        self._ordinal = 0
        store.watch("Pod", self._pod_changed)
        for _ in range(WORKERS):
            env.process(self._run())

    def _replica_set_changed(self, name: str, before: ReplicaSet | None, after: ReplicaSet | None) -> None:
        if after is None:
            for pod in list(self._pods.get(name, {}).values()):
                self._delete(pod)
        elif before is None or before.replicas != after.replicas or before.meta.generation != after.meta.generation:
            self._queue.add(name)

    def _pod_changed(self, _: str, name: str, pod: Any) -> None:
        if pod is None:
            return
        owned = self._pods.setdefault(pod.meta.owner, {})
        if pod.deleted_s is not None:
            owned.pop(name, None)
        else:
            owned[name] = pod
        call_later(self._env, self._delays.watch_s, lambda: self._queue.add(pod.meta.owner))

    def _run(self) -> Generator[simpy.Event, Any, None]:
        while True:
            name = yield from self._queue.get()
            rs = self._replica_sets.objects.get(name)
            if rs is not None:
                yield from self._sync(rs)
            self._queue.done(name)

    def _sync(self, rs: ReplicaSet) -> Generator[simpy.Event, Any, None]:
        """Create or delete what is missing or surplus, then report the pods that were there when the sync began."""
        pods = list(self._pods.get(rs.meta.name, {}).values())
        status = self._status(rs, pods)
        missing = rs.replicas - len(pods)
        if missing < 0:
            yield self._env.timeout(self._delays.replica_set_write_s)
            for pod in _first_to_go(pods)[:-missing]:
                self._delete(pod)
        batch = FIRST_BATCH
        while missing > 0:
            yield self._env.timeout(self._delays.replica_set_write_s)
            for _ in range(min(batch, missing)):
                self._create(rs)
            missing -= batch
            batch *= 2
        yield self._env.timeout(self._delays.replica_set_write_s)
        current = self._store.get(ReplicaSet, rs.meta.name)
        if current is not None and current.status != status:
            try:
                self._store.update(ReplicaSet, rs.meta.name, {"status": status}, based_on=None)
            except ApiError:  # pragma: no cover
                return

    def _status(self, rs: ReplicaSet, pods: list[Pod]) -> ReplicaSetStatus:
        ready = [pod for pod in pods if pod.ready]
        available = len(ready)
        if rs.min_ready_seconds:
            # Counted from the Ready condition's whole second, so a pod is available up to 1 s early (recording basic-min-ready).
            now_s, due = self._env.now, math.inf
            available = 0
            for pod in ready:
                available_s = Now(pod.ready_since_s or 0.0, self._fraction_s).whole_s + rs.min_ready_seconds
                if available_s <= now_s:
                    available += 1
                else:
                    due = min(due, available_s)
            if due < math.inf:
                self._queue.add_at(rs.meta.name, due)
        return ReplicaSetStatus(len(pods), len(ready), available, rs.meta.generation)

    def _create(self, rs: ReplicaSet) -> None:
        meta = Meta(self._free_name(rs.meta.name), rs.meta.namespace, owner=rs.meta.name, labels=rs.template.labels)
        containers = len(rs.template.images)
        pod = Pod(meta, rs.pod_hash, self._ordinal, rs.template.images, rs.template.labels, containers=containers)
        self._ordinal += 1
        self._store.create(pod)

    def _free_name(self, prefix: str) -> str:
        """A random name that no pod has: with 27^5 endings, thousands of pods do meet."""
        while True:
            suffix = "".join(ALPHABET[i] for i in self._names.integers(0, len(ALPHABET), 5))
            if self._store.get(Pod, f"{prefix}-{suffix}") is None:
                return f"{prefix}-{suffix}"

    def _delete(self, pod: Pod) -> None:
        current = self._store.get(Pod, pod.meta.name)
        if current is not None and current.deleted_s is None:
            self._store.update(Pod, pod.meta.name, {"deleted_s": self._env.now, "word": "Terminating"})


def _first_to_go(pods: list[Pod]) -> list[Pod]:
    """Not ready before ready, then the most recently ready, then the youngest (pkg/controller, ActivePodsWithRanks)."""
    return sorted(pods, key=lambda pod: (pod.ready, -(pod.ready_since_s or 0.0), -pod.ordinal))
