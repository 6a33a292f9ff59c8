"""Which data plane carries a stream: the one that the scenario names, else the one that the manifests imply, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from rolloutsim.manifest.objects import Ingress, IngressRule, Rollout
from rolloutsim.manifest.router_hosts import host_matches, hosts_of
from rolloutsim.manifest.router_objects import ApisixRoute, HTTPRoute, IngressRoute, Mapping, RouterObject, VirtualService
from rolloutsim.manifest.traffic_routing import AlbRouting
from rolloutsim.scenario import Stream

Via = Literal[
    "service",
    "ingress",
    "canary ingress",
    "virtual service",
    "ingress route",
    "apisix route",
    "mapping",
    "http route",
    "traffic split",
    "load balancer",
]
CLASS_ANNOTATION = "kubernetes.io/ingress.class"


class Choice(NamedTuple):
    """A data plane, what tells it where to send a stream's requests (`via`), the Service or host they are sent to, and why it is this one.

    `ingress` is the Ingress whose load balancer it is.
    """

    plane: str
    via: Via
    target: str
    reason: str
    ingress: str = ""

    @property
    def lag(self) -> str:
        """Whose lag it has: that of the control plane in front of an Envoy, else that of the plane's software."""
        if self.via == "load balancer":
            return "alb/forward"
        control = {"mapping": "emissary", "http route": "gateway-api"}.get(self.via, "")
        return control if control and self.plane.startswith("envoy/") else self.plane


class UnknownClass(ValueError):
    """An Ingress of a class that tells no software."""


class IngressClass(NamedTuple):
    """An ingress controller by a word of its class names, and what it does with the pods of a Service by default."""

    word: str
    plane: str
    source: str


ALB = "alb"
CLASSES = (
    IngressClass("nginx", "ingress-nginx/round_robin", "ingress-nginx --load-balance default round_robin"),
    IngressClass("traefik", "traefik/server_weights_wrr", "Traefik's default strategy for servers is wrr"),
    IngressClass("haproxy", "haproxy/roundrobin", "haproxytech kubernetes-ingress load-balance default roundrobin"),
    IngressClass(ALB, "alb/forward", "AWS load balancer controller"),
    IngressClass("contour", "envoy/endpoint_rr", "Contour's default load balancing policy is RoundRobin"),
    IngressClass("istio", "envoy/endpoint_least_request", "Istio's default for the pods of a Service is LEAST_REQUEST"),
)
NO_CLASS = CLASSES[0]
"""Whose an Ingress without a class is taken to be."""

ROUTES: dict[type[RouterObject], tuple[str, Via, str]] = {
    VirtualService: ("envoy/weighted_clusters", "virtual service", "Istio's proxies are Envoys"),
    IngressRoute: ("traefik/weighted_services", "ingress route", "Traefik takes weighted services in turn (pkg/server/service/loadbalancer/wrr)"),
    ApisixRoute: ("apisix/traffic_split", "apisix route", "APISIX takes backends in turn (plugins/traffic-split.lua, lua-resty-balancer roundrobin)"),
    Mapping: ("envoy/weighted_clusters", "mapping", "Ambassador's (Emissary's) proxy is an Envoy"),
    HTTPRoute: (
        "envoy/weighted_clusters",
        "http route",
        "taken as an Envoy (Envoy Gateway, Istio, Contour, Cilium); name dataPlane for a gateway that is none",
    ),
}
"""What answers for a routing object: the data plane, how it is read, and why."""


def choose(stream: Stream, rollout: Rollout, ingresses: Iterable[Ingress], routes: Iterable[RouterObject]) -> Choice:
    """The data plane of a stream; UnknownClass if neither scenario nor Ingress tells which software it is, LookupError without such a host."""
    found = _implied(stream, rollout, tuple(ingresses), routes)
    if stream.data_plane is not None:
        return found._replace(plane=stream.data_plane, reason="named by the scenario")
    if not found.plane:
        raise UnknownClass(found.reason)
    return found


