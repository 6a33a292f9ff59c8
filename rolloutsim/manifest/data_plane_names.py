"""The names of data planes that are simulated: software and mode, as in `rolloutsim split`."""

from __future__ import annotations

import difflib

DATA_PLANES = (
    "ingress-nginx/round_robin",
    "ingress-nginx/canary_weight",
    "ingress-nginx/canary_weight_2workers",
    "envoy/weighted_clusters",
    "envoy/weighted_clusters_2workers",
    "envoy/runtime_fraction",
    "envoy/endpoint_rr",
    "envoy/endpoint_rr_2workers",
    "envoy/endpoint_random",
    "envoy/endpoint_least_request",
    "nginx/split_clients_request_id",
    "nginx/split_clients_remote_port",
    "nginx/upstream_wrr",
    "nginx/upstream_wrr_2workers",
    "nginx/upstream_wrr_2workers_zone",
    "nginx/upstream_random",
    "nginx/upstream_least_conn",
    "haproxy/roundrobin",
    "haproxy/roundrobin_2threads",
    "haproxy/static-rr",
    "haproxy/random1",
    "haproxy/random",
    "haproxy/leastconn",
    "haproxy/rand_rule",
    "haproxy/roundrobin_tcp",
    "haproxy/random1_tcp",
    "traefik/weighted_services",
    "traefik/server_weights_wrr",
    "apisix/traffic_split",
    "alb/forward",
    "traefik/server_weights_p2c",
    "caddy/weighted_round_robin",
    "caddy/round_robin",
    "caddy/random",
    "kube-proxy/iptables",
    "kube-proxy/iptables-nft",
    "kube-proxy/iptables-legacy",
    "kube-proxy/nftables",
    "kube-proxy/ipvs",
    "random",
)


WITHOUT_TRIES = ("kube-proxy/", "random", "haproxy/roundrobin_tcp", "haproxy/random1_tcp", "nginx/split_clients_remote_port")
"""Nobody who sees single requests stands before the pods, so none is tried again."""


def tries_again(name: str) -> bool:
    """Whether a data plane is a proxy that can try a request again."""
    return not name.startswith(WITHOUT_TRIES)


BY_LOAD = (
    "envoy/endpoint_least_request",
    "haproxy/leastconn",
    "haproxy/random",
    "nginx/upstream_least_conn",
    "traefik/server_weights_p2c",
)
"""Those that look at the load."""


def near(name: str, known: tuple[str, ...] = DATA_PLANES) -> tuple[str, ...]:
    """The names most like one that is not known; all of them if none is."""
    return tuple(difflib.get_close_matches(name, known, 4, 0.5)) or known
