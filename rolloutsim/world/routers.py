"""kube-proxy, the ingress controller, the mesh: they learn of the cluster after their lag and tell the traffic how it is split from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import simpy

from rolloutsim.manifest.objects import Object
from rolloutsim.manifest.router_objects import API_VERSIONS
from rolloutsim.randomness import generator
from rolloutsim.scenario.lag import Pace
from rolloutsim.world.backends import Known, Read
from rolloutsim.world.lag.follower import Follower, Seen
from rolloutsim.world.lag.gates import Take
from rolloutsim.world.lag.pipeline import pipeline
from rolloutsim.world.store import Store

WATCHED = ("EndpointSlice", "Ingress", "LoadBalancer", *(kind.__name__ for kind in API_VERSIONS))


class Reroute(Protocol):
    """Tells the traffic what its data plane knows from now on."""

    def __call__(self, known: Known, *, since_s: float, reopens: bool) -> None:
        """`since_s`: the oldest of the changes that this brings; `reopens`: it came by a reload, which opens all connections anew."""


class Router:
    """The data plane of one stream: what it `read`s reaches the traffic at the paces of its control plane and of its proxy, one after the other.

    `since` says when a change was made that is read just now, where something that it reads is late itself.
    """

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
        since: Callable[[], float] | None = None,
    ) -> None:
        reopens = control.reload is not None or proxy.reload is not None
        seed, replication, stream = key
        of_proxy, of_control = (generator(seed, replication, part, stream) for part in ("proxy", "router"))

        def gates(then: Take[Seen[Known]]) -> Take[Seen[Known]]:
            followed = pipeline(env, proxy, of_proxy, second_fraction_s, then)
            return pipeline(env, control, of_control, second_fraction_s, followed)

        def tell(known: Known, since_s: float) -> None:
            reroute(known, since_s=since_s, reopens=reopens)

        self._follower = Follower(env, read, gates, tell, since=since, always=reopens)
        for kind in WATCHED:
            store.watch(kind, self._changed)
        reroute(self._follower.known, since_s=float(env.now), reopens=False)

    def _changed(self, _: str, __: str, ___: Object | None) -> None:
        self._follower.look()
