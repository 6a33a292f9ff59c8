"""The Rollout as immutable typed values: metadata, spec and status.

Names are those of the API in snake case; instants are seconds from the start of the simulation (`_s`, float).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rolloutsim.manifest.analysis import RolloutAnalysis, RunReference
from rolloutsim.manifest.experiment import ExperimentStep
from rolloutsim.manifest.meta import Meta
from rolloutsim.manifest.pod_template import LabelSelector, PodTemplate
from rolloutsim.manifest.step_plugins import PluginStep, StepPluginStatus
from rolloutsim.manifest.traffic_routing import SetHeaderRoute, SetMirrorRoute, TrafficRouting
from rolloutsim.quantities import IntOrString

HASH_LABEL = "rollouts-pod-template-hash"

INTERNAL = {"internal": True}
"""Marks a field that no manifest can set."""

Phase = Literal["Progressing", "Paused", "Healthy", "Degraded"]


# --- Rollout: spec -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause step; without `duration` it waits for a promote. `duration` is kept as written (int seconds or text)."""

    duration: IntOrString | None = None


@dataclass(frozen=True, slots=True)
class SetCanaryScale:
    """An explicit canary size: replicas, a weight, or back to the traffic weight."""

    replicas: int | None = None
    weight: int | None = None
    match_traffic_weight: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One canary step; exactly one of its fields is set in a sensible manifest, but the API allows some combinations."""

    set_weight: int | None = None
    pause: Pause | None = None
    set_canary_scale: SetCanaryScale | None = None
    set_header_route: SetHeaderRoute | None = None
    set_mirror_route: SetMirrorRoute | None = None
    experiment: ExperimentStep | None = None
    analysis: RolloutAnalysis | None = None
    plugin: PluginStep | None = None


@dataclass(frozen=True, slots=True)
class ReplicaProgressThreshold:
    """How much of a step's canary must be available: `Percent` or `Pods`."""

    type: str
    value: int


@dataclass(frozen=True, slots=True)
class PingPong:
    """The two Services that take turns as stable and canary."""

    ping_service: str = ""
    pong_service: str = ""


@dataclass(frozen=True, slots=True)
class CanaryStrategy:
    """`spec.strategy.canary`."""

    steps: tuple[Step, ...] = ()
    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None
    canary_service: str = ""
    stable_service: str = ""
    traffic_routing: TrafficRouting | None = None
    scale_down_delay_seconds: int | None = None
    scale_down_delay_revision_limit: int | None = None
    abort_scale_down_delay_seconds: int | None = None
    dynamic_stable_scale: bool = False
    min_pods_per_replica_set: int | None = None
    replica_progress_threshold: ReplicaProgressThreshold | None = None
    ping_pong: PingPong | None = None
    analysis: RolloutAnalysis | None = None
    anti_affinity: Mapping[str, Any] | None = None
    canary_metadata: Mapping[str, Any] | None = None
    stable_metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BlueGreenStrategy:
    """`spec.strategy.blueGreen`."""

    active_service: str = ""
    preview_service: str = ""
    preview_replica_count: int | None = None
    auto_promotion_enabled: bool | None = None
    auto_promotion_seconds: int = 0
    scale_down_delay_seconds: int | None = None
    scale_down_delay_revision_limit: int | None = None
    abort_scale_down_delay_seconds: int | None = None
    max_unavailable: IntOrString | None = None
    pre_promotion_analysis: RolloutAnalysis | None = None
    post_promotion_analysis: RolloutAnalysis | None = None
    anti_affinity: Mapping[str, Any] | None = None
    active_metadata: Mapping[str, Any] | None = None
    preview_metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Strategy:
    """Canary or blue-green; exactly one is set in a valid Rollout."""

    canary: CanaryStrategy | None = None
    blue_green: BlueGreenStrategy | None = None


@dataclass(frozen=True, slots=True)
class RollbackWindow:
    """How many revisions back a rollback skips its steps."""

    revisions: int = 0


@dataclass(frozen=True, slots=True)
class AnalysisHistory:
    """`spec.analysis`: how many finished runs and experiments are kept."""

    successful_run_history_limit: int | None = None
    unsuccessful_run_history_limit: int | None = None


