"""The garbage collector: what an Experiment owned goes when it is deleted (Kubernetes, pkg/controller/garbagecollector, background deletion)."""

from __future__ import annotations

import simpy

from rolloutsim.manifest.objects import AnalysisRun, Experiment, Object, Pod, ReplicaSet, Service
from rolloutsim.world.clock import call_later
from rolloutsim.world.store import Store

OWNED = (AnalysisRun, ReplicaSet, Service)


class GarbageCollector:
    """Deletes the dependents of each deleted Experiment, and the pods of its ReplicaSets, `write_s` later."""

    def __init__(self, env: simpy.Environment, store: Store, write_s: float) -> None:
        self._env, self._store, self._write_s = env, store, write_s
        store.watch(Experiment.__name__, self._changed)

    def _changed(self, _: str, name: str, experiment: Object | None) -> None:
        if experiment is None:
            call_later(self._env, self._write_s, lambda: self._collect(name))

    def _collect(self, owner: str) -> None:
        for kind in OWNED:
            for one in [one for one in self._store.objects(kind) if one.meta.owner == owner]:
                self._store.delete(kind, one.meta.name)
                if kind is ReplicaSet:
                    self._stop_pods(one.meta.name)

    def _stop_pods(self, owner: str) -> None:
        for pod in [pod for pod in self._store.objects(Pod) if pod.meta.owner == owner and pod.deleted_s is None]:
            self._store.update(Pod, pod.meta.name, {"deleted_s": self._env.now, "word": "Terminating"})
