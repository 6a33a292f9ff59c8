"""How a data plane reads where to send requests, by what tells it."""

from __future__ import annotations

from rolloutsim.manifest.data_plane import Choice
from rolloutsim.world.backends.alb import load_balancer
from rolloutsim.world.backends.ambassador import mappings
from rolloutsim.world.backends.apisix import apisix_route
from rolloutsim.world.backends.gateway_api import http_route
from rolloutsim.world.backends.istio import virtual_service
from rolloutsim.world.backends.known import Read, one_service
from rolloutsim.world.backends.nginx import canary_ingress
from rolloutsim.world.backends.request import Request
from rolloutsim.world.backends.smi import traffic_split
from rolloutsim.world.backends.traefik import ingress_route
from rolloutsim.world.store import Store

BY_ROUTE = {
    "virtual service": virtual_service,
    "ingress route": ingress_route,
    "apisix route": apisix_route,
    "mapping": mappings,
    "http route": http_route,
}


def reading(store: Store, choice: Choice, request: Request) -> Read:
    """What a data plane knows whenever it looks."""
    if choice.via in BY_ROUTE:
        return BY_ROUTE[choice.via](store, request)
    if choice.via == "load balancer":
        return load_balancer(store, choice.ingress, request)
    if choice.via == "traffic split":
        return traffic_split(store, choice.target)
    if choice.via == "canary ingress":
        return canary_ingress(store, choice.target, request)
    return one_service(store, choice.target)
