"""The EndpointSlice controller: the ready pods that a Service selects, a moment after they change."""

from __future__ import annotations

import simpy

from rolloutsim.manifest.objects import HASH_LABEL, Endpoint, EndpointSlice, Meta, Object, Pod, Service
from rolloutsim.world.clock import call_later
from rolloutsim.world.store import Store


class EndpointsController:
    """Keeps one EndpointSlice for each Service; changes that come close together are one write."""

    def __init__(self, env: simpy.Environment, store: Store, delay_s: float) -> None:
        self._env, self._store, self._delay_s = env, store, delay_s
        self._ready: dict[str, Pod] = {}
        self._pending: set[str] = set()
        store.watch("Pod", self._pod_changed)
        store.watch("Service", self._service_changed)

    def _service_changed(self, _: str, name: str, service: Object | None) -> None:
        if service is not None:
            if self._store.get(EndpointSlice, name) is None:
                self._store.create(EndpointSlice(Meta(name, service.meta.namespace)))
            self._soon(name)

    def _pod_changed(self, _: str, name: str, pod: Object | None) -> None:
        before = self._ready.pop(name, None)
        if isinstance(pod, Pod) and pod.ready and pod.deleted_s is None:
            self._ready[name] = pod
        changed = self._ready.get(name) or before
        if changed is not None:
            for service in self._store.objects(Service):
                if selects(service, changed):
                    self._soon(service.meta.name)

    def _soon(self, name: str) -> None:
        if name not in self._pending:
            self._pending.add(name)
            call_later(self._env, self._delay_s, lambda: self._write(name))

    def _write(self, name: str) -> None:
        self._pending.discard(name)
        service = self._store.get(Service, name)
        if service is None:
            return
        selected = [pod for pod in self._ready.values() if selects(service, pod)]
        selected.sort(key=lambda pod: (pod.ready_since_s or 0.0, pod.ordinal))
        endpoints = tuple(Endpoint(pod.meta.name, pod.pod_hash, pod.ordinal) for pod in selected)
        self._store.update(EndpointSlice, name, {"endpoints": endpoints})


def selects(service: Service, pod: Pod) -> bool:
    """Whether a Service's selector matches a pod's labels; an empty selector selects nothing."""
    if not service.selector:
        return False
    return all((pod.pod_hash if key == HASH_LABEL else pod.labels.get(key)) == value for key, value in service.selector.items())
