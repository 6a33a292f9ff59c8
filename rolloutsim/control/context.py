"""The working state of one pass over a Rollout: roles of its ReplicaSets, pending pauses and aborts, and the operations so far.

A context lives within one pass and is filled in the controller's order (rollout/context.go, rollout/pause.go); nothing of it outlives the pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, cast

from rolloutsim.control import defaults
from rolloutsim.control.hashes import pod_template_hash, step_hash
from rolloutsim.control.observed import Now, Observed
from rolloutsim.control.operations import CreateRoute, DeleteRoute, Emit, Operation, Pass, UpdateReplicaSet, UpdateRoute
from rolloutsim.manifest.analysis import SUCCESSFUL, AnalysisRun, RunReference
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import (
    HASH_LABEL,
    AnalysisHistory,
    Experiment,
    PauseCondition,
    ReplicaSet,
    Rollout,
    RolloutStatus,
    Service,
    Step,
    WeightDestination,
)
from rolloutsim.manifest.router_objects import DestinationRule, RouterObject
from rolloutsim.manifest.traffic_routing import TrafficRouting

Finished = TypeVar("Finished", AnalysisRun, Experiment)
OfRouter = TypeVar("OfRouter", bound=RouterObject)

CANARY_PAUSE = "CanaryPauseStep"
BLUE_GREEN_PAUSE = "BlueGreenPause"
INCONCLUSIVE_ANALYSIS = "InconclusiveAnalysisRun"
INCONCLUSIVE_EXPERIMENT = "InconclusiveExperiment"
RUN_FIELDS = {
    "Step": "step_run",
    "Background": "background_run",
    "PrePromotion": "pre_promotion_run",
    "PostPromotion": "post_promotion_run",
}
"""Kind of an AnalysisRun (label rollout-type) -> attribute of the Rollout's status that refers to it."""


class PassFailed(Exception):
    """The pass cannot go on; what it has asked for so far stands, and the error makes the controller look again."""


