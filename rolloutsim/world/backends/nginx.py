"""ingress-nginx: a stable Ingress and the canary Ingress beside it (rootfs/etc/nginx/lua/balancer.lua)."""

from __future__ import annotations

from collections.abc import Mapping

from rolloutsim.conditions.regexp import compiled
from rolloutsim.manifest.objects import Ingress
from rolloutsim.world.backends.known import Known, Pool, Read, endpoints_of, spread
from rolloutsim.world.backends.request import Request
from rolloutsim.world.store import Store

PREFIX = "nginx.ingress.kubernetes.io"


def canary_ingress(store: Store, stable_service: str, request: Request) -> Read:
    """Reads the canary: by header if it asks for one, else a weight of `canary-weight-total`; stable if the canary has no pods.

    Without stable pods everything fails, even at full canary weight. A total of 100 or less is ignored by the balancer.
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
                weight = _by_header(found, request)
                if weight is None:
                    weight = min(1.0, int(found.get(f"{PREFIX}/canary-weight", 0)) / total)
                return spread([Pool(weight, canary), Pool(1 - weight, stable)]) if canary else Known(stable)
        return Known(stable)

    return read


def _by_header(annotations: Mapping[str, str], request: Request) -> float | None:
    """1 or 0 where the header decides: its value or pattern, else `always` and `never`; None where the weight does."""
    name = annotations.get(f"{PREFIX}/canary-by-header")
    given = request.header(name) if name else None
    if given is None:
        return None
    value, pattern = annotations.get(f"{PREFIX}/canary-by-header-value"), annotations.get(f"{PREFIX}/canary-by-header-pattern")
    if value:
        return 1.0 if given == value else None
    if pattern:
        return 1.0 if compiled(pattern).search(given) else None
    return {"always": 1.0, "never": 0.0}.get(given)
