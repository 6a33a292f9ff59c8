"""The EndpointSlice controller: the ready pods that a Service selects, a moment after they change."""

from __future__ import annotations

import simpy

from rolloutsim.manifest.objects import HASH_LABEL, Endpoint, EndpointSlice, Meta, Object, Pod, Service
from rolloutsim.world.clock import call_later
from rolloutsim.world.store import Store


class EndpointsController:
    """Keeps one EndpointSlice for each Service, as pods come and go.

    A Service is synced by one worker at a time (pkg/controller/endpointslice, syncService): pods that become ready during a sync are in the next.
    """

    def __init__(self, env: simpy.Environment, store: Store, delay_s: float) -> None:
        self._env, self._store, self._delay_s = env, store, delay_s
        self._ready: dict[str, Pod] = {}
        self._selected: dict[str, dict[str, Endpoint]] = {}
        self._syncing: set[str] = set()
        store.watch("Pod", self._pod_changed)
        store.watch("Service", self._service_changed)

    def _service_changed(self, _: str, name: str, service: Object | None) -> None:
        if isinstance(service, Service):
            if self._store.get(EndpointSlice, name) is None:
                self._store.create(EndpointSlice(Meta(name, service.meta.namespace)))
            self._selected[name] = {pod.meta.name: _endpoint(pod) for pod in self._ready.values() if selects(service, pod)}
            self._soon(name)
        else:
            self._selected.pop(name, None)
            self._store.delete(EndpointSlice, name)

    def _pod_changed(self, _: str, name: str, pod: Object | None) -> None:
        is_ready = isinstance(pod, Pod) and pod.ready and pod.deleted_s is None
        before = self._ready.get(name)
        same = before is not None and isinstance(pod, Pod) and before.labels == pod.labels
        if is_ready == (before is not None) and (same or not is_ready):
            return
        self._ready.pop(name, None)
        if isinstance(pod, Pod) and is_ready:
            self._ready[name] = pod
        for service in self._store.objects(Service):
            own = self._selected[service.meta.name]
            belongs = isinstance(pod, Pod) and is_ready and selects(service, pod)
            if belongs and name not in own and isinstance(pod, Pod):
                own[name] = _endpoint(pod)
                self._soon(service.meta.name)
            elif not belongs and own.pop(name, None) is not None:
                self._soon(service.meta.name)

    def _soon(self, name: str) -> None:
        """Begin a sync of what is there now, unless one is under way."""
        if name not in self._syncing:
            self._syncing.add(name)
            seen = dict.fromkeys(self._selected[name])
            call_later(self._env, self._delay_s, lambda: self._write(name, seen))

    def _write(self, name: str, seen: dict[str, None]) -> None:
        """Write the pods that were seen, less those that have gone since; then look for those that have come."""
        self._syncing.discard(name)
        if self._store.get(Service, name) is None:
            return
        present = self._selected[name]
        self._store.update(EndpointSlice, name, {"endpoints": tuple(present[pod] for pod in seen if pod in present)})
        if not present.keys() <= seen.keys():
            self._soon(name)


def _endpoint(pod: Pod) -> Endpoint:
    return Endpoint(pod.meta.name, pod.pod_hash, pod.ordinal)


def selects(service: Service, pod: Pod) -> bool:
    """Whether a Service's selector matches a pod's labels; an empty selector selects nothing."""
    if not service.selector:
        return False
    return all((pod.pod_hash if key == HASH_LABEL else pod.labels.get(key)) == value for key, value in service.selector.items())
