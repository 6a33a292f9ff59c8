"""A random router for a random canary, with the objects that it writes to; the Services are `one` (stable) and `two`."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from rolloutsim.manifest import router_objects as kinds
from rolloutsim.manifest.alb_annotations import ALB_PREFIX
from rolloutsim.manifest.objects import Ingress, IngressRule, Meta, RouterObject
from rolloutsim.manifest.traffic_routing import (
    AlbRouting,
    AmbassadorRouting,
    ApisixRouteReference,
    ApisixRouting,
    HeaderMatch,
    IstioRouting,
    ManagedRoute,
    NginxRouting,
    SetHeaderRoute,
    SmiRouting,
    StringMatch,
    TraefikRouting,
    TrafficRouting,
    VirtualServiceReference,
)

MANAGED = (ManagedRoute("first"), ManagedRoute("second"))
TESTERS = (HeaderMatch("X-Test", StringMatch(exact="yes")),)


@dataclass(frozen=True)
class RandomRouter:
    """A router with its objects, and the header routes that steps may set."""

    routing: TrafficRouting
    ingresses: tuple[Ingress, ...] = ()
    routes: tuple[RouterObject, ...] = ()
    header_routes: tuple[SetHeaderRoute, ...] = ()


def random_router(chance: random.Random) -> RandomRouter:
    """nginx half of the time, else one of the others."""
    ingress = Ingress(Meta("web"), "nginx", (IngressRule("web.local", "/", "one"),))
    if chance.random() < 0.5:
        return RandomRouter(TrafficRouting(nginx=NginxRouting("web")), (ingress,))
    names = ("one", "two")
    headers = tuple(SetHeaderRoute(route.name, match) for route in MANAGED for match in (TESTERS, None))
    kind = chance.choice(["istio", "alb", "traefik", "apisix", "ambassador", "gateway", "smi"])
    if kind == "istio":
        spec: dict[str, Any] = {"hosts": ["a"], "http": [{"name": "main", "route": [{"destination": {"host": name}} for name in names]}]}
        routing = TrafficRouting(istio=IstioRouting(VirtualServiceReference("web", ("main",))), managed_routes=MANAGED)
        return RandomRouter(routing, routes=(kinds.VirtualService(Meta("web"), spec),), header_routes=headers)
    if kind == "alb":
        annotations = {f"{ALB_PREFIX}/target-type": chance.choice(["ip", "instance"])}
        rules = (IngressRule("web.local", "/*", "one", "use-annotation", "ImplementationSpecific"),)
        routing = TrafficRouting(alb=AlbRouting(80, "web"), managed_routes=MANAGED)
        return RandomRouter(routing, (Ingress(Meta("web", annotations=annotations), "alb", rules),), header_routes=headers)
    if kind == "traefik":
        spec = {"weighted": {"services": [{"name": name, "port": 80} for name in names]}}
        return RandomRouter(TrafficRouting(traefik=TraefikRouting("web")), routes=(kinds.TraefikService(Meta("web"), spec),))
    if kind == "apisix":
        spec = {"http": [{"name": "web", "backends": [{"serviceName": name} for name in names]}]}
        routing = TrafficRouting(apisix=ApisixRouting(ApisixRouteReference("web")), managed_routes=MANAGED)
        return RandomRouter(routing, routes=(kinds.ApisixRoute(Meta("web"), spec),), header_routes=headers)
    if kind == "ambassador":
        return RandomRouter(
            TrafficRouting(ambassador=AmbassadorRouting(("web",))), routes=(kinds.Mapping(Meta("web"), {"prefix": "/", "service": "one"}),)
        )
    if kind == "gateway":
        spec = {"rules": [{"backendRefs": [{"name": name, "port": 80} for name in names]}]}
        routing = TrafficRouting(plugins={"argoproj-labs/gatewayAPI": {"httpRoute": "web"}}, managed_routes=MANAGED)
        return RandomRouter(routing, routes=(kinds.HTTPRoute(Meta("web"), spec),), header_routes=headers)
    return RandomRouter(TrafficRouting(smi=SmiRouting()))