@dataclass(frozen=True, slots=True)
class RolloutSpec:
    """`spec` of a Rollout; absent values are None where the controller tells absent from default (defaults: control/defaults.py).

    `restart_at` is what a manifest or an edit says, `restart_at_s` that instant, or the one that a restart command set, in simulation time.
    """

    replicas: int | None = None
    selector: LabelSelector = field(default_factory=LabelSelector)
    template: PodTemplate = field(default_factory=PodTemplate)
    strategy: Strategy = field(default_factory=Strategy)
    min_ready_seconds: int = 0
    revision_history_limit: int | None = None
    progress_deadline_seconds: int | None = None
    progress_deadline_abort: bool = False
    paused: bool = False
    restart_at: str | None = None
    restart_at_s: float | None = field(default=None, metadata=INTERNAL)
    rollback_window: RollbackWindow | None = None
    analysis: AnalysisHistory | None = None
    workload_ref: Mapping[str, Any] | None = None


# --- Rollout: status ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of `status.conditions`; the two instants are whole wall-clock seconds, in simulation time."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    last_update_s: float = 0.0
    last_transition_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PauseCondition:
    """Why the controller holds a rollout, and since when (a whole wall-clock second, in simulation time)."""

    reason: str
    start_s: float


@dataclass(frozen=True, slots=True)
class WeightDestination:
    """A destination of traffic as the controller recorded it."""

    weight: int
    pod_template_hash: str = ""
    service_name: str = ""


@dataclass(frozen=True, slots=True)
class TrafficWeights:
    """`status.canary.weights`."""

    canary: WeightDestination
    stable: WeightDestination
    additional: tuple[WeightDestination, ...] = ()
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class AlbStatus:
    """An entry of `status.albs`: the load balancer of an Ingress and its two target groups, as AWS names them."""

    ingress: str = ""
    load_balancer: str = ""
    canary_target_group: str = ""
    stable_target_group: str = ""


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """`status` of a Rollout, flattened: `active_selector` is `status.blueGreen.activeSelector`, and so on."""

    observed_generation: int | None = None
    phase: Phase | None = None
    message: str = ""
    current_step_index: int | None = None
    current_step_hash: str = ""
    current_pod_hash: str = ""
    stable_rs: str = ""
    abort: bool = False
    aborted_at_s: float | None = None
    promote_full: bool = False
    controller_pause: bool = False
    pause_conditions: tuple[PauseCondition, ...] = ()
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    hpa_replicas: int = 0
    conditions: tuple[Condition, ...] = ()
    restarted_at_s: float | None = None
    weights: TrafficWeights | None = None
    stable_ping_pong: str = ""
    albs: tuple[AlbStatus, ...] | None = None
    active_selector: str = ""
    preview_selector: str = ""
    scale_up_preview_check_point: bool = False
    step_run: RunReference | None = None
    background_run: RunReference | None = None
    pre_promotion_run: RunReference | None = None
    post_promotion_run: RunReference | None = None
    current_experiment: str = ""
    step_plugins: tuple[StepPluginStatus, ...] = ()
    collision_count: int | None = None
    workload_observed_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """argoproj.io/v1alpha1 Rollout; `revision` is its annotation `rollout.argoproj.io/revision` (0: none yet).

    `normalised` tells whether the controller has written the spec back once, which raises the generation of a fresh Rollout to 2.
    """

    meta: Meta
    spec: RolloutSpec
    status: RolloutStatus = field(default_factory=RolloutStatus)
    revision: int = 0
    normalised: bool = False

    def stable_and_canary(self, *, prefer_ping_pong: bool = False) -> tuple[str, str]:
        """The Services that a router tells stable and canary by: the ping-pong pair where it is preferred, or where there are no others.

        Source: rollout/trafficrouting/service_helper.go, GetStableAndCanaryServices. ("", "") without a canary strategy.
        """
        canary = self.spec.strategy.canary or CanaryStrategy()
        pair = canary.ping_pong
        if pair is not None and (prefer_ping_pong or not (canary.stable_service or canary.canary_service)):
            stable_is_ping = self.status.stable_ping_pong == "ping"
            return (pair.ping_service, pair.pong_service) if stable_is_ping else (pair.pong_service, pair.ping_service)
        return canary.stable_service, canary.canary_service
