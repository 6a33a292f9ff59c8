"""What a stream is sent to must be there: a Service, or a host that an Ingress or a router's object answers for."""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.manifest.bundle import Manifests
from rolloutsim.manifest.documents import shown
from rolloutsim.manifest.router_hosts import host_matches, hosts_of, services_of
from rolloutsim.scenario import Stream

Refuse = Callable[[str, str, str, str], None]


def check_target(stream: Stream, path: str, manifests: Manifests, refuse: Refuse) -> None:
    """Add a problem for a target that is not there, or that cannot look at the stream's headers."""
    kind, _, target = stream.to.partition("/")
    services = {service.meta.name for service in manifests.services}
    if kind == "service":
        if target not in services:
            known = ", ".join(sorted(services)) or "none"
            refuse(f"{path}.to", shown(stream.to), f"there is no such Service ({known})", "Name one of the manifests.")
        if stream.headers:
            rule = "nobody between a client and a Service looks at headers"
            refuse(f"{path}.headers", ", ".join(map(shown, stream.headers)), rule, "Send the stream to ingress/HOST, or leave the headers out.")
    elif kind == "ingress":
        _check_host(target.partition("/")[0], path, stream, manifests, services, refuse)
    else:
        refuse(f"{path}.to", shown(stream.to), "`to` is ingress/HOST[/PATH] or service/NAME", "Write it so.")


def _check_host(host: str, path: str, stream: Stream, manifests: Manifests, services: set[str], refuse: Refuse) -> None:
    rules = [rule for ingress in manifests.ingresses for rule in ingress.rules]
    fitting = [rule for rule in rules if rule.host in (host, "")]
    routes = [route for route in manifests.routes if any(host_matches(host, pattern) for pattern in hosts_of(route))]
    if not fitting and not routes:
        known = sorted({rule.host or "*" for rule in rules} | {pattern for route in manifests.routes for pattern in hosts_of(route)})
        rule = f"no Ingress and no router's object has this host ({', '.join(known) or 'none'})"
        refuse(f"{path}.to", shown(stream.to), rule, "Name a host of the manifests.")
    leads = [("the Ingress", rule.service) for rule in fitting if rule.port != "use-annotation"]
    leads += [(f"{type(route).__name__} {route.meta.name}", name) for route in routes for name in services_of(route)]
    for who, name in leads:
        if name not in services:
            refuse(f"{path}.to", f"{who} leads to Service {shown(name)}", "which is not among the manifests", "Add the Service.")
            break
