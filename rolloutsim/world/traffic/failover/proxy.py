"""One proxy in front of one stream, as the ordered loop asks it: where a try goes, and what becomes of a failed one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator
from rolloutsim.record import ERROR, REFUSED, REJECTED, RESET
from rolloutsim.scenario.failover import Failover, Failure
from rolloutsim.world.traffic.failover.health import Probes, SetAside
from rolloutsim.world.traffic.failover.software import Software

NOBODY = -1
DECIDE, ASK_AGAIN = -1, -2
"""Instead of a pod: the data plane decides, or decides once more as the pod that it gave is passed over."""
MOST_PASSES = 100
"""After so many decisions for pods that are passed over, one of the others is taken in turn."""

FAILURES: dict[int, Failure] = {REFUSED: "refused", RESET: "reset", ERROR: "5xx", REJECTED: "5xx"}


@dataclass(slots=True)
class Open:
    """A request that has failed once, or whose data plane decides anew."""

    began_s: float
    pod: int = NOBODY
    tries: int = 0
    tried: set[int] = field(default_factory=set)
    passes: int = 0
    holds: int = NOBODY
    """The backend of whose `max_retries` it holds one."""


class Proxy:
    """Draws are keyed by request and try. `separate`: a version's backend is chosen first, and balances its pods in turn (one worker's cycle)."""

    def __init__(self, failover: Failover, software: Software, *, separate: bool, key: tuple[int, int, str]) -> None:
        self._failover, self._software, self._separate = failover, software, separate
        draws = generator(key[0], key[1], "failover", key[2])
        self._salt, self._start = int(draws.integers(0, 2**63)), draws.random()
        self._aside = SetAside(failover.max_fails, failover.fail_timeout) if failover.max_fails is not None else None
        self._probes = Probes(failover.check, float(draws.random())) if failover.check is not None else None
        self._open: dict[int, Open] = {}
        self._retrying: dict[int, int] = {}
        self._endpoints: list[int] = []
        self._pool_of: dict[int, int] = {}
        self._pools: dict[int, list[int]] = {}
        self._next: dict[int, int] = {}

    # --- what it knows ---------------------------------------------------------------------------------------------------------

    def know(self, endpoints: npt.NDArray[np.int32], pools: npt.NDArray[np.int64]) -> None:
        """These are the ready pods from now on; a backend whose pods have changed begins its cycle anew."""
        self._endpoints = endpoints.tolist()
        self._pool_of = dict(zip(self._endpoints, pools.tolist() if self._separate else [0] * len(endpoints), strict=True))
        before, self._pools = self._pools, {}
        for pod, pool in self._pool_of.items():
            self._pools.setdefault(pool, []).append(pod)
        for pool, pods in self._pools.items():
            if before.get(pool) != pods:
                self._next[pool] = int(self._start * len(pods))

    def end_pod(self, pod: int, at_s: float) -> None:
        """A pod's process is gone."""
        if self._probes is not None:
            self._probes.ended(pod, at_s)

    def begin_pod(self, pod: int, at_s: float) -> None:
        """A pod's process runs again."""
        if self._probes is not None:
            self._probes.began(pod, at_s)

    def _is_well(self, pod: int, at_s: float) -> bool:
        if self._probes is not None and self._probes.is_down(pod, at_s):
            return False
        alone = len(self._pools[self._pool_of[pod]]) == 1 if pod in self._pool_of else True
        return alone or self._aside is None or not self._aside.has(pod, at_s)

    # --- where a try goes ------------------------------------------------------------------------------------------------------

    def first(self, number: int, pod: int, at_s: float) -> int:
        """The pod that is asked when the data plane has decided for one; ASK_AGAIN if that is passed over."""
        if pod == NOBODY:
            return NOBODY
        if self._separate:
            return self._in_turn(self._pool_of[pod], at_s)
        if self._is_well(pod, at_s):
            return pod
        now = self._open.setdefault(number, Open(at_s))
        now.passes += 1
        if now.passes < MOST_PASSES and any(self._is_well(other, at_s) for other in self._endpoints):
            return ASK_AGAIN
        return self._in_turn(self._pool_of[pod], at_s)

    def _in_turn(self, pool: int, at_s: float) -> int:
        """The next pod of a backend's cycle that is not passed over; NOBODY if all are."""
        pods = self._pools[pool]
        for _ in pods:
            pod = pods[self._next[pool] % len(pods)]
            self._next[pool] += 1
            if self._is_well(pod, at_s):
                return pod
        return NOBODY

    def is_trying(self, number: int) -> bool:
        """Whether a request has failed once and has another try."""
        return number in self._open

    def next(self, number: int, at_s: float) -> int:
        """The pod of a request's next try, or DECIDE."""
        now, how = self._open[number], self._failover.next
        if now.tries == 0 or how == "again" or now.pod not in self._pool_of:
            return DECIDE
        pool = self._pool_of[now.pod]
        if how == "backend":
            return self._in_turn(pool, at_s)
        others = self._others(now, at_s)
        return others[0] if others and how != "same" else now.pod

    def _others(self, now: Open, at_s: float) -> list[int]:
        """Pods of the same backend that the next try may go to, from the one that failed last on."""
        if now.pod not in self._pool_of:
            return []
        pods = self._pools[self._pool_of[now.pod]]
        at = pods.index(now.pod)
        avoided = now.tried if self._failover.next == "another" else {now.pod}
        return [pod for pod in pods[at + 1 :] + pods[:at] if pod not in avoided and self._is_well(pod, at_s)]

    # --- a try has failed ------------------------------------------------------------------------------------------------------

    def failed(self, number: int, pod: int, outcome: int, at_s: float, sent_s: float) -> float:
        """How long to wait before the next try of a request that was `sent_s`; negative: there is none."""
        rules, failure = self._failover, FAILURES[outcome]
        counts = failure in rules.retry_on or failure != "5xx"  # an answer is a failure only if it is to be tried again
        if self._aside is not None and counts:
            self._aside.failed(pod, at_s)
        now = self._open.setdefault(number, Open(sent_s))
        now.tries, now.pod = now.tries + 1, pod
        now.tried.add(pod)
        if failure not in rules.retry_on or (rules.attempts is not None and now.tries >= rules.attempts):
            return -1.0
        if rules.within is not None and at_s - now.began_s >= rules.within:
            return -1.0
        if rules.next == "another" and not self._others(now, at_s):
            return -1.0
        if rules.next == "redispatch" and self._others(now, at_s):
            return 0.0
        return self._wait_s(number, now) if self._may_hold(now) else -1.0

    def _may_hold(self, now: Open) -> bool:
        """Whether another retry fits in the backend's budget."""
        most, pool = self._failover.max_retries, self._pool_of.get(now.pod, 0)
        if most is None or now.holds != NOBODY:
            return True
        if self._retrying.get(pool, 0) >= most:
            return False
        self._retrying[pool] = self._retrying.get(pool, 0) + 1
        now.holds = pool
        return True

    def _wait_s(self, number: int, now: Open) -> float:
        back_off = self._failover.back_off
        if back_off is None:
            return self._failover.wait
        return self.draw(number, now.tries) * min(back_off.at_most, back_off.base * 2.0 ** (now.tries - 1))

    def error_draw(self, number: int) -> float:
        """Whether the next try's answer is an error is drawn anew."""
        return self.draw(number, -1 - self._open[number].tries)

    def draw(self, number: int, which: int) -> float:
        """A uniform draw of a request (splitmix64)."""
        x = (self._salt + number * 0x9E3779B97F4A7C15 + which * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return ((x ^ (x >> 31)) >> 11) * 2.0**-53

    def over(self, number: int) -> None:
        """A request has ended, whatever came of it."""
        now = self._open.pop(number, None)
        if now is not None and now.holds != NOBODY:
            self._retrying[now.holds] -= 1
