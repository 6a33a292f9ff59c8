"""Ports of Services: whether containers listen there, and whether both Services of a Rollout have the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.landscape import Thing
from rolloutsim.diagnostics.subject import Subject

CHECKS = Checks.empty()


def numbers_of(service: Thing) -> set[int]:
    """The ports of a Service by number."""
    return {port["port"] for port in service.list("spec.ports") if isinstance(port, Mapping) and isinstance(port.get("port"), int)}


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
        missing = numbers_of(theirs) - numbers_of(mine)
        if missing:
            yield Hit(mine, "spec.ports", f"{mine.name} has no port {min(missing)}, which {theirs.name} has")
