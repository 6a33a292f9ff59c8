"""Who follows what stands in the store, as late as its gates let changes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple

import simpy

from rolloutsim.world.lag.gates import State, Take


class Seen(NamedTuple, Generic[State]):
    """What there was to know at an instant."""

    at_s: float
    state: State


class Follower(Generic[State]):
    """Reads when it is told to look, and tells what has come through `gates` (which wrap the end of the pipeline into its beginning).

    With the state it tells when the oldest of the changes was made that this brings.
    `since` says when a change was made that is read just now, where that is not now. With `always` a state is told again though it is the same.
    """

    def __init__(
        self,
        env: simpy.Environment,
        read: Callable[[], State],
        gates: Callable[[Take[Seen[State]]], Take[Seen[State]]],
        tell: Callable[[State, float], None],
        *,
        since: Callable[[], float] | None = None,
        always: bool = False,
    ) -> None:
        self._env, self._read, self._tell, self._always = env, read, tell, always
        self._since = since or (lambda: float(env.now))
        self._take = gates(self._follow)
        self._unheard: list[tuple[float, float]] = []
        self._seen = self._known = read()

    @property
    def known(self) -> State:
        """What has come through last."""
        return self._known

    def look(self) -> None:
        """Read; a change sets out on its way."""
        present = self._read()
        if present != self._seen:
            self._seen = present
            now_s = float(self._env.now)
            self._unheard.append((now_s, min(now_s, self._since())))
            self._take(Seen(now_s, present))

    def _follow(self, seen: Seen[State]) -> None:
        since_s = min((since_s for at_s, since_s in self._unheard if at_s <= seen.at_s), default=seen.at_s)
        self._unheard = [(at_s, since_s) for at_s, since_s in self._unheard if at_s > seen.at_s]
        if self._always or seen.state != self._known:
            self._known = seen.state
            self._tell(seen.state, since_s)
