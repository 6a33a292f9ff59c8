"""Ingresses: where their rules lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.landscape import Thing, mappings
from rolloutsim.diagnostics.service_ports import numbers_of
from rolloutsim.diagnostics.subject import CANARY, Subject

CHECKS = Checks.empty()


def backends(ingress: Thing) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(path, Service name, port) of every backend of an Ingress."""
    found = ["spec.defaultBackend"]
    for i, rule in enumerate(ingress.list("spec.rules")):
        http = rule.get("http") if isinstance(rule, Mapping) else None
        paths = http.get("paths") if isinstance(http, Mapping) else None
        found += [f"spec.rules[{i}].http.paths[{k}].backend" for k in range(len(paths) if isinstance(paths, list) else 0)]
    for path in found:
        if name := ingress.text(f"{path}.service.name"):
            yield f"{path}.service", name, ingress.mapping(f"{path}.service.port")


def _stable_ingresses(subject: Subject) -> list[tuple[str, str]]:
    base = f"{CANARY}.trafficRouting.nginx"
    names = [(f"{base}.stableIngress", subject.thing.text(f"{base}.stableIngress"))]
    names += [(f"{base}.stableIngresses[{i}]", str(name)) for i, name in enumerate(subject.thing.list(f"{base}.stableIngresses"))]
    return [(path, name) for path, name in names if name]


@CHECKS.rollout(
    Diagnostic(
        "RS511",
        "error",
        "the Ingress has no rule for the stable Service",
        "The controller copies the rules of the stable Ingress that lead to stableService. Without one there is nothing to split.",
        "Lead a rule of the Ingress to stableService, or name the Ingress that does.",
        "argo-rollouts pkg/apis/rollouts/validation, validation_references.go",
    )
)
def no_rule(subject: Subject) -> Iterator[Hit]:
    """Stable Ingresses without a backend that is the stable Service."""
    stable = subject.canary.stable_service if subject.canary is not None else ""
    for _, name in _stable_ingresses(subject):
        ingress = subject.landscape.near(subject.thing, "Ingress", name)
        if ingress is not None and stable:
            found = sorted({to for path, to, _ in backends(ingress) if ".rules[" in path})
            if stable not in found:
                yield Hit(ingress, "spec.rules", f"{name} leads to {', '.join(found) or 'no Service'}, not to {stable}")


@CHECKS.rollout(
    Diagnostic(
        "RS512",
        "warning",
        "users are led straight to the canary Service",
        "An Ingress that names the canary (or preview) Service itself sends everybody who uses it to the new version, whatever the weight; between "
        "updates the canary Service selects the stable pods.",
        "Lead users to the stable Service; the controller makes the canary's Ingress itself.",
        "argo-rollouts rollout/trafficrouting/nginx/nginx.go",
    )
)
def straight_to_canary(subject: Subject) -> Iterator[Hit]:
    """Rules of the stable Ingress that lead to the canary Service."""
    canary = subject.canary.canary_service if subject.canary is not None else ""
    for _, name in _stable_ingresses(subject) if canary else ():
        ingress = subject.landscape.near(subject.thing, "Ingress", name)
        for path, to, _ in backends(ingress) if ingress is not None else ():
            if to == canary and ingress is not None:
                yield Hit(ingress, f"{path}.name", f"{name} leads to {canary}")


@CHECKS.rollout(
    Diagnostic(
        "RS513",
        "warning",
        "the Ingress is not ingress-nginx's",
        "trafficRouting.nginx makes a second Ingress with annotations that only ingress-nginx reads. Another controller takes it for an ordinary "
        "Ingress of the same host, and no weight is kept.",
        "Use ingressClassName: nginx, or the router that serves this Ingress.",
        "argo-rollouts rollout/trafficrouting/nginx/nginx.go",
    )
)
def other_class(subject: Subject) -> Iterator[Hit]:
    """A stable Ingress of a class that names another controller."""
    others = ("alb", "traefik", "haproxy", "kong", "contour", "istio", "gce", "azure")
    for _, name in _stable_ingresses(subject):
        ingress = subject.landscape.near(subject.thing, "Ingress", name)
        found = ingress.text("spec.ingressClassName") if ingress is not None else ""
        if ingress is not None and any(found.startswith(other) for other in others):
            yield Hit(ingress, "spec.ingressClassName", f"class {found} with trafficRouting.nginx")


@CHECKS.rollout(
    Diagnostic(
        "RS514",
        "error",
        "the stable Ingress is itself a canary",
        "The controller makes the canary Ingress as a copy of the stable one. A stable Ingress with the annotation canary: true is none: "
        "ingress-nginx serves it only beside a main Ingress.",
        "Remove the canary annotations from the stable Ingress.",
        "ingress-nginx annotations; argo-rollouts rollout/trafficrouting/nginx/nginx.go",
    )
)
def canary_annotations(subject: Subject) -> Iterator[Hit]:
    """Canary annotations on a stable Ingress."""
    for _, name in _stable_ingresses(subject):
        ingress = subject.landscape.near(subject.thing, "Ingress", name)
        key = "nginx.ingress.kubernetes.io/canary"
        if ingress is not None and str(ingress.mapping("metadata.annotations").get(key)) == "true":
            yield Hit(ingress, f"metadata.annotations.{key}", f"{name} is annotated as a canary")


@CHECKS.rollout(
    Diagnostic(
        "RS515",
        "error",
        "an Ingress names a port that the Service has not",
        "The backend of an Ingress is a Service and one of its ports, by name or number. Another port leads nowhere.",
        "Correct the port of the backend, or add it to the Service.",
        "Kubernetes: Ingress backends",
    )
)
def unknown_backend_port(subject: Subject) -> Iterator[Hit]:
    """Backends whose port the Service does not have."""
    near = {service.name: service for service in subject.services_of_its_pods}
    for ingress in subject.landscape.of_kind("Ingress") if near else ():
        for path, name, port in backends(ingress) if ingress.sees(subject.thing) else ():
            service = near.get(name)
            if service is None or not ingress.sees(service) or port.get("name") == "use-annotation":
                continue
            names = {p["name"] for p in mappings(service.get("spec.ports")) if isinstance(p.get("name"), str)}
            number, named = port.get("number"), port.get("name")
            if isinstance(number, int) and number not in numbers_of(service):
                yield Hit(ingress, f"{path}.port.number", f"port {number} of {name}, which has {', '.join(map(str, sorted(numbers_of(service))))}")
            elif number is None and isinstance(named, str) and named not in names:
                yield Hit(ingress, f"{path}.port.name", f"port {named!r} of {name}, which names {', '.join(sorted(names)) or 'none'}")
