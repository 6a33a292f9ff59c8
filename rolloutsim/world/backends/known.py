"""What a data plane knows: the ready pods behind a route, and how likely each is to be picked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from rolloutsim.manifest.objects import Endpoint, EndpointSlice
from rolloutsim.world.store import Store


class Known(NamedTuple):
    """Ready pods, and the probability of each by the router's weights (empty: all alike); what is missing to 1 finds no pod.

    `rule` is the name of the routing rule that takes the requests, where rules have names.
    """

    endpoints: tuple[Endpoint, ...] = ()
    weights: tuple[float, ...] = ()
    rule: str = ""


Read = Callable[[], Known]


def endpoints_of(store: Store, service: str) -> tuple[Endpoint, ...]:
    """The ready pods of a Service."""
    known = store.get(EndpointSlice, service)
    return known.endpoints if known is not None else ()


def one_service(store: Store, service: str) -> Read:
    """Reads one Service, whose pods are all alike."""
    return lambda: Known(endpoints_of(store, service))


class Pool(NamedTuple):
    """A weighted backend: its weight, and its pods."""

    weight: float
    endpoints: tuple[Endpoint, ...]


def spread(pools: Iterable[Pool], rule: str = "") -> Known:
    """Each pool's part of their sum over its pods; the part of a pool without pods finds none."""
    some = [pool for pool in pools if pool.weight > 0]
    whole = sum(pool.weight for pool in some)
    shares = [(endpoint, pool.weight / whole / len(pool.endpoints)) for pool in some for endpoint in pool.endpoints]
    return Known(tuple(endpoint for endpoint, _ in shares), tuple(share for _, share in shares), rule)
