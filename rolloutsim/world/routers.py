"""kube-proxy, the ingress controller, the mesh: they learn of the cluster after their lag and tell the traffic how it is split from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import simpy

from rolloutsim.manifest.objects import Object
from rolloutsim.randomness import generator
from rolloutsim.scenario import Delay
from rolloutsim.world.backends import Known, Read
from rolloutsim.world.clock import call_at, call_later
from rolloutsim.world.delays import INGRESS_PERIOD_S, INGRESS_POLL_S, ISTIO_DEBOUNCE_S, KUBE_PROXY_BURST, KUBE_PROXY_PERIOD_S, draw
from rolloutsim.world.store import Store


class Pace(NamedTuple):
    """How often a control plane syncs (a token bucket of `burst`, refilled each `period_s`), after `debounce_s`, and its workers' poll."""

    period_s: float
    burst: int
    poll_s: float = 0.0
    debounce_s: float = 0.0


KUBE_PROXY = Pace(KUBE_PROXY_PERIOD_S, KUBE_PROXY_BURST)
"""Two syncs at once, then one a second (--iptables-min-sync-period 1s)."""
INGRESS_NGINX = Pace(INGRESS_PERIOD_S, 1, INGRESS_POLL_S)
"""--sync-rate-limit 0.3 per second, and workers that look once a second."""
ISTIO = Pace(ISTIO_DEBOUNCE_S, 1, debounce_s=ISTIO_DEBOUNCE_S)
"""PILOT_DEBOUNCE_AFTER 100 ms; proxies apply a push within a millisecond."""


class Router:
    """The data plane of one stream: what it `read`s reaches the traffic at its control plane's pace, or after the scenario's `lag` instead."""

    def __init__(
        self,
        env: simpy.Environment,
        store: Store,
        read: Read,
        reroute: Callable[[Known], None],
        *,
        key: tuple[int, int, str],
        lag: Delay | None,
        pace: Pace,
    ) -> None:
        self._env, self._read, self._reroute, self._lag, self._pace = env, read, reroute, lag, pace
        seed, replication, stream = key
        self._generator = generator(seed, replication, "router", stream)
        self._tokens, self._tokens_s = float(pace.burst), env.now
        self._sync_pending = False
        self._known: Known | None = None
        self._seen = self._read()
        for kind in ("EndpointSlice", "Ingress", "VirtualService", "DestinationRule"):
            store.watch(kind, self._changed)
        self._apply(self._seen)

    def _changed(self, _: str, __: str, ___: Object | None) -> None:
        present = self._read()
        if present == self._seen:
            return
        self._seen = present
        if self._lag is not None:
            call_later(self._env, draw(self._lag, self._generator), lambda: self._apply(present))
        elif not self._sync_pending:
            self._sync_pending = True
            call_at(self._env, self._next_sync_s() + self._pace.debounce_s, self._sync)

    def _next_sync_s(self) -> float:
        """When the token bucket allows the next sync."""
        now, pace = self._env.now, self._pace
        self._tokens = min(float(pace.burst), self._tokens + (now - self._tokens_s) / pace.period_s)
        self._tokens_s = now
        wait_s = max(0.0, (1 - self._tokens) * pace.period_s)
        self._tokens -= 1
        return float(now + wait_s)

    def _sync(self) -> None:
        self._sync_pending = False
        known, poll_s = self._seen, self._pace.poll_s
        call_later(self._env, float(self._generator.uniform(0, poll_s)) if poll_s else 0.0, lambda: self._apply(known))

    def _apply(self, known: Known) -> None:
        if known != self._known:
            self._known = known
            self._reroute(known)
