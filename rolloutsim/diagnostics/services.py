"""Services and Ingresses: whether requests reach the pods, and both versions in the right share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.landscape import WORKLOADS, Landscape, Thing, fits, mappings
from rolloutsim.diagnostics.subject import CANARY, Subject

CHECKS = Checks.empty()
HASH = "rollouts-pod-template-hash"


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


def _container_ports(workload: Thing) -> tuple[set[str], set[int]]:
    base = f"{workload.pod_template}.spec" if workload.pod_template else "spec"
    names: set[str] = set()
    numbers: set[int] = set()
    for container in (*workload.list(f"{base}.containers"), *workload.list(f"{base}.initContainers")):
        ports = container.get("ports") if isinstance(container, Mapping) else None
        for port in ports if isinstance(ports, list) else ():
            if isinstance(port, Mapping):
                names.add(str(port.get("name")))
                number = port.get("containerPort")
                numbers.add(number if isinstance(number, int) else -1)
    return names, numbers


@CHECKS.rollout(
    Diagnostic(
        "RS501",
        "error",
        "a Service leads to a port name that no container has",
        "A targetPort that is a name is looked up in the containers of each pod. Where no container has it, the pod gets no endpoint for that port "
        "and every request fails.",
        "Name the container's port, or give the number as targetPort.",
        "Kubernetes: Services, targetPort",
    )
)
def unnamed_target(subject: Subject) -> Iterator[Hit]:
    """Named target ports without a container port."""
    workload = subject.workload or subject.thing
    names, _ = _container_ports(workload)
    if workload.kind == "Rollout" and subject.thing.has("spec.workloadRef"):
        return
    for service in subject.services_of_its_pods:
        for i, port in enumerate(service.list("spec.ports")):
            target = port.get("targetPort") if isinstance(port, Mapping) else None
            if isinstance(target, str) and not target.isdigit() and target not in names:
                known = ", ".join(sorted(names - {"None"})) or "none"
                yield Hit(service, f"spec.ports[{i}].targetPort", f"targetPort {target} of {service.name}; the containers name {known}")


@CHECKS.rollout(
    Diagnostic(
        "RS502",
        "warning",
        "a Service leads to a port that no container declares",
        "The declared ports of a container are information only, so this may still work. More often the number is wrong, and every connection is refused.",
        "Correct targetPort, or declare the container's port.",
        "Kubernetes: Services, targetPort",
    )
)
def undeclared_target(subject: Subject) -> Iterator[Hit]:
    """Target port numbers that no container declares, where containers declare any."""
    workload = subject.workload or subject.thing
    _, numbers = _container_ports(workload)
    for service in subject.services_of_its_pods if numbers else ():
        for i, port in enumerate(service.list("spec.ports")):
            if not isinstance(port, Mapping):
                continue
            target = port.get("targetPort", port.get("port"))
            if isinstance(target, int) and target not in numbers:
                at = "targetPort" if "targetPort" in port else "port"
                declared = ", ".join(str(number) for number in sorted(numbers))
                yield Hit(service, f"spec.ports[{i}].{at}", f"port {target} of {service.name}; the containers declare {declared}")


@CHECKS.landscape(
    Diagnostic(
        "RS503",
        "warning",
        "a Service that selects no pod",
        "The selector fits the pods of no workload among the manifests, though some of its labels do: probably one of them is misspelt. "
        "Such a Service has no endpoints.",
        "Make the selector a part of the pod labels.",
        "Kubernetes: Services, selectors",
    )
)
def without_pods(landscape: Landscape) -> Iterator[Hit]:
    """Selectors that nearly fit a workload."""
    workloads = landscape.of_kind(*WORKLOADS)
    for service in landscape.of_kind("Service"):
        selector = service.mapping("spec.selector")
        if not selector or any(fits(selector, w.pod_labels) and w.sees(service) for w in workloads):
            continue
        for workload in workloads:
            missing = [key for key, value in selector.items() if key != HASH and str(workload.pod_labels.get(key)) != str(value)]
            if workload.sees(service) and 0 < len(missing) < len(selector):
                has = workload.pod_labels.get(missing[0])
                what = f"{workload.kind} {workload.name} has {missing[0]}: {has}" if has else f"{workload.kind} {workload.name} has no {missing[0]}"
                yield Hit(service, f"spec.selector.{missing[0]}", f"no pod of {service.name}; {what}")
                break


@CHECKS.rollout(
    Diagnostic(
        "RS504",
        "error",
        "users reach only the old version",
        "The controller pins stableService to the old pods and canaryService to the new ones. Without a router nothing moves requests from one to the "
        "other: who comes by the stable Service (or an Ingress to it) sees no canary at any setWeight, and all of the new version at the end.",
        "Lead users to a third Service that selects all pods and is not named in the Rollout, or add trafficRouting.",
        "argo-rollouts rollout/service.go, ensureSVCTargets",
    )
)
def only_stable(subject: Subject) -> Iterator[Hit]:
    """A basic canary with a stable Service, and no other Service for its pods."""
    name = subject.canary.stable_service if subject.canary is not None else ""
    if not subject.is_basic or not name or not any(0 < weight < 100 for _, weight in subject.set_weights()):
        return
    ingresses = [i for i in subject.landscape.of_kind("Ingress") if any(to == name for _, to, _ in backends(i))]
    if ingresses:
        yield subject.hit(f"{CANARY}.stableService", f"Ingress {ingresses[0].name} leads to {name}, which never selects the canary")
    elif subject.service(name) is not None and not subject.other_services:
        yield subject.hit(f"{CANARY}.stableService", f"{name} never selects the canary, and no Service selects both versions")


@CHECKS.rollout(
    Diagnostic(
        "RS505",
        "error",
        "canary and stable are the same Service",
        "The controller pins one Service to the new pods and one to the old ones. One Service cannot be both.",
        "Make two Services with the same selector and ports, and name one in each field.",
        "argo-rollouts pkg/apis/rollouts/validation",
    )
)
def same_service(subject: Subject) -> Iterator[Hit]:
    """Equal names in the two fields."""
    pairs = {"canaryService": "stableService", "previewService": "activeService"}
    for name, other in pairs.items():
        path = f"{subject.strategy}.{name}"
        if subject.thing.text(path) and subject.thing.text(path) == subject.thing.text(f"{subject.strategy}.{other}"):
            yield subject.hit(path, f"{name} and {other} are both {subject.thing.text(path)}")


@CHECKS.rollout(
    Diagnostic(
        "RS506",
        "error",
        "the canary Service lacks a port of the stable one",
        "Routers copy the stable route for the canary and only change the Service's name. A port that only the stable Service has then leads nowhere "
        "for the canary's share. The same holds for preview and active.",
        "Give both Services the same ports.",
        "ingress-nginx and Istio: backends are a Service and a port; argo-rollouts rollout/trafficrouting",
    )
)
def unlike_ports(subject: Subject) -> Iterator[Hit]:
    """Ports of the stable Service that the canary Service has not."""
    for new, old in (("canaryService", "stableService"), ("previewService", "activeService")):
        mine, theirs = (subject.service(subject.thing.text(f"{subject.strategy}.{name}")) for name in (new, old))
        if mine is None or theirs is None or mine is theirs:
            continue
        missing = _ports(theirs) - _ports(mine)
        if missing:
            yield Hit(mine, "spec.ports", f"{mine.name} has no port {min(missing)}, which {theirs.name} has")


def _ports(service: Thing) -> set[int]:
    return {port["port"] for port in service.list("spec.ports") if isinstance(port, Mapping) and isinstance(port.get("port"), int)}


@CHECKS.landscape(
    Diagnostic(
        "RS507",
        "warning",
        "the pod hash is written into a Service",
        "The controller itself sets rollouts-pod-template-hash in the selectors of the Services that it manages. Written into a manifest, every apply "
        "pins the Service back to an old version until the controller notices.",
        "Remove the label from the selector.",
        "argo-rollouts rollout/service.go",
    )
)
def pinned_by_hand(landscape: Landscape) -> Iterator[Hit]:
    """Services with the hash label in their manifest."""
    for service in landscape.of_kind("Service"):
        if HASH in service.mapping("spec.selector"):
            yield Hit(service, f"spec.selector.{HASH}", f"{service.name} is pinned to {service.mapping('spec.selector')[HASH]}")


@CHECKS.rollout(
    Diagnostic(
        "RS508",
        "warning",
        "client affinity keeps users on their version",
        "sessionAffinity: ClientIP sends a client to the pod that it had before. Shares then follow clients, not requests, and move late: a few busy "
        "clients decide what the canary sees.",
        "Leave sessionAffinity out for canaries, or expect shares of clients.",
        "Kubernetes: Services, session affinity",
    )
)
def client_affinity(subject: Subject) -> Iterator[Hit]:
    """Client affinity of a Service in front of a canary."""
    for service in subject.services_of_its_pods if subject.canary is not None else ():
        if service.text("spec.sessionAffinity") == "ClientIP":
            yield Hit(service, "spec.sessionAffinity", f"{service.name} keeps clients on their pod")


@CHECKS.rollout(
    Diagnostic(
        "RS509",
        "warning",
        "pods that are not ready get requests",
        "publishNotReadyAddresses makes endpoints of pods that are not ready: each new pod gets its share of requests while it still starts.",
        "Remove it from the Services that users reach.",
        "Kubernetes: Services, publishNotReadyAddresses",
    )
)
def not_ready_addresses(subject: Subject) -> Iterator[Hit]:
    """Services that publish pods that are not ready."""
    for service in subject.services_of_its_pods:
        if service.get("spec.publishNotReadyAddresses") is True:
            yield Hit(service, "spec.publishNotReadyAddresses", f"{service.name} sends requests to pods that still start")


@CHECKS.rollout(
    Diagnostic(
        "RS510",
        "error",
        "a Service of another namespace",
        "A Rollout's Services are looked up in its own namespace. A Service of that name in another namespace does not count.",
        "Put both into one namespace.",
        "argo-rollouts rollout/controller.go, getReferencedServices",
    )
)
def elsewhere(subject: Subject) -> Iterator[Hit]:
    """Named Services that stand only in another namespace."""
    for path, name in subject.named_services.items():
        found = [s for s in subject.landscape.of_kind("Service") if s.name == name]
        if found and subject.service(name) is None:
            yield subject.hit(path, f"Service {name} is in namespace {found[0].namespace}, the Rollout in {subject.thing.namespace}")


# --- Ingresses -----------------------------------------------------------------------------------------------------------------------


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
    for ingress in subject.landscape.of_kind("Ingress"):
        for path, name, port in backends(ingress):
            service = near.get(name)
            if service is None or not ingress.sees(service) or port.get("name") == "use-annotation":
                continue
            names = {p["name"] for p in mappings(service.get("spec.ports")) if isinstance(p.get("name"), str)}
            number, named = port.get("number"), port.get("name")
            if isinstance(number, int) and number not in _ports(service):
                yield Hit(ingress, f"{path}.port.number", f"port {number} of {name}, which has {', '.join(map(str, sorted(_ports(service))))}")
            elif number is None and isinstance(named, str) and named not in names:
                yield Hit(ingress, f"{path}.port.name", f"port {named!r} of {name}, which names {', '.join(sorted(names)) or 'none'}")
