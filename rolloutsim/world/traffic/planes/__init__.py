"""Data planes by name: each turns requests into pods in its own way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rolloutsim.scenario import Clients
from rolloutsim.world.traffic.planes.blocks import Blocks
from rolloutsim.world.traffic.planes.connection_cycle import ConnectionCycle
from rolloutsim.world.traffic.planes.connection_random import ConnectionRandom
from rolloutsim.world.traffic.planes.cycle import Cycle
from rolloutsim.world.traffic.planes.earliest_deadline import EarliestDeadline
from rolloutsim.world.traffic.planes.envoy_least_request import EnvoyLeastRequest
from rolloutsim.world.traffic.planes.gcd_round_robin import GcdRoundRobin
from rolloutsim.world.traffic.planes.haproxy_leastconn import HaproxyLeastconn
from rolloutsim.world.traffic.planes.nginx_least_conn import NginxLeastConn
from rolloutsim.world.traffic.planes.plane import Floats, LoadAware, Plane
from rolloutsim.world.traffic.planes.request_random import RequestRandom
from rolloutsim.world.traffic.planes.ring_random import RingRandom, ring_shares
from rolloutsim.world.traffic.planes.round_robin import RoundRobin
from rolloutsim.world.traffic.planes.smooth_round_robin import SmoothRoundRobin
from rolloutsim.world.traffic.planes.two_choices import TwoChoices
from rolloutsim.world.traffic.planes.two_draws import TwoDraws
from rolloutsim.world.traffic.planes.weight_blind import WeightBlind

Key = tuple[int, int, str]

BY_REQUEST: dict[str, Callable[[Key], Plane]] = {
    "random": RequestRandom,
    "alb/forward": RequestRandom,
    "apisix/traffic_split": GcdRoundRobin,
    "caddy/random": WeightBlind,
    "caddy/round_robin": lambda key: RoundRobin(key, begins=1),
    "caddy/weighted_round_robin": lambda key: Blocks(key, begins=1),
    "envoy/endpoint_least_request": EnvoyLeastRequest,
    "envoy/endpoint_random": WeightBlind,
    "envoy/endpoint_rr": lambda key: EarliestDeadline(key, anywhere=True),
    "envoy/endpoint_rr_2workers": lambda key: EarliestDeadline(key, anywhere=True, workers=2),
    "envoy/runtime_fraction": RequestRandom,
    "envoy/weighted_clusters": RequestRandom,
    "envoy/weighted_clusters_2workers": RequestRandom,
    "haproxy/leastconn": HaproxyLeastconn,
    "haproxy/rand_rule": RequestRandom,
    "haproxy/random": TwoDraws,
    "haproxy/random1": RingRandom,
    "haproxy/roundrobin": SmoothRoundRobin,
    "haproxy/roundrobin_2threads": SmoothRoundRobin,
    "haproxy/static-rr": SmoothRoundRobin,
    "ingress-nginx/canary_weight": lambda key: RequestRandom(key, retries=True),
    "ingress-nginx/canary_weight_2workers": lambda key: RequestRandom(key, retries=True),
    "ingress-nginx/round_robin": lambda key: RoundRobin(key, workers=2, begins=None, tries=3),
    "nginx/split_clients_request_id": RequestRandom,
    "nginx/upstream_least_conn": NginxLeastConn,
    "nginx/upstream_random": RequestRandom,
    "nginx/upstream_wrr": SmoothRoundRobin,
    "nginx/upstream_wrr_2workers": lambda key: SmoothRoundRobin(key, workers=2),
    "nginx/upstream_wrr_2workers_zone": SmoothRoundRobin,
    "traefik/server_weights_p2c": TwoChoices,
    "traefik/server_weights_wrr": EarliestDeadline,
    "traefik/weighted_services": lambda key: EarliestDeadline(key, by_pool=True),
}
"""Data planes that decide for each request."""

BY_CONNECTION: dict[str, tuple[Callable[[Clients, Key], Plane], Callable[[Key], Plane]]] = {
    "haproxy/random1_tcp": (lambda clients, key: ConnectionRandom(clients, key, shares=ring_shares), RingRandom),
    "haproxy/roundrobin_tcp": (ConnectionCycle, SmoothRoundRobin),
    "kube-proxy/iptables": (ConnectionRandom, RequestRandom),
    "kube-proxy/iptables-legacy": (ConnectionRandom, RequestRandom),
    "kube-proxy/iptables-nft": (ConnectionRandom, RequestRandom),
    "kube-proxy/ipvs": (ConnectionCycle, SmoothRoundRobin),
    "kube-proxy/nftables": (ConnectionRandom, RequestRandom),
    "nginx/split_clients_remote_port": (ConnectionRandom, RequestRandom),
}
"""Data planes that decide once a connection: where clients keep theirs, and where each request is a connection of its own."""


def make_sticky(name: str, clients: Clients, key: Key) -> ConnectionRandom:
    """The data plane of a name for clients who keep the pod that they got first; KeyError if there is none, or if it looks at the load.

    A client is given a pod as a request would be, in place of a plain round robin a random one. Sources: ingress-nginx lua/balancer/sticky.lua
    and Caddy's CookieHashSelection (a random one), Traefik's sticky cookies (the pick of its weighted round robin), HAProxy `cookie insert` (its
    balance algorithm), kube-proxy sessionAffinity ClientIP.
    """
    each = BY_CONNECTION[name][1](key) if name in BY_CONNECTION else BY_REQUEST[name](key)
    if isinstance(each, LoadAware):
        raise KeyError(name)
    if isinstance(each, Cycle) and not isinstance(each, RoundRobin):
        return ConnectionCycle(clients, key).stick()
    alike = isinstance(each, WeightBlind | RoundRobin)
    shares = ring_shares if isinstance(each, RingRandom) else _alike if alike else None
    return ConnectionRandom(clients, key, shares=shares).stick()


def _alike(weights: Floats, n: int) -> Floats:
    return np.full(n, 1 / max(1, n))


def make_plane(name: str, clients: Clients | None, key: Key) -> Plane:
    """The data plane of a name for one stream; KeyError if there is none."""
    if name in BY_CONNECTION:
        kept, each = BY_CONNECTION[name]
        return kept(clients, key) if clients is not None else each(key)
    return BY_REQUEST[name](key)
