"""Service Mesh Interface: the TrafficSplit of a Service, as Linkerd follows it."""

from __future__ import annotations

from rolloutsim.manifest.router_objects import TrafficSplit
from rolloutsim.world.backends.known import Known, Pool, Read, endpoints_of, spread
from rolloutsim.world.store import Store


def traffic_split(store: Store, service: str) -> Read:
    """Reads the backends of a split Service; one without pods is left out of the draw (linkerd2-proxy, distribute/src/service/random.rs)."""

    def read() -> Known:
        split = next((split for split in store.objects(TrafficSplit) if split.spec.get("service") == service), None)
        if split is None:
            return Known(endpoints_of(store, service))
        backends = split.spec.get("backends") or ()
        pools = (Pool(backend.get("weight", 0), endpoints_of(store, backend["service"])) for backend in backends)
        return spread(pool for pool in pools if pool.endpoints)

    return read