def _implied(stream: Stream, rollout: Rollout, ingresses: tuple[Ingress, ...], routes: Iterable[RouterObject]) -> Choice:
    kind, _, target = stream.to.partition("/")
    if kind == "service":
        if target == _split_service(rollout):
            why = "trafficRouting.smi splits it inside the mesh; Linkerd draws by weight among the backends that are ready, for each request"
            return Choice("random", "traffic split", target, why)
        return Choice("kube-proxy/iptables", "service", target, "a Service inside the cluster; kube-proxy --proxy-mode default iptables on Linux")
    host = target.partition("/")[0]
    for route in routes:
        if type(route) in ROUTES and any(host_matches(host, pattern) for pattern in hosts_of(route)):
            plane, via, why = ROUTES[type(route)]
            return Choice(plane, via, target, f"{type(route).__name__} {route.meta.name} has the host {host}; {why}")
    ingress, rule = rule_of(target, ingresses)
    canary = rollout.spec.strategy.canary
    routing = canary.traffic_routing if canary is not None else None
    if canary is not None and routing is not None and routing.nginx is not None and rule.service == canary.stable_service:
        why = f"trafficRouting.nginx weighs Ingress {ingress.meta.name}; lua/balancer.lua draws for each request"
        return Choice("ingress-nginx/canary_weight", "canary ingress", rule.service, why)
    if is_alb(ingress, rollout):
        why = f"Ingress {ingress.meta.name} is a load balancer's of AWS; its algorithm is not published, taken as random for each request"
        return Choice("alb/forward", "load balancer", rule.service, why, ingress.meta.name)
    name = ingress_class(ingress)
    if not name:
        return Choice(NO_CLASS.plane, "ingress", rule.service, f"Ingress {ingress.meta.name} has no class, taken as nginx's; {NO_CLASS.source}")
    known = next((known for known in CLASSES if known.word in name.lower()), None)
    if known is None:
        return Choice("", "ingress", rule.service, f"Ingress {ingress.meta.name} has the class {name}")
    return Choice(known.plane, "ingress", rule.service, f"Ingress {ingress.meta.name} has the class {name}; {known.source}")


def _split_service(rollout: Rollout) -> str:
    """The Service that an SMI TrafficSplit of the Rollout splits; "" without one."""
    canary = rollout.spec.strategy.canary
    smi = canary.traffic_routing.smi if canary is not None and canary.traffic_routing is not None else None
    return (smi.root_service or canary.stable_service) if canary is not None and smi is not None else ""


def is_alb(ingress: Ingress, rollout: Rollout) -> bool:
    """Whether the AWS load balancer controller keeps a load balancer for an Ingress: by its class, or because trafficRouting.alb names it."""
    alb = _alb_router(rollout)
    return ALB in ingress_class(ingress).lower() or (alb is not None and ingress.meta.name in alb.names)


def has_alb_router(rollout: Rollout) -> bool:
    """Whether trafficRouting.alb is there."""
    return _alb_router(rollout) is not None


def _alb_router(rollout: Rollout) -> AlbRouting | None:
    canary = rollout.spec.strategy.canary
    return canary.traffic_routing.alb if canary is not None and canary.traffic_routing is not None else None


def is_sticky(rollout: Rollout) -> bool:
    """Whether the ALB router asks for clients that stay with the target group that they were sent to first."""
    alb = _alb_router(rollout)
    return alb is not None and alb.stickiness_config is not None and alb.stickiness_config.enabled


def ingress_class(ingress: Ingress) -> str:
    """The class of an Ingress by its field or, as of old, by annotation; "" without one."""
    return ingress.class_name or ingress.meta.annotations.get(CLASS_ANNOTATION, "")


def rule_of(target: str, ingresses: Iterable[Ingress]) -> tuple[Ingress, IngressRule]:
    """The Ingress and its rule that a request to `HOST[/PATH]` meets: the rule with the longest path that is a prefix of it; LookupError without one."""
    host, _, path = target.partition("/")
    rules = [(ingress, rule) for ingress in ingresses for rule in ingress.rules if rule.host in (host, "")]
    fitting = [found for found in rules if f"/{path}".startswith(found[1].path)] or rules
    if not fitting:
        raise LookupError(host)
    return max(fitting, key=lambda found: (found[1].host == host, len(found[1].path)))
