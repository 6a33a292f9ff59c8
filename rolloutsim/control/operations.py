"""What a pass may ask of the cluster: writes in the order in which the controller makes them, and the events it emits between them.

The world applies them one after another and stops at the first that fails, as the real controller does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rolloutsim.manifest.objects import AnalysisRun, Experiment, Ingress, ReplicaSet, RouterObject, Service

Changes = Mapping[str, Any]
"""Attributes of the typed object to replace."""


@dataclass(frozen=True, slots=True)
class CreateReplicaSet:
    """Create a ReplicaSet; AlreadyExists is not an error of the pass."""

    replica_set: ReplicaSet


@dataclass(frozen=True, slots=True)
class UpdateReplicaSet:
    """Replace a ReplicaSet that was read or written by this pass; conflicts when it changed meanwhile."""

    name: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class PatchReplicaSet:
    """Change attributes of a ReplicaSet whatever its resourceVersion."""

    name: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class DeleteReplicaSet:
    """Delete a ReplicaSet."""

    name: str


@dataclass(frozen=True, slots=True)
class UpdateRollout:
    """Replace the Rollout (its revision annotation, its normalised spec); conflicts when it changed meanwhile."""

    changes: Changes


@dataclass(frozen=True, slots=True)
class UpdateRolloutStatus:
    """Replace the Rollout's status; conflicts when it changed meanwhile."""

    changes: Changes


@dataclass(frozen=True, slots=True)
class PatchRolloutStatus:
    """Merge-patch the Rollout's status: the attributes that differ from what the pass read."""

    changes: Changes


@dataclass(frozen=True, slots=True)
class PatchService:
    """Pin a Service's selector to a ReplicaSet and mark it as managed."""

    name: str
    pod_hash: str
    managed_by: str


@dataclass(frozen=True, slots=True)
class CreateRoute:
    """Create a routing object: a canary Ingress, a TrafficSplit, a canary Mapping."""

    route: Ingress | RouterObject


@dataclass(frozen=True, slots=True)
class UpdateRoute:
    """Change a routing object: an Ingress' annotations or rules, spec and labels of any other."""

    kind: type[Ingress] | type[RouterObject]
    name: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class DeleteRoute:
    """Delete a routing object."""

    kind: type[RouterObject]
    name: str


@dataclass(frozen=True, slots=True)
class Sleep:
    """Stand still for so long before the next operation."""

    seconds: float


@dataclass(frozen=True, slots=True)
class CreateAnalysisRun:
    """Create an AnalysisRun."""

    run: AnalysisRun


@dataclass(frozen=True, slots=True)
class TerminateAnalysisRun:
    """Ask an AnalysisRun to stop."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteAnalysisRun:
    """Delete an AnalysisRun."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateExperiment:
    """Create an Experiment."""

    experiment: Experiment


@dataclass(frozen=True, slots=True)
class TerminateExperiment:
    """Ask an Experiment to stop."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteExperiment:
    """Delete an Experiment."""

    name: str


@dataclass(frozen=True, slots=True)
class PatchExperimentStatus:
    """Merge-patch an Experiment's status: the attributes that differ from what the pass read."""

    changes: Changes


@dataclass(frozen=True, slots=True)
class CreateService:
    """Create the Service of an Experiment's template."""

    service: Service


@dataclass(frozen=True, slots=True)
class DeleteService:
    """Delete a Service."""

    name: str


@dataclass(frozen=True, slots=True)
class RelabelPods:
    """Give the pods of a ReplicaSet these labels, in place."""

    replica_set: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EvictPod:
    """Evict a pod."""

    name: str


@dataclass(frozen=True, slots=True)
class ScaleWorkload:
    """Give the Deployment that a Rollout refers to so many replicas."""

    name: str
    replicas: int


@dataclass(frozen=True, slots=True)
class Emit:
    """Emit an event about the object of the pass, or about the Rollout that owns it."""

    reason: str
    message: str
    type: Literal["Normal", "Warning"] = "Normal"
    about_owner: bool = False


Operation = (
    CreateReplicaSet
    | UpdateReplicaSet
    | PatchReplicaSet
    | DeleteReplicaSet
    | UpdateRollout
    | UpdateRolloutStatus
    | PatchRolloutStatus
    | PatchService
    | CreateRoute
    | UpdateRoute
    | DeleteRoute
    | Sleep
    | CreateAnalysisRun
    | TerminateAnalysisRun
    | DeleteAnalysisRun
    | CreateExperiment
    | TerminateExperiment
    | DeleteExperiment
    | PatchExperimentStatus
    | CreateService
    | DeleteService
    | RelabelPods
    | EvictPod
    | ScaleWorkload
    | Emit
)


@dataclass(frozen=True, slots=True)
class Pass:
    """The outcome of one look: `operations` in order, the next instant to look again (None: only when something changes), and an error.

    `requeue` asks for another look through the rate limiter; an error does so, too.
    """

    operations: tuple[Operation, ...] = ()
    wake_up_at_s: float | None = None
    requeue: bool = False
    error: str | None = None
