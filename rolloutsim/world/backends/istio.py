"""Istio: the routes of a VirtualService in their order, and the subsets of a DestinationRule (Envoy's weighted clusters)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.manifest.objects import HASH_LABEL, DestinationRule, Endpoint, VirtualService
from rolloutsim.world.backends.known import Known, Pool, Read, endpoints_of, spread
from rolloutsim.world.backends.request import Request, text_matches
from rolloutsim.world.store import Store

Json = Mapping[str, Any]


def virtual_service(store: Store, request: Request) -> Read:
    """Reads the first route that fits the request: weighted clusters, each drawn for itself; an empty one answers 503 for its fraction."""

    def read() -> Known:
        for service in store.objects(VirtualService):
            if request.is_for(service):
                route: Json = next((route for route in service.spec.get("http") or () if fits(request, route)), {})
                destinations = route.get("route") or ()
                alone = 100 if len(destinations) == 1 else 0
                return spread((Pool(d.get("weight", alone), _pods(store, d["destination"])) for d in destinations), route.get("name") or "")
        return Known()

    return read


def fits(request: Request, route: Json) -> bool:
    """Whether one of a route's `match` entries fits, each of whose conditions must hold; a route without them fits all."""
    entries = route.get("match") or ()
    return not entries or any(_entry_fits(request, entry) for entry in entries)


def _entry_fits(request: Request, entry: Json) -> bool:
    headers = all(text_matches(request.header(name), match) for name, match in (entry.get("headers") or {}).items())
    without = any(text_matches(request.header(name), match) for name, match in (entry.get("withoutHeaders") or {}).items())
    path, method = entry.get("uri", entry.get("path")) or {}, entry.get("method") or {}
    return headers and not without and text_matches(request.path, path) and text_matches("GET", method)


def _pods(store: Store, destination: Json) -> tuple[Endpoint, ...]:
    """The pods of a destination: those of its host's Service, of its subset if it names one."""
    host = str(destination.get("host", "")).split(".")[0]
    pods, subset = endpoints_of(store, host), destination.get("subset")
    if subset is None:
        return pods
    rules = [rule for rule in store.objects(DestinationRule) if str(rule.spec.get("host", "")).split(".")[0] == host]
    labels = [s.get("labels") or {} for rule in rules for s in rule.spec.get("subsets") or () if s.get("name") == subset]
    wanted = labels[0].get(HASH_LABEL) if labels else None
    return pods if wanted is None else tuple(pod for pod in pods if pod.pod_hash == wanted)
