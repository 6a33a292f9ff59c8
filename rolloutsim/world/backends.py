"""What a data plane reads from the cluster: the pods behind a route, and how likely each is to be picked.

Routers see routing objects and EndpointSlices only, never the Rollout's status.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rolloutsim.manifest.objects import HASH_LABEL, DestinationRule, Endpoint, EndpointSlice, Ingress, VirtualService
from rolloutsim.world.store import Store

PREFIX = "nginx.ingress.kubernetes.io"


class Known(NamedTuple):
    """Ready pods, and the probability of each by the router's weights (empty: all alike); what is missing to 1 finds no pod."""

    endpoints: tuple[Endpoint, ...] = ()
    weights: tuple[float, ...] = ()


Read = Callable[[], Known]


def endpoints_of(store: Store, service: str) -> tuple[Endpoint, ...]:
    """The ready pods of a Service."""
    known = store.get(EndpointSlice, service)
    return known.endpoints if known is not None else ()


def one_service(store: Store, service: str) -> Read:
    """Reads one Service, whose pods are all alike."""
    return lambda: Known(endpoints_of(store, service))


def _spread(pools: list[tuple[float, tuple[Endpoint, ...]]]) -> Known:
    endpoints = [(endpoint, share / len(pool)) for share, pool in pools if share > 0 for endpoint in pool]
    return Known(tuple(endpoint for endpoint, _ in endpoints), tuple(weight for _, weight in endpoints))


def canary_ingress(store: Store, stable_service: str) -> Read:
    """Reads ingress-nginx's canary: a weight of `canary-weight-total` goes to the canary Service, to stable if that has no pods.

    Without stable pods everything fails, even at full canary weight. A total of 100 or less is ignored by the balancer.
    Source: rootfs/etc/nginx/lua/balancer.lua; spec/traffic-routing.md 10.
    """

    def read() -> Known:
        stable = endpoints_of(store, stable_service)
        if not stable:
            return Known()
        for ingress in store.objects(Ingress):
            found = ingress.meta.annotations
            if found.get(f"{PREFIX}/canary") == "true" and ingress.rules:
                canary = endpoints_of(store, next((rule.service for rule in ingress.rules if rule.service != stable_service), ""))
                total = max(100, int(found.get(f"{PREFIX}/canary-weight-total", 100)))
                share = min(1.0, int(found.get(f"{PREFIX}/canary-weight", 0)) / total)
                return _spread([(share, canary), (1 - share, stable)]) if canary else Known(stable)
        return Known(stable)

    return read


def virtual_service(store: Store, host: str) -> Read:
    """Reads an Istio VirtualService: weighted clusters, each drawn for itself; an empty cluster answers 503 for its fraction."""

    def read() -> Known:
        for service in store.objects(VirtualService):
            if host in (service.spec.get("hosts") or ()):
                plain = [route for route in service.spec.get("http") or () if not route.get("match")]
                destinations = plain[0].get("route") or () if plain else ()
                total = sum(d.get("weight", 0) for d in destinations) or 1
                pools = [(d.get("weight", 100 if len(destinations) == 1 else 0) / total, _pool(store, d["destination"])) for d in destinations]
                return _spread([(share, pool) for share, pool in pools if pool])
        return Known()

    return read


def _pool(store: Store, destination: dict[str, str]) -> tuple[Endpoint, ...]:
    """The pods of a destination: those of its host's Service, of its subset if it names one."""
    host = str(destination.get("host", "")).split(".")[0]
    pods, subset = endpoints_of(store, host), destination.get("subset")
    if subset is None:
        return pods
    rules = [rule for rule in store.objects(DestinationRule) if str(rule.spec.get("host", "")).split(".")[0] == host]
    labels = [s.get("labels") or {} for rule in rules for s in rule.spec.get("subsets") or () if s.get("name") == subset]
    wanted = labels[0].get(HASH_LABEL) if labels else None
    return pods if wanted is None else tuple(pod for pod in pods if pod.pod_hash == wanted)
