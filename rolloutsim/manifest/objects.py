"""The Kubernetes and Argo objects as immutable typed values; those of the Rollout itself are in `rollout`.

Annotations that the controllers use as fields (revision, desired-replicas, scale-down-deadline, managed-by) are typed attributes; JSON exists at
the border only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rolloutsim.manifest.analysis import AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate
from rolloutsim.manifest.deployment import Deployment
from rolloutsim.manifest.endpoints import Endpoint, EndpointSlice
from rolloutsim.manifest.experiment import Experiment
from rolloutsim.manifest.load_balancer import LoadBalancer
from rolloutsim.manifest.meta import Meta
from rolloutsim.manifest.pod_template import LabelSelector, PodTemplate
from rolloutsim.manifest.rollout import (
    HASH_LABEL,
    INTERNAL,
    AlbStatus,
    AnalysisHistory,
    BlueGreenStrategy,
    CanaryStrategy,
    Condition,
    Pause,
    PauseCondition,
    Phase,
    PingPong,
    ReplicaProgressThreshold,
    RollbackWindow,
    Rollout,
    RolloutSpec,
    RolloutStatus,
    SetCanaryScale,
    Step,
    Strategy,
    TrafficWeights,
    WeightDestination,
)
from rolloutsim.manifest.router_objects import ApisixRoute, DestinationRule, HTTPRoute, RouterObject, TraefikService, VirtualService

__all__ = [
    "HASH_LABEL",
    "INTERNAL",
    "AlbStatus",
    "AnalysisHistory",
    "AnalysisRun",
    "AnalysisTemplate",
    "ApisixRoute",
    "BlueGreenStrategy",
    "CanaryStrategy",
    "ClusterAnalysisTemplate",
    "Condition",
    "Deployment",
    "DestinationRule",
    "Endpoint",
    "EndpointSlice",
    "Event",
    "Experiment",
    "HTTPRoute",
    "Ingress",
    "IngressRule",
    "LabelSelector",
    "LoadBalancer",
    "Meta",
    "Object",
    "Pause",
    "PauseCondition",
    "Phase",
    "PingPong",
    "Pod",
    "PodTemplate",
    "ReplicaProgressThreshold",
    "ReplicaSet",
    "ReplicaSetStatus",
    "RollbackWindow",
    "Rollout",
    "RolloutSpec",
    "RolloutStatus",
    "RouterObject",
    "Service",
    "SetCanaryScale",
    "Step",
    "Strategy",
    "TraefikService",
    "TrafficWeights",
    "VirtualService",
    "WeightDestination",
]

# --- workloads ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplicaSetStatus:
    """Counters of a ReplicaSet as its controller last wrote them; `replicas` leaves terminating pods out."""

    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    observed_generation: int = 0


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """apps/v1 ReplicaSet of a Rollout; `replicas` is its spec's."""

    meta: Meta
    template: PodTemplate
    pod_hash: str
    replicas: int = 0
    min_ready_seconds: int = 0
    revision: int = 0
    revision_history: tuple[int, ...] = ()
    desired_replicas: int | None = None
    scale_down_deadline_s: float | None = None
    ephemeral_metadata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    status: ReplicaSetStatus = field(default_factory=ReplicaSetStatus)


@dataclass(frozen=True, slots=True)
class Pod:
    """v1 Pod: `word` is what `kubectl get pods` prints for it; `ordinal` counts the pods of a run from 0 and keys its random draws."""

    meta: Meta
    pod_hash: str
    ordinal: int = 0
    images: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    word: str = "Pending"
    containers: int = 1
    ready: bool = False
    ready_since_s: float | None = None
    deleted_s: float | None = None
    restarts: int = 0


# --- networking --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Service:
    """v1 Service; `managed_by` is the annotation `argo-rollouts.argoproj.io/managed-by-rollouts`."""

    meta: Meta
    selector: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[Mapping[str, Any], ...] = ()
    managed_by: str | None = None

    @property
    def pod_hash(self) -> str:
        """The ReplicaSet that the selector pins ("" when it selects any)."""
        return self.selector.get(HASH_LABEL, "")


@dataclass(frozen=True, slots=True)
class IngressRule:
    """One path of a host and the Service behind it."""

    host: str
    path: str
    service: str
    port: int | str | None = None
    path_type: str = "Prefix"


@dataclass(frozen=True, slots=True)
class Ingress:
    """networking.k8s.io/v1 Ingress; its nginx annotations are in `meta.annotations`."""

    meta: Meta
    class_name: str = ""
    rules: tuple[IngressRule, ...] = ()
    default_service: str = ""


Object = (
    Rollout
    | Deployment
    | ReplicaSet
    | Pod
    | Service
    | EndpointSlice
    | Ingress
    | LoadBalancer
    | RouterObject
    | AnalysisTemplate
    | ClusterAnalysisTemplate
    | AnalysisRun
    | Experiment
)


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes event about an object, as the controller's recorder wrote it."""

    on: str
    name: str
    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    count: int = 1
