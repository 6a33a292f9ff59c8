"""The process in each pod: it begins to answer, answers otherwise as it ages, and is gone when its container exits."""

from __future__ import annotations

from collections.abc import Callable

import simpy

from rolloutsim.manifest.objects import Pod
from rolloutsim.scenario import Version
from rolloutsim.world.clock import call_at
from rolloutsim.world.ending import Ending
from rolloutsim.world.profiles import answers
from rolloutsim.world.traffic.engine import Traffic


class Processes:
    """Follows the pods of the store and tells the traffic; `profile` gives how the pod of an ordinal answers when it is new."""

    def __init__(self, env: simpy.Environment, traffic: Traffic, profile: Callable[[int], Version]) -> None:
        self._env, self._traffic, self._profile = env, traffic, profile
        self._lives: dict[int, int] = {}
        self._down: set[int] = set()

    def see(self, pod: Pod) -> None:
        """A pod as it stands now; its age counts from when its present container became ready first."""
        ordinal, life = pod.ordinal, self._lives.get(pod.ordinal)
        if pod.ready and pod.restarts != life:
            self._lives[ordinal] = pod.restarts
            self._begin(pod, again=life is not None)
        elif life is not None and ordinal not in self._down and (pod.restarts != life or pod.word == "CrashLoopBackOff"):
            self._end(ordinal, breaks=True)

    def stopping(self, pod: Pod, ends: Ending) -> None:
        """A pod has been deleted: what SIGTERM, the exit or SIGKILL do to what it has in hand."""
        ordinal, begins_s = pod.ordinal, float(self._env.now)
        if ordinal not in self._lives or ordinal in self._down:
            return
        if ends.on_term != "serve":
            call_at(self._env, begins_s + ends.term_s, lambda: self._end(ordinal, breaks=ends.on_term == "exit"))
        if ends.killed or ends.on_term == "drain":
            call_at(self._env, begins_s + ends.gone_s, lambda: self._end(ordinal, breaks=True))

    def _end(self, ordinal: int, *, breaks: bool) -> None:
        """Its process takes no more; if it `breaks`, what it has gets no answer."""
        if ordinal not in self._down:
            self._down.add(ordinal)
            self._traffic.end_pod(self._env.now, ordinal)
        if breaks:
            self._traffic.break_pod(self._env.now, ordinal)

    def _begin(self, pod: Pod, *, again: bool) -> None:
        ordinal, life = pod.ordinal, pod.restarts
        version = self._profile(ordinal)
        if again:
            self._down.discard(ordinal)
            self._traffic.begin_pod(self._env.now, ordinal)
            self._traffic.answer(self._env.now, ordinal, version.error_rate, version.latency)
        born_s = self._env.now if pod.ready_since_s is None else pod.ready_since_s
        for answer in answers(version):

            def turn(error_rate: float = answer.error_rate, latency: object = answer.latency) -> None:
                if self._lives.get(ordinal) == life:
                    self._traffic.answer(self._env.now, ordinal, error_rate, latency)  # type: ignore[arg-type]

            call_at(self._env, born_s + answer.after_s, turn)
