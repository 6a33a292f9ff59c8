"""Services: which pods they select, and whether both versions are among them."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.ingresses import backends
from rolloutsim.diagnostics.landscape import WORKLOADS, Landscape, fits
from rolloutsim.diagnostics.subject import CANARY, Subject

CHECKS = Checks.empty()
HASH = "rollouts-pod-template-hash"


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
