"""Proxies that pass over a pod which refuses, where requests do not depend on each other: the others take its part from the first failure on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rolloutsim.record import Route
from rolloutsim.world.traffic.failover.software import Software


def passes_over(software: Software) -> bool:
    """Whether a refused request is given to another pod by default."""
    return software.failover.next == "another" and software.failover.attempts != 1


def living(route: Route, plane: str, software: Software, ended: npt.NDArray[np.bool_]) -> Route:
    """A route without the pods that have ended, whose weight falls to the others of their backend; a backend whose pods all ended stays."""
    if not passes_over(software) or not any(ended[endpoint.ordinal] for endpoint in route.endpoints):
        return route
    separate = bool(route.weights) and software.splits_backends(plane)
    weights = route.weights or (1.0,) * len(route.endpoints)
    given: dict[str, float] = {}
    alive: dict[str, float] = {}
    for endpoint, weight in zip(route.endpoints, weights, strict=True):
        backend = endpoint.pod_hash if separate else ""
        given[backend] = given.get(backend, 0.0) + weight
        if not ended[endpoint.ordinal]:
            alive[backend] = alive.get(backend, 0.0) + weight
    kept, shares = [], []
    for endpoint, weight in zip(route.endpoints, weights, strict=True):
        backend = endpoint.pod_hash if separate else ""
        if not alive.get(backend):
            kept.append(endpoint)
            shares.append(weight)
        elif not ended[endpoint.ordinal]:
            kept.append(endpoint)
            shares.append(weight * given[backend] / alive[backend])
    return replace(route, endpoints=tuple(kept), weights=tuple(shares) if route.weights else ())
