"""Gateway API: the rule of an HTTPRoute that fits best, and the weights of its backends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.conditions.regexp import compiled
from rolloutsim.manifest.objects import HTTPRoute
from rolloutsim.world.backends.known import Known, Pool, Read, endpoints_of, spread
from rolloutsim.world.backends.request import Request, path_has_prefix
from rolloutsim.world.store import Store

Json = Mapping[str, Any]


def http_route(store: Store, request: Request) -> Read:
    """Reads the best match: exact path, longest prefix, method, most headers, then the first (the API's documentation of HTTPRouteRule.matches).

    A backend without a weight has 1; one without pods answers 503 for its part.
    """

    def read() -> Known:
        found = [
            (_rank(match), rule)
            for route in store.objects(HTTPRoute)
            if request.is_for(route)
            for rule in route.spec.get("rules") or ()
            for match in rule.get("matches") or [{}]
            if _fits(request, match)
        ]
        if not found:
            return Known()
        _, rule = max(found, key=lambda fit: fit[0])  # of equals the first
        return spread(
            (Pool(ref.get("weight", 1), endpoints_of(store, ref["name"])) for ref in rule.get("backendRefs") or ()), str(rule.get("name", ""))
        )

    return read


def _rank(match: Json) -> tuple[bool, int, bool, int]:
    path = match.get("path") or {}
    return path.get("type") == "Exact", len(path.get("value", "/")), "method" in match, len(match.get("headers") or ())


def _fits(request: Request, match: Json) -> bool:
    path = match.get("path") or {}
    kind, value = path.get("type", "PathPrefix"), path.get("value", "/")
    if kind == "PathPrefix":
        on_path = path_has_prefix(request.path, value)
    else:
        on_path = request.path == value if kind == "Exact" else compiled(value).fullmatch(request.path) is not None
    return on_path and match.get("method", "GET") == "GET" and all(_holds(request, header) for header in match.get("headers") or ())


def _holds(request: Request, header: Json) -> bool:
    value = request.header(header["name"])
    if value is None or header.get("type", "Exact") == "Exact":
        return value == str(header["value"])
    return compiled(header["value"]).fullmatch(value) is not None
