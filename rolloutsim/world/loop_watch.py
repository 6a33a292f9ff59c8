"""Watches for loops of the controller: passes that follow each other though nobody but the controller changes anything.

The real controller has such loops, too: it switches the canary Service to and fro as long as an aborted canary keeps its pods (argo-rollouts
issue 3078; recording nginx-abort: 25 to 40 switches a second), and looks at old pods without end under scaleDownDelaySeconds 0 (issue 1992).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from rolloutsim.errors import Livelock
from rolloutsim.manifest.objects import Object
from rolloutsim.record import Loop
from rolloutsim.world.store import Store

SETTLED_AFTER = 100
"""Passes in a row that bring every settling to an end: in 20,000 random rollouts none that came to rest took more than 31."""
WITHOUT_TIME = 1000
"""Passes at one instant, after which a run cannot go on."""
APART_S = 1.0
"""Passes further apart than this are no loop: a timer woke them."""
FOLLOWERS = frozenset({"EndpointSlice", "LoadBalancer"})
"""Kinds that others write, but only because of what the controller wrote."""
SKIPPED = frozenset({"resource_version", "generation", "created_s", "uid", "last_update_s", "last_transition_s"})
"""Versions and stamps: they go on while the rest comes round."""


class LoopWatch:
    """Appends each loop to `loops` as it is found and keeps its end up to date; Livelock when time stands still."""

    def __init__(self, store: Store, loops: list[Loop]) -> None:
        self._loops = loops
        self._own = False
        self._passes, self._began_s, self._last_s, self._at_once = 0, 0.0, float("-inf"), 0
        self._states: dict[tuple[str, str], tuple[Object, ...]] = {}
        self._written: dict[tuple[str, str], tuple[int, int]] = {}  # the passes of this loop in which an object was written last
        store.watch("*", self._seen)

    def begin_write(self) -> None:
        """What is written from now on is the controller's own."""
        self._own = True

    def end_write(self) -> None:
        """The controller's write is done."""
        self._own = False

    def _seen(self, kind: str, name: str, obj: Object | None) -> None:
        if not self._own:
            self._passes = self._passes if kind in FOLLOWERS else 0
            return
        if obj is not None:
            self._states[kind, name] = (*self._states.get((kind, name), ())[-2:], obj)
            self._written[kind, name] = (self._written.get((kind, name), (-SETTLED_AFTER, 0))[1], self._passes)

    def passed(self, now_s: float) -> None:
        """Note that a pass has ended."""
        self._at_once = self._at_once + 1 if now_s == self._last_s else 0
        if self._passes == 0 or now_s - self._last_s > APART_S:
            self._passes, self._began_s = 0, now_s
            self._states.clear()
            self._written.clear()
        self._passes += 1
        self._last_s = now_s
        if self._at_once > WITHOUT_TIME:
            raise Livelock(f"at {now_s:.3f} s the controller made {self._at_once} passes without time passing, {'; '.join(self._between())}")
        if self._passes > SETTLED_AFTER:
            loop = Loop(self._began_s, now_s, self._passes, self._between())
            if self._loops and self._loops[-1].from_s == self._began_s:
                self._loops[-1] = loop
            else:
                self._loops.append(loop)

    def _between(self) -> tuple[str, ...]:
        """The two states between which objects were written to and fro, as far as they still are; what came before the loop is over."""
        lately = {key for key, (at, _) in self._written.items() if at > self._passes - SETTLED_AFTER // 2}
        found = [
            f"{kind} {name} to and fro between {path} {_shown(before)} and {_shown(after)}"
            for (kind, name), states in sorted(self._states.items())
            if (kind, name) in lately and len(states) == 3 and not any(differences(states[0], states[2]))
            for path, before, after in differences(*states[1:])
        ]
        written = [f"{kind} {name} written over and over" for kind, name in sorted(lately)]
        return tuple(found or written) or ("over one state, without a write",)


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Fields in which two objects differ: path, value before, value after; versions and stamps are left out."""
    if is_dataclass(before) and type(before) is type(after):
        for field in fields(before):
            if field.name not in SKIPPED:
                yield from differences(getattr(before, field.name), getattr(after, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        for i, pair in enumerate(zip(before, after, strict=True)):
            yield from differences(*pair, f"{path}[{i}]")
    elif before != after:
        yield path, before, after


def _shown(value: Any) -> str:
    text = "nothing" if value in (None, "", ()) else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
