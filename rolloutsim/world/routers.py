"""kube-proxy and the ingress controller: they learn of EndpointSlices after their lag and tell the traffic how it is split from then on."""

from __future__ import annotations

from collections.abc import Callable

import simpy

from rolloutsim.manifest.objects import Endpoint, EndpointSlice, Object
from rolloutsim.randomness import generator
from rolloutsim.scenario import Delay
from rolloutsim.world.clock import call_at, call_later
from rolloutsim.world.delays import INGRESS_PERIOD_S, INGRESS_POLL_S, KUBE_PROXY_BURST, KUBE_PROXY_PERIOD_S, draw
from rolloutsim.world.store import Store

Reroute = Callable[[tuple[Endpoint, ...]], None]


class Router:
    """The data plane of one stream: follows one Service's endpoints, a control plane's lag behind.

    `period_s` and `burst` limit how often it syncs (a token bucket); `poll_s` is how long its workers may take to look, drawn uniformly;
    a `lag` given by the scenario replaces both.
    """

    def __init__(
        self,
        env: simpy.Environment,
        store: Store,
        service: str,
        reroute: Reroute,
        *,
        key: tuple[int, int, str],
        lag: Delay | None,
        period_s: float,
        burst: int,
        poll_s: float = 0.0,
    ) -> None:
        self._env, self._store, self._service, self._reroute = env, store, service, reroute
        self._lag, self._period_s, self._burst, self._poll_s = lag, period_s, burst, poll_s
        seed, replication, stream = key
        self._generator = generator(seed, replication, "router", stream)
        self._tokens, self._tokens_s = float(burst), env.now
        self._sync_pending = False
        self._known: tuple[Endpoint, ...] | None = None
        store.watch("EndpointSlice", self._slice_changed)
        self._apply(self._present())

    def _present(self) -> tuple[Endpoint, ...]:
        known = self._store.get(EndpointSlice, self._service)
        return known.endpoints if known is not None else ()

    def _slice_changed(self, _: str, name: str, __: Object | None) -> None:
        if name != self._service:
            return
        if self._lag is not None:
            endpoints = self._present()
            call_later(self._env, draw(self._lag, self._generator), lambda: self._apply(endpoints))
        elif not self._sync_pending:
            self._sync_pending = True
            call_at(self._env, self._next_sync_s(), self._sync)

    def _next_sync_s(self) -> float:
        """When the token bucket allows the next sync."""
        now = self._env.now
        self._tokens = min(float(self._burst), self._tokens + (now - self._tokens_s) / self._period_s)
        self._tokens_s = now
        wait_s = max(0.0, (1 - self._tokens) * self._period_s)
        self._tokens -= 1
        return now + wait_s

    def _sync(self) -> None:
        self._sync_pending = False
        endpoints = self._present()
        poll_s = float(self._generator.uniform(0, self._poll_s)) if self._poll_s else 0.0
        call_later(self._env, poll_s, lambda: self._apply(endpoints))

    def _apply(self, endpoints: tuple[Endpoint, ...]) -> None:
        if endpoints != self._known:
            self._known = endpoints
            self._reroute(endpoints)


def kube_proxy(env: simpy.Environment, store: Store, service: str, reroute: Reroute, *, key: tuple[int, int, str], lag: Delay | None) -> Router:
    """kube-proxy: two syncs at once, then one a second (--iptables-min-sync-period 1s)."""
    return Router(env, store, service, reroute, key=key, lag=lag, period_s=KUBE_PROXY_PERIOD_S, burst=KUBE_PROXY_BURST)


def ingress_nginx(env: simpy.Environment, store: Store, service: str, reroute: Reroute, *, key: tuple[int, int, str], lag: Delay | None) -> Router:
    """ingress-nginx: --sync-rate-limit 0.3 per second, and workers that look once a second."""
    return Router(env, store, service, reroute, key=key, lag=lag, period_s=INGRESS_PERIOD_S, burst=1, poll_s=INGRESS_POLL_S)
