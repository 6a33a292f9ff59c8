"""kube-proxy, the ingress controller, the mesh: they learn of the cluster after their lag and tell the traffic how it is split from then on."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import simpy

from rolloutsim.manifest.objects import Object
from rolloutsim.manifest.router_objects import API_VERSIONS
from rolloutsim.randomness import generator
from rolloutsim.scenario.lag import Pace
from rolloutsim.world.backends import Known, Read
from rolloutsim.world.lag.pipeline import pipeline
from rolloutsim.world.store import Store

WATCHED = ("EndpointSlice", "Ingress", *(kind.__name__ for kind in API_VERSIONS))


class Reroute(Protocol):
    """Tells the traffic what its data plane knows from now on."""

    def __call__(self, known: Known, *, since_s: float, reopens: bool) -> None:
        """`since_s`: the oldest of the changes that this brings; `reopens`: it came by a reload, which opens all connections anew."""


class Seen(NamedTuple):
    """What there was to know at an instant."""

    at_s: float
    known: Known


class Router:
    """The data plane of one stream: what it `read`s reaches the traffic at the paces of its control plane and of its proxy, one after the other."""

    def __init__(
        self,
        env: simpy.Environment,
        store: Store,
        read: Read,
        reroute: Reroute,
        *,
        key: tuple[int, int, str],
        control: Pace,
        proxy: Pace,
        second_fraction_s: float = 0.0,
    ) -> None:
        self._read, self._reroute = read, reroute
        self._reopens = control.reload is not None or proxy.reload is not None
        seed, replication, stream = key
        of_proxy, of_control = (generator(seed, replication, part, stream) for part in ("proxy", "router"))
        followed = pipeline(env, proxy, of_proxy, second_fraction_s, self._follow)
        self._take = pipeline(env, control, of_control, second_fraction_s, followed)
        self._env, self._unheard = env, list[float]()
        self._seen = self._known = self._read()
        for kind in WATCHED:
            store.watch(kind, self._changed)
        self._reroute(self._known, since_s=float(env.now), reopens=False)

    def _changed(self, _: str, __: str, ___: Object | None) -> None:
        present = self._read()
        if present != self._seen:
            self._seen = present
            self._unheard.append(float(self._env.now))
            self._take(Seen(self._unheard[-1], present))

    def _follow(self, seen: Seen) -> None:
        since_s = self._unheard[0] if self._unheard else seen.at_s
        self._unheard = [at_s for at_s in self._unheard if at_s > seen.at_s]
        if seen.known != self._known or self._reopens:
            self._known = seen.known
            self._reroute(seen.known, since_s=since_s, reopens=self._reopens)
