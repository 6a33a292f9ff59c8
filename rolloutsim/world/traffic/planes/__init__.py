"""Data planes by name: each turns requests into pods in its own way."""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.scenario import Clients
from rolloutsim.world.traffic.planes.connection_random import ConnectionRandom
from rolloutsim.world.traffic.planes.plane import Plane
from rolloutsim.world.traffic.planes.request_random import RequestRandom
from rolloutsim.world.traffic.planes.round_robin import RoundRobin


def make_plane(name: str, clients: Clients | None, key: tuple[int, int, str]) -> Plane:
    """The data plane of a name for one stream; KeyError if there is none."""
    if name in ("kube-proxy/iptables", "kube-proxy/nftables"):
        return ConnectionRandom(clients, key) if clients is not None else RequestRandom(key)
    makers: dict[str, Callable[[], Plane]] = {
        "ingress-nginx/round_robin": lambda: RoundRobin(key),
        "ingress-nginx/canary_weight": lambda: RequestRandom(key, retries=True),
        "envoy/weighted_clusters": lambda: RequestRandom(key),
        "random": lambda: RequestRandom(key),
    }
    return makers[name]()
