"""Ambassador (Emissary): Mappings of one prefix are a group, of which those with a weight take it and the others share the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.conditions.regexp import compiled
from rolloutsim.manifest import router_objects
from rolloutsim.manifest.router_hosts import host_matches, mapping_service
from rolloutsim.world.backends.known import Known, Pool, Read, endpoints_of, spread
from rolloutsim.world.backends.request import Request, path_has_prefix
from rolloutsim.world.store import Store

Json = Mapping[str, Any]


def mappings(store: Store, request: Request) -> Read:
    """Reads the group that fits best: by precedence, then the longest prefix, then the most headers (emissary python/ambassador/ir/irhttpmapping.py).

    Weights are percents (irhttpmappinggroup.py, normalize_weights_in_mappings).
    """

    def read() -> Known:
        specs = [mapping.spec for mapping in store.objects(router_objects.Mapping)]
        fitting = [spec for spec in specs if _fits(request, spec)]
        if not fitting:
            return Known()
        best = max(map(_rank, fitting))
        group = [spec for spec in fitting if _rank(spec) == best]
        given = sum(spec["weight"] for spec in group if "weight" in spec)
        others = sum("weight" not in spec for spec in group)
        rest = max(0, 100 - given) / max(1, others)
        return spread(Pool(spec.get("weight", rest), endpoints_of(store, mapping_service(spec))) for spec in group)

    return read


def _rank(spec: Json) -> tuple[int, int, int, str, str]:
    headers = {**(spec.get("headers") or {}), **(spec.get("regex_headers") or {})}
    return spec.get("precedence", 0), len(spec["prefix"]), len(headers), spec["prefix"], str(sorted(headers.items()))


def _fits(request: Request, spec: Json) -> bool:
    host = host_matches(request.host, str(spec.get("hostname") or spec.get("host") or "*"))
    exact = all(
        request.header(name) is not None if value is True else request.header(name) == value for name, value in (spec.get("headers") or {}).items()
    )
    texts = ((request.header(name), pattern) for name, pattern in (spec.get("regex_headers") or {}).items())
    by_pattern = all(value is not None and compiled(pattern).fullmatch(value) is not None for value, pattern in texts)
    prefix = spec["prefix"]
    on_path = request.path.startswith(prefix) if prefix.endswith("/") else path_has_prefix(request.path, prefix)
    return host and exact and by_pattern and on_path and spec.get("method", "GET") == "GET"