class Context:
    """One pass: what was observed, who plays which role, what is decided so far."""

    def __init__(self, observed: Observed, now: Now) -> None:
        self.now = now
        self.rollout: Rollout = observed.rollout
        self.services = dict(observed.services)
        self.ingresses = dict(observed.ingresses)
        self.routes = dict(observed.routes)
        self.load_balancers, self.endpoint_slices = observed.load_balancers, observed.endpoint_slices
        self.pods = observed.pods
        self.templates = observed.templates
        self.analysis_runs = {run.meta.name: run for run in observed.analysis_runs}
        self.current_runs, self.other_runs = self._sorted_runs()
        self.references: dict[str, RunReference] = {}
        self.experiments = {experiment.meta.name: experiment for experiment in observed.experiments}
        self.current_experiment = self.experiments.get(self.status.current_experiment)
        self.other_experiments = [e for e in self.experiments.values() if e.meta.name != self.status.current_experiment]
        self.experiment_reference = ""
        self.weights = self.rollout.status.weights
        self.albs = self.rollout.status.albs
        self.additional_destinations: tuple[WeightDestination, ...] = ()
        self.restarted_at_s = self.rollout.status.restarted_at_s
        self.all: list[ReplicaSet] = sorted(observed.replica_sets, key=lambda rs: (rs.meta.created_s, rs.meta.name))
        self.template_hash = pod_template_hash(self.rollout.spec.template, self.rollout.status.collision_count)
        self.operations: list[Operation] = []
        self.wake_up_at_s: float | None = None
        self.requeue = False
        # rollout/pause.go: pauseContext
        self.added_pauses: list[str] = []
        self.removed_pauses: set[str] = set()
        self.clear_pauses = False
        self.add_abort = False
        self.remove_abort = False
        self.abort_message = ""
        self.new = next((rs for rs in self.all if rs.pod_hash == self.template_hash), None)
        self.assign_roles()

    def assign_roles(self) -> None:
        """Tell stable and others apart, given `new` (FindOldReplicaSets, GetStableRS, GetOtherRSs)."""
        stable_hash, new_name = self.rollout.status.stable_rs, self.new.meta.name if self.new else None
        self.older = [rs for rs in self.all if rs.meta.name != new_name]
        self.stable = next((rs for rs in self.all if stable_hash and rs.pod_hash == stable_hash), None)
        stable_name = self.stable.meta.name if self.stable else None
        self.others = [rs for rs in self.older if rs.meta.name != stable_name]

    def _sorted_runs(self) -> tuple[dict[str, AnalysisRun], list[AnalysisRun]]:
        """Runs that the status refers to, by kind, and the others (FilterCurrentRolloutAnalysisRuns)."""
        current: dict[str, AnalysisRun] = {}
        others: list[AnalysisRun] = []
        names = {reference.name: kind for kind in RUN_FIELDS if (reference := self.reference_of(kind)) is not None}
        for run in self.analysis_runs.values():
            if run.meta.name in names:
                current[names[run.meta.name]] = run
            else:
                others.append(run)
        return current, others

    def reference_of(self, kind: str) -> RunReference | None:
        """What the stored status says of the run of a kind."""
        found: RunReference | None = getattr(self.status, RUN_FIELDS[kind])
        return found

    def report_runs(self, current: Mapping[str, AnalysisRun]) -> None:
        """Make these the current runs, and have the status say so (SetCurrentAnalysisRuns)."""
        self.current_runs = dict(current)
        self.references = {RUN_FIELDS[kind]: RunReference(r.meta.name, r.status.phase, r.status.message) for kind, r in current.items()}

    def beyond_history(self, others: Sequence[Finished]) -> Iterator[Finished]:
        """Old runs or Experiments to delete: those without a ReplicaSet, and of the finished ones all but the newest of each outcome."""
        history = self.rollout.spec.analysis or AnalysisHistory()
        given = (history.successful_run_history_limit, history.unsuccessful_run_history_limit)
        left = [defaults.RUN_HISTORY_LIMIT if limit is None else limit for limit in given]
        known = {rs.pod_hash for rs in self.all}
        for one in sorted(others, key=lambda one: one.meta.created_s, reverse=True):
            goes = one.meta.labels.get(HASH_LABEL) not in known
            if not goes and one.is_completed:
                side = 0 if one.status.phase == SUCCESSFUL else 1
                left[side] -= 1
                goes = left[side] < 0
            if goes:
                yield one

    # --- what the pass asks for ------------------------------------------------------------------------------------------------

    def do(self, operation: Operation) -> None:
        """Append an operation."""
        self.operations.append(operation)

    def emit(self, reason: str, message: str, type_: Literal["Normal", "Warning"] = "Normal") -> None:
        """Append an event about the Rollout."""
        self.operations.append(Emit(reason, message, type_))

    def wake_up(self, at_s: float) -> None:
        """Look again at `at_s`, or earlier; the work queue keeps the soonest of several."""
        if self.wake_up_at_s is None or at_s < self.wake_up_at_s:
            self.wake_up_at_s = at_s

    def result(self, error: str | None = None) -> Pass:
        """The pass as decided."""
        return Pass(tuple(self.operations), self.wake_up_at_s, self.requeue, error)

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

    def replace_new(self, **changes: Any) -> None:
        """Update the new ReplicaSet and go on with the updated one."""
        assert self.new is not None
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

    def pause_condition(self, reason: str) -> PauseCondition | None:
        """The stored pause condition of a reason."""
        return next((c for c in self.status.pause_conditions if c.reason == reason), None)

    @property
    def is_aborted(self) -> bool:
        """Whether the pass works on an aborted rollout (pauseContext.IsAborted)."""
        return not self.remove_abort and (self.add_abort or self.status.abort)

    @property
    def is_paused(self) -> bool:
        """Whether the Rollout was paused when the pass began, by the controller or by a user."""
        return bool(self.status.pause_conditions) or self.rollout.spec.paused

    @property
    def is_halted(self) -> bool:
        """Whether all progress is held: spec.paused, or an inconclusive analysis (rollout/context.go, haltProgress)."""
        return self.rollout.spec.paused or self.pause_condition(INCONCLUSIVE_ANALYSIS) is not None

    @property
    def is_fully_promoted(self) -> bool:
        """Whether the stored stable ReplicaSet is the stored current one."""
        return self.status.stable_rs == self.status.current_pod_hash

    @property
    def template_changed(self) -> bool:
        """Whether the pod template is not the one of the stored currentPodHash (CheckPodSpecChange)."""
        found = self.new.pod_hash if self.new else self.template_hash
        return self.status.current_pod_hash not in ("", found)

    @property
    def steps_changed(self) -> bool:
        """Whether the steps are not those of the stored currentStepHash."""
        return self.rollout.spec.strategy.canary is not None and self.status.current_step_hash != self.step_hash

    @property
    def is_within_rollback_window(self) -> bool:
        """Whether new is an older, close enough ReplicaSet than stable (rollout/sync.go, isRollbackWithinWindow; whole seconds)."""
        window, new, stable = self.rollout.spec.rollback_window, self.new, self.stable
        if new is None or stable is None or window is None or window.revisions <= 0:
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
        """A Service of the cache; the pass fails without it."""
        if name not in self.services:
            raise PassFailed(f'service "{name}" not found')
        return self.services[name]


def by_revision_descending(replica_sets: Sequence[ReplicaSet]) -> list[ReplicaSet]:
    """Newest revision first."""
    return sorted(replica_sets, key=lambda rs: rs.revision, reverse=True)
