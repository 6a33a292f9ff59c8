"""APISIX: the rules of the ApisixRoutes of a host by priority, and their weighted backends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.conditions.regexp import compiled
from rolloutsim.manifest.objects import ApisixRoute
from rolloutsim.manifest.router_hosts import host_matches
from rolloutsim.world.backends.known import Known, Pool, Read, endpoints_of, spread
from rolloutsim.world.backends.request import Request
from rolloutsim.world.store import Store

Json = Mapping[str, Any]
DEFAULT_WEIGHT = 100
"""A backend without a weight (reference of ApisixRoute v2, `http[].backends[].weight`)."""


def apisix_route(store: Store, request: Request) -> Read:
    """Reads the fitting rule with the longest path and, among equals, the highest priority: each backend gets its part, an empty one answers 503."""

    def read() -> Known:
        found = [
            (len(path.rstrip("*")), not path.endswith("*"), rule.get("priority", 0), rule)
            for route in store.objects(ApisixRoute)
            for rule in route.spec.get("http") or ()
            for path in (rule.get("match") or {}).get("paths") or ["/*"]
            if _fits(request, rule.get("match") or {}, path)
        ]
        if not found:
            return Known()
        *_, rule = max(found, key=lambda fit: fit[:3])
        backends = rule.get("backends") or ()
        pools = (Pool(backend.get("weight", DEFAULT_WEIGHT), endpoints_of(store, backend["serviceName"])) for backend in backends)
        return spread(pools, rule["name"])

    return read


def _fits(request: Request, match: Json, path: str) -> bool:
    host = any(host_matches(request.host, pattern) for pattern in match.get("hosts") or ["*"])
    on_path = request.path.startswith(path[:-1]) if path.endswith("*") else request.path == path
    methods = match.get("methods") or ["GET"]
    return host and on_path and "GET" in methods and all(_holds(request, expression) for expression in match.get("exprs") or ())


def _holds(request: Request, expression: Json) -> bool:
    value, op = request.header(expression["subject"]["name"]), expression["op"]
    if op in ("Equal", "NotEqual"):
        found = value == expression.get("value")
    elif op in ("In", "NotIn"):
        found = value in (expression.get("set") or ())
    else:
        pattern = compiled(expression.get("value") or "")
        found = value is not None and pattern.search(value) is not None
    return found != ("Not" in op)
