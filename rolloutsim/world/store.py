"""The object store: the only way to change the cluster.

Objects are immutable; a write replaces one, gives it a resourceVersion, raises the generation when the spec changes, tells the watchers, and
refuses an update that was based on a stale resourceVersion. A write that changes nothing is no write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import NAMESPACE_OID, uuid5

from rolloutsim.errors import ApiError, Conflict
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import AnalysisRun, Deployment, Experiment, Object, ReplicaSet, Rollout

T = TypeVar("T", bound=Object)
Watcher = Callable[[str, str, Object | None], None]
"""Called with kind, name and the object after the write; None when it was deleted."""


class Store:
    """Objects by kind and name, as a run plays one namespace; `clock` gives the present second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._objects: dict[str, dict[str, Object]] = {}
        self._watchers: dict[str, list[Watcher]] = {}
        self._version = 0

    def watch(self, kind: str, watcher: Watcher) -> None:
        """Be told of every write to a kind ("*": every kind), in order."""
        self._watchers.setdefault(kind, []).append(watcher)

    def get(self, kind: type[T], name: str) -> T | None:
        """An object, or None."""
        return cast("T | None", self._objects.get(kind.__name__, {}).get(name))

    def objects(self, kind: type[T]) -> list[T]:
        """The objects of a kind, in the order of their creation."""
        return cast("list[T]", list(self._objects.get(kind.__name__, {}).values()))

    def everything(self) -> list[Object]:
        """Every object, by kind in the order of first creation."""
        return [obj for kind in self._objects.values() for obj in kind.values()]

    def create(self, obj: T) -> T:
        """Add an object; ApiError if one of that name is there."""
        kind, name = type(obj).__name__, obj.meta.name
        if name in self._objects.get(kind, {}):
            raise ApiError(f'{kind.lower()}s "{obj.meta.name}" already exists')
        self._version += 1
        now_s = self._clock()
        meta = replace(
            obj.meta, uid=str(uuid5(NAMESPACE_OID, f"{kind}-{self._version}")), resource_version=self._version, generation=1, created_s=now_s
        )
        return self._put(kind, name, replace(obj, meta=meta))

    def update(self, kind: type[T], name: str, changes: dict[str, Any], *, based_on: int | None = None) -> T:
        """Replace attributes of an object; with `based_on` Conflict unless that is its resourceVersion. ApiError if it is not there."""
        current = self.get(kind, name)
        if current is None:
            raise ApiError(f'{kind.__name__.lower()}s "{name}" not found')
        if based_on is not None and current.meta.resource_version != based_on:
            raise Conflict(f'operation cannot be fulfilled on {kind.__name__.lower()}s "{name}": the object has been modified')
        if all(getattr(current, key) == value for key, value in changes.items()):
            return current
        self._version += 1
        raised = current.meta.generation + (1 if _changes_spec(current, changes) else 0)
        given = changes.pop("meta", current.meta)
        meta = replace(given, resource_version=self._version, generation=raised)
        return self._put(kind.__name__, name, replace(current, meta=meta, **changes))

    def delete(self, kind: type[T], name: str) -> None:
        """Remove an object; nothing happens if it is not there."""
        if self._objects.get(kind.__name__, {}).pop(name, None) is not None:
            self._tell(kind.__name__, name, None)

    def _put(self, kind: str, name: str, obj: T) -> T:
        self._objects.setdefault(kind, {})[name] = obj
        self._tell(kind, name, obj)
        return obj

    def _tell(self, kind: str, name: str, obj: Object | None) -> None:
        for watcher in self._watchers.get("*", ()):
            watcher(kind, name, obj)
        for watcher in self._watchers.get(kind, ()):
            watcher(kind, name, obj)


def _changes_spec(current: Object, changes: dict[str, Any]) -> bool:
    if isinstance(current, Rollout):
        if changes.get("normalised") and not current.normalised:
            return True
        return "spec" in changes and changes["spec"] != current.spec
    if isinstance(current, AnalysisRun | Experiment):
        return "spec" in changes
    if isinstance(current, Deployment):
        return any(key in changes and changes[key] != getattr(current, key) for key in ("replicas", "template"))
    if isinstance(current, ReplicaSet):
        return any(key in changes and changes[key] != getattr(current, key) for key in ("replicas", "min_ready_seconds", "template"))
    return False
