"""A controller's cache of one kind: the store as it was a watch delay ago, and a call for every change that arrives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, cast

import simpy

from rolloutsim.manifest.objects import Object
from rolloutsim.world.clock import call_later
from rolloutsim.world.store import Store

T = TypeVar("T", bound=Object)


class Informer(Generic[T]):
    """Objects of a kind by name; `on_change(name, before, after)` is called as each change arrives."""

    def __init__(self, env: simpy.Environment, store: Store, kind: type[T], delay_s: float) -> None:
        self._env = env
        self._delay_s = delay_s
        self.objects: dict[str, T] = {obj.meta.name: obj for obj in store.objects(kind)}
        self._handlers: list[Callable[[str, T | None, T | None], None]] = []
        store.watch(kind.__name__, self._seen)

    def on_change(self, handler: Callable[[str, T | None, T | None], None]) -> None:
        """Call back with name, object before and object after."""
        self._handlers.append(handler)

    def write_back(self, obj: T) -> None:
        """Put a just written object into the cache ahead of its watch event, without a call (controller.go, writeBackToInformer)."""
        known = self.objects.get(obj.meta.name)
        if known is None or known.meta.resource_version < obj.meta.resource_version:
            self.objects[obj.meta.name] = obj

    def _seen(self, _: str, name: str, obj: Object | None) -> None:
        call_later(self._env, self._delay_s, lambda: self._arrive(name, cast("T | None", obj)))

    def _arrive(self, name: str, obj: T | None) -> None:
        before = self.objects.get(name)
        if obj is None:
            self.objects.pop(name, None)
        elif before is None or before.meta.resource_version < obj.meta.resource_version:
            self.objects[name] = obj
        for handler in self._handlers:
            handler(name, before, obj)
