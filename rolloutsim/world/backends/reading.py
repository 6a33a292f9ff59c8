"""How a data plane reads where to send requests, by what tells it."""

from __future__ import annotations

from rolloutsim.manifest.data_plane import Choice
from rolloutsim.world.backends.istio import virtual_service
from rolloutsim.world.backends.known import Read, one_service
from rolloutsim.world.backends.nginx import canary_ingress
from rolloutsim.world.backends.request import Request
from rolloutsim.world.store import Store


def reading(store: Store, choice: Choice, request: Request) -> Read:
    """What a data plane knows whenever it looks."""
    if choice.via == "virtual service":
        return virtual_service(store, request)
    if choice.via == "canary ingress":
        return canary_ingress(store, choice.target, request)
    return one_service(store, choice.target)
