"""The working state of one pass over a Rollout: roles of its ReplicaSets, pending pauses and aborts, and the operations so far.

A context lives within one pass and is filled in the controller's order (rollout/context.go, rollout/pause.go); nothing of it outlives the pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from rolloutsim.control import defaults
from rolloutsim.control.analysis.runs import Runs
from rolloutsim.control.anti_affinity import without_anti_affinity
from rolloutsim.control.draft import Draft
from rolloutsim.control.hashes import pod_template_hash, step_hash
from rolloutsim.control.observed import Now, Observed
from rolloutsim.control.operations import CreateRoute, DeleteRoute, UpdateReplicaSet, UpdateRoute
from rolloutsim.control.pauses import INCONCLUSIVE_ANALYSIS, Pauses
from rolloutsim.manifest.deployment import WORKLOAD_GENERATION, Deployment
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import (
    HASH_LABEL,
    BlueGreenStrategy,
    CanaryStrategy,
    ReplicaSet,
    Rollout,
    RolloutStatus,
    Service,
    Step,
    WeightDestination,
)
from rolloutsim.manifest.router_objects import DestinationRule, RouterObject
from rolloutsim.manifest.step_plugins import StepPluginStatus
from rolloutsim.manifest.traffic_routing import TrafficRouting

OfRouter = TypeVar("OfRouter", bound=RouterObject)


class Context(Draft):
    """One pass: what was observed, who plays which role, what is decided so far."""

    def __init__(self, observed: Observed, now: Now) -> None:
        super().__init__()
        self.now = now
        self.stored_spec, self.workload = observed.rollout.spec, observed.workload
        self.rollout: Rollout = resolved(observed.rollout, observed.workload)
        self.services = dict(observed.services)
        self.ingresses = dict(observed.ingresses)
        self.routes = dict(observed.routes)
        self.load_balancers, self.endpoint_slices = observed.load_balancers, observed.endpoint_slices
        self.pods = observed.pods
        self.templates = observed.templates
        self.runs = Runs(self.status, observed.analysis_runs)
        self.pauses = Pauses(self.status)
        self.experiments = {experiment.meta.name: experiment for experiment in observed.experiments}
        self.current_experiment = self.experiments.get(self.status.current_experiment)
        self.other_experiments = [e for e in self.experiments.values() if e.meta.name != self.status.current_experiment]
        self.experiment_reference = ""
        self.step_plugins = observed.step_plugins
        self.plugin_statuses: tuple[StepPluginStatus, ...] | None = None  # until the pass comes to them
        self.plugin_error = False
        self.weights = self.rollout.status.weights
        self.albs = self.rollout.status.albs
        self.additional_destinations: tuple[WeightDestination, ...] = ()
        self.restarted_at_s = self.rollout.status.restarted_at_s
        self.all: list[ReplicaSet] = sorted(observed.replica_sets, key=lambda rs: (rs.meta.created_s, rs.meta.name))
        self.template_hash = pod_template_hash(self.rollout.spec.template, self.rollout.status.collision_count)
        self._new = self._found_new()
        self.assign_roles()

    def assign_roles(self) -> None:
        """Tell stable and others apart, given `new` (FindOldReplicaSets, GetStableRS, GetOtherRSs)."""
        stable_hash, new_name = self.rollout.status.stable_rs, self._new.meta.name if self._new else None
        self.older = [rs for rs in self.all if rs.meta.name != new_name]
        self.stable = next((rs for rs in self.all if stable_hash and rs.pod_hash == stable_hash), None)
        stable_name = self.stable.meta.name if self.stable else None
        self.others = [rs for rs in self.older if rs.meta.name != stable_name]

    def _found_new(self) -> ReplicaSet | None:
        """The ReplicaSet with the hash of the template, else one with an equal template (utils/replicaset/replicaset.go, FindNewReplicaSet).

        The hashes differ where `undo` took metadata along that a role had put into the template, as the ReplicaSet's hash does not know of it.
        """
        by_hash = next((rs for rs in self.all if rs.pod_hash == self.template_hash), None)
        if by_hash is not None:
            return by_hash
        wanted = self.rollout.spec.template
        return next((rs for rs in self.all if without_anti_affinity(self.rollout, rs.template) == wanted), None)

    @property
    def has_new(self) -> bool:
        """Whether the template has its ReplicaSet; where it has not, the pass begins by creating it."""
        return self._new is not None

    @property
    def new(self) -> ReplicaSet:
        """The ReplicaSet of the template."""
        assert self._new is not None
        return self._new

    @new.setter
    def new(self, rs: ReplicaSet) -> None:
        self._new = rs

    @property
    def stable_is_another(self) -> bool:
        """Whether there is a stable ReplicaSet, and it is not the new one."""
        return self.stable is not None and self.stable.meta.name != self.new.meta.name

    # --- what the pass asks for ------------------------------------------------------------------------------------------------

    def create_route(self, route: RouterObject) -> None:
        """Create a routing object, and go on as if it were there."""
        self.do(CreateRoute(route))
        self.routes[type(route), route.meta.name] = route

    def update_route(self, route: RouterObject, spec: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> None:
        """Give a routing object another spec (and labels), and go on with it: a second call in one pass sees the first."""
        changes: dict[str, Any] = {"spec": spec} if labels is None else {"spec": spec, "labels": labels}
        self.do(UpdateRoute(type(route), route.meta.name, changes))
        meta = route.meta if labels is None else replace(route.meta, labels=labels)
        self.routes[type(route), route.meta.name] = replace(route, meta=meta, spec=spec)

    def delete_route(self, route: RouterObject) -> None:
        """Delete a routing object."""
        self.do(DeleteRoute(type(route), route.meta.name))
        del self.routes[type(route), route.meta.name]

    def scales_workload(self, when: str) -> bool:
        """Whether `spec.workloadRef.scaleDown` is this one."""
        reference = self.rollout.spec.workload_ref
        return reference is not None and reference.get("scaleDown") == when

    @property
    def annotated(self) -> dict[str, Any]:
        """What an update of the Rollout writes along, as it writes the whole object: the workload's generation in its annotations."""
        return {} if self.workload is None else {"meta": self.rollout.meta}

    def replace_new(self, **changes: Any) -> None:
        """Update the new ReplicaSet and go on with the updated one."""
        self.do(UpdateReplicaSet(self.new.meta.name, changes))
        self.new = replace(self.new, **changes)

    # --- what the pass may ask itself ------------------------------------------------------------------------------------------

    @property
    def status(self) -> RolloutStatus:
        """Status of the Rollout as the pass works with it."""
        return self.rollout.status

    @property
    def replicas(self) -> int:
        """N."""
        return defaults.desired_replicas(self.rollout.spec)

    @property
    def canary(self) -> CanaryStrategy:
        """The canary strategy of a Rollout that has one."""
        assert self.rollout.spec.strategy.canary is not None
        return self.rollout.spec.strategy.canary

    @property
    def blue_green(self) -> BlueGreenStrategy:
        """The blue-green strategy of a Rollout that has one."""
        assert self.rollout.spec.strategy.blue_green is not None
        return self.rollout.spec.strategy.blue_green

    @property
    def steps(self) -> tuple[Step, ...]:
        """The canary steps."""
        canary = self.rollout.spec.strategy.canary
        return canary.steps if canary is not None else ()

    @property
    def step_index(self) -> int:
        """currentStepIndex, 0 when unset."""
        return self.status.current_step_index or 0

    @property
    def step(self) -> Step | None:
        """The current step; None without steps or past the last."""
        return self.steps[self.step_index] if self.step_index < len(self.steps) else None

    @property
    def step_hash(self) -> str:
        """Digest of the steps; "" in blue-green."""
        canary = self.rollout.spec.strategy.canary
        return step_hash(canary.steps if canary is not None else None)

    @property
    def is_aborted(self) -> bool:
        """Whether the pass works on an aborted rollout (pauseContext.IsAborted)."""
        return self.pauses.is_aborted

    @property
    def is_paused(self) -> bool:
        """Whether the Rollout was paused when the pass began, by the controller or by a user."""
        return bool(self.status.pause_conditions) or self.rollout.spec.paused

    @property
    def is_halted(self) -> bool:
        """Whether all progress is held: spec.paused, or an inconclusive analysis (rollout/context.go, haltProgress)."""
        return self.rollout.spec.paused or self.pauses.has(INCONCLUSIVE_ANALYSIS)

    @property
    def is_fully_promoted(self) -> bool:
        """Whether the stored stable ReplicaSet is the stored current one."""
        return self.status.stable_rs == self.status.current_pod_hash

    @property
    def template_changed(self) -> bool:
        """Whether the pod template is not the one of the stored currentPodHash (CheckPodSpecChange)."""
        return self.status.current_pod_hash not in ("", self.new.pod_hash)

    @property
    def steps_changed(self) -> bool:
        """Whether the steps are not those of the stored currentStepHash."""
        return self.rollout.spec.strategy.canary is not None and self.status.current_step_hash != self.step_hash

    @property
    def is_within_rollback_window(self) -> bool:
        """Whether new is an older, close enough ReplicaSet than stable (rollout/sync.go, isRollbackWithinWindow; whole seconds)."""
        window, new, stable = self.rollout.spec.rollback_window, self.new, self.stable
        if stable is None or window is None or window.revisions <= 0:
            return False
        first, last = self._second(new), self._second(stable)
        return first < last and sum(first < self._second(rs) < last for rs in self.all) < window.revisions

    def _second(self, rs: ReplicaSet) -> float:
        return Now(rs.meta.created_s, self.now.fraction_s).whole_s

    @property
    def max_weight(self) -> int:
        """M."""
        return defaults.max_weight(self.rollout.spec)

    @property
    def routing(self) -> TrafficRouting | None:
        """`strategy.canary.trafficRouting`."""
        canary = self.rollout.spec.strategy.canary
        return canary.traffic_routing if canary is not None else None

    @property
    def needs_restart(self) -> bool:
        """Whether spec.restartAt has come and was not carried out (utils/replicaset, NeedsRestart)."""
        at_s = self.rollout.spec.restart_at_s
        return at_s is not None and self.now.s > at_s and at_s != self.status.restarted_at_s

    def subset_hashes(self) -> set[str]:
        """Pod template hashes that the Istio DestinationRule's subsets select."""
        istio = self.routing.istio if self.routing is not None else None
        rule = istio.destination_rule if istio is not None else None
        found = self.route(DestinationRule, rule.name) if rule is not None else None
        subsets = found.spec.get("subsets") or () if found else ()
        return {subset.get("labels", {}).get(HASH_LABEL, "") for subset in subsets} - {""}

    def route(self, kind: type[OfRouter], name: str) -> OfRouter | None:
        """A routing object by name, as the pass has seen or written it; None if it is not there."""
        return cast("OfRouter | None", self.routes.get((kind, name)))

    def service(self, name: str) -> Service:
        """A Service that the spec names; it is there, as the spec is invalid without it (GetReferencedServices)."""
        return self.services[name]


def by_revision_descending(replica_sets: Sequence[ReplicaSet]) -> list[ReplicaSet]:
    """Newest revision first."""
    return sorted(replica_sets, key=lambda rs: rs.revision, reverse=True)


def resolved(rollout: Rollout, workload: Deployment | None) -> Rollout:
    """The copy of a Rollout that a pass works with: template, selector if it has none, and generation are its workload's (templateref.go, Resolve)."""
    if workload is None:
        return rollout
    spec = rollout.spec
    selector = spec.selector if spec.selector.match_labels or spec.selector.match_expressions else workload.selector
    annotations = {**rollout.meta.annotations, WORKLOAD_GENERATION: str(workload.meta.generation)}
    return replace(rollout, meta=replace(rollout.meta, annotations=annotations), spec=replace(spec, template=workload.template, selector=selector))
