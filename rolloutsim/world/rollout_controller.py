"""The Rollout controller as a process: its caches, its queue, and the writes of each pass with their latency."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from typing import Any

import simpy

from rolloutsim.control import operations as op
from rolloutsim.control.analysis.runs import RUN_FIELDS
from rolloutsim.control.defaults import RESYNC_S
from rolloutsim.control.observed import Now, Observed
from rolloutsim.control.operations import Pass
from rolloutsim.control.plugin_process import StepPlugin
from rolloutsim.control.rollout import reconcile
from rolloutsim.control.services import listed
from rolloutsim.errors import ApiError
from rolloutsim.manifest.alb_annotations import MANAGED
from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.deployment import WORKLOAD_GENERATION
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import (
    HASH_LABEL,
    AnalysisRun,
    AnalysisTemplate,
    ClusterAnalysisTemplate,
    Deployment,
    DestinationRule,
    EndpointSlice,
    Event,
    Experiment,
    Ingress,
    LoadBalancer,
    Object,
    Pod,
    ReplicaSet,
    Rollout,
    Service,
    VirtualService,
)
from rolloutsim.manifest.router_objects import UNCACHED_KINDS, RouterObject, RouterObjects
from rolloutsim.manifest.traffic_routing import TrafficRouting
from rolloutsim.world.clock import call_at, call_later
from rolloutsim.world.delays import Delays
from rolloutsim.world.event_recorder import EventRecorder
from rolloutsim.world.informer import Informer
from rolloutsim.world.loop_watch import LoopWatch
from rolloutsim.world.store import Store
from rolloutsim.world.work_queue import WorkQueue


class RolloutController:
    """Looks at Rollouts whenever they, their ReplicaSets or their Services change, and when a pass asked to be woken."""

    def __init__(
        self,
        env: simpy.Environment,
        store: Store,
        delays: Delays,
        recorder: EventRecorder,
        fraction_s: float,
        loops: LoopWatch,
        *,
        asks_aws: bool = False,
        step_plugins: Mapping[str, StepPlugin] | None = None,
    ) -> None:
        """`asks_aws`: it runs with `--aws-verify-target-group`; `step_plugins`: those that its ConfigMap names."""
        self._loops, self._asks_aws, self._began_s, self._step_plugins = loops, asks_aws, float(env.now), step_plugins or {}
        self._env, self._store, self._delays, self._recorder, self._fraction_s = env, store, delays, recorder, fraction_s
        self._queue = WorkQueue(env)
        self._rollouts = Informer(env, store, Rollout, delays.watch_s)
        self._replica_sets = Informer(env, store, ReplicaSet, delays.watch_s)
        self._services = Informer(env, store, Service, delays.watch_s)
        self._ingresses = Informer(env, store, Ingress, delays.watch_s)
        self._virtual_services = Informer(env, store, VirtualService, delays.watch_s)
        self._destination_rules = Informer(env, store, DestinationRule, delays.watch_s)
        self._templates = Informer(env, store, AnalysisTemplate, delays.watch_s)
        self._cluster_templates = Informer(env, store, ClusterAnalysisTemplate, delays.watch_s)
        self._analysis_runs = Informer(env, store, AnalysisRun, delays.watch_s)
        self._experiments = Informer(env, store, Experiment, delays.watch_s)
        self._deployments = Informer(env, store, Deployment, delays.watch_s)
        self._deployments.on_change(self._deployment_changed)
        self._rollouts.on_change(self._rollout_changed)
        self._replica_sets.on_change(self._replica_set_changed)
        self._services.on_change(self._service_changed)
        self._ingresses.on_change(self._ingress_changed)
        self._virtual_services.on_change(self._virtual_service_changed)
        self._analysis_runs.on_change(self._analysis_run_changed)
        self._experiments.on_change(self._experiment_changed)
        self.passes = 0
        env.process(self._run())

    # --- what wakes it ---------------------------------------------------------------------------------------------------------

    def _rollout_changed(self, name: str, before: Rollout | None, after: Rollout | None) -> None:
        for dropped in listed(before) - (listed(after) if after is not None else set()) if before is not None else ():
            call_at(self._env, self._next_resync_s(), lambda name=dropped: self._sync_service(name))  # type: ignore[misc]
        if after is None:
            return
        if before is None:
            text = f"Rollout resource added to informer: {after.meta.namespace}/{name}"
            self._emit(name, op.Emit("RolloutAddedToInformer", text))
        self._queue.add_rate_limited(name)

    def _replica_set_changed(self, _: str, before: ReplicaSet | None, after: ReplicaSet | None) -> None:
        owned = after or before
        if owned is not None and owned.meta.owner is not None:
            self._queue.add_rate_limited(owned.meta.owner)

    def _service_changed(self, name: str, _: Service | None, __: Service | None) -> None:
        self._sync_service(name)

    def _sync_service(self, name: str) -> None:
        """Wake the Rollout that manages a Service; one that it lists no more loses the hash and the mark (service/service.go, syncService).

        A Service without the hash in its selector, or without the mark, is nobody's (an Experiment's keep their hash in the recordings). A Rollout
        that drops a Service does not touch it: the next resync of Services does.
        """
        service = self._services.objects.get(name)
        if service is None or HASH_LABEL not in service.selector or service.managed_by is None:
            return
        rollout = self._store.get(Rollout, service.managed_by)
        if rollout is not None and name in listed(rollout):
            self._queue.add_rate_limited(rollout.meta.name)
        else:
            selector = {key: value for key, value in service.selector.items() if key != HASH_LABEL}
            changes = {"selector": selector, "managed_by": None}
            call_later(self._env, self._delays.api_write_s, lambda: self._store.update(Service, name, changes))

    def _next_resync_s(self) -> float:
        """Informers are resynced every so often from when the controller began."""
        return self._began_s + (math.floor((float(self._env.now) - self._began_s) / RESYNC_S) + 1) * RESYNC_S

    def _ingress_changed(self, name: str, _: Ingress | None, after: Ingress | None) -> None:
        for rollout in self._rollouts.objects.values():
            routing = _routing(rollout)
            of_nginx = routing.nginx is not None and name in routing.nginx.ingresses
            # syncALBIngress: only once the Ingress has an annotation that the Rollout manages.
            managed = after is not None and f'"{rollout.meta.name}":' in after.meta.annotations.get(MANAGED, "")
            of_alb = routing.alb is not None and name in routing.alb.names and managed
            if of_nginx or of_alb or (after is not None and after.meta.owner == rollout.meta.name):
                self._queue.add_rate_limited(rollout.meta.name)

    def _virtual_service_changed(self, name: str, _: VirtualService | None, __: VirtualService | None) -> None:
        for rollout in self._rollouts.objects.values():
            istio = _routing(rollout).istio
            if istio is not None and any(reference.short_name == name for reference in istio.references):
                self._queue.add_rate_limited(rollout.meta.name)

    def _analysis_run_changed(self, _: str, before: AnalysisRun | None, after: AnalysisRun | None) -> None:
        # Only a change of phase counts (rollout/controller.go, the AnalysisRun informer's handlers).
        run = after or before
        if run is not None and run.meta.owner is not None and not (before and after and before.status.phase == after.status.phase):
            self._queue.add_rate_limited(run.meta.owner)

    def _experiment_changed(self, _: str, before: Experiment | None, after: Experiment | None) -> None:
        experiment = after or before
        if experiment is not None and experiment.meta.owner is not None:
            self._queue.add_rate_limited(experiment.meta.owner)

    def _deployment_changed(self, name: str, _: Deployment | None, after: Deployment | None) -> None:
        """Write its generation into the Rollouts that refer to it, which wakes them (templateref.go, updateRolloutsReferenceAnnotation)."""
        for rollout in self._rollouts.objects.values():
            reference = rollout.spec.workload_ref
            if after is not None and reference is not None and reference.get("name") == name:
                generation, key = str(after.meta.generation), rollout.meta.name
                if rollout.meta.annotations.get(WORKLOAD_GENERATION) != generation:
                    call_later(self._env, self._delays.api_write_s, lambda key=key, generation=generation: self._annotate(key, generation))  # type: ignore[misc]

    def _annotate(self, name: str, generation: str) -> None:
        current = self._store.get(Rollout, name)
        if current is not None:
            annotations = {**current.meta.annotations, WORKLOAD_GENERATION: generation}
            self._store.update(Rollout, name, {"meta": replace(current.meta, annotations=annotations)})

    # --- passes ----------------------------------------------------------------------------------------------------------------

    def _run(self) -> Generator[simpy.Event, Any, None]:
        while True:
            key = yield from self._queue.get()
            if key in self._rollouts.objects:
                yield from self._sync(key)
                self._loops.passed(float(self._env.now))
            self._queue.done(key)

    def _sync(self, key: str) -> Generator[simpy.Event, Any, None]:
        rollout = self._rollouts.objects[key]
        owned = tuple(rs for rs in self._replica_sets.objects.values() if rs.meta.owner == key)
        restarting = rollout.spec.restart_at_s is not None and rollout.spec.restart_at_s != rollout.status.restarted_at_s
        observed = Observed(
            rollout,
            owned,
            self._services.objects,
            self._ingresses.objects,
            self._routes(),
            self._at_aws(),
            {s.meta.name: s for s in self._store.objects(EndpointSlice)} if self._asks_aws else {},
            tuple(self._store.objects(Pod)) if restarting else (),  # read from the API server, not from a cache
            Templates(self._templates.objects, self._cluster_templates.objects),
            self._runs_of(rollout),
            tuple(e for e in self._experiments.objects.values() if e.meta.owner == key),
            self._step_plugins,
            self._deployments.objects.get(str((rollout.spec.workload_ref or {}).get("name"))),
        )
        decided = reconcile(observed, Now(self._env.now, self._fraction_s))
        self.passes += 1
        yield self._env.timeout(self._delays.controller_pass_s)
        written = yield from self._carry_out(observed, decided)
        # Waits that are as long as the resync period are left to it; it looks at every Rollout.
        next_s = self._next_resync_s()
        self._queue.add_at(key, next_s if decided.wake_up_at_s is None else min(next_s, decided.wake_up_at_s))
        if written is None or decided.error is not None:
            self._queue.add_rate_limited(key)
            return
        for obj in written:
            if isinstance(obj, Rollout):
                self._rollouts.write_back(obj)
        self._queue.forget(key)
        if decided.requeue:
            self._queue.add_rate_limited(key)

    def _routes(self) -> RouterObjects:
        """Istio's objects as the cache has them, the other routers' read from the API server, which the controller keeps no cache of."""
        cached: tuple[Informer[Any], ...] = (self._virtual_services, self._destination_rules)
        found: dict[tuple[type[RouterObject], str], RouterObject] = {(type(o), o.meta.name): o for of in cached for o in of.objects.values()}
        found.update({(kind, obj.meta.name): obj for kind in UNCACHED_KINDS for obj in self._store.objects(kind)})
        return found

    def _at_aws(self) -> dict[str, LoadBalancer] | None:
        """What AWS says of the load balancers; not asked by default."""
        return {balancer.meta.name: balancer for balancer in self._store.objects(LoadBalancer)} if self._asks_aws else None

    def _runs_of(self, rollout: Rollout) -> tuple[AnalysisRun, ...]:
        """The runs of a Rollout in the cache; one that its status refers to is read from the API server when the cache lacks it."""
        found = {run.meta.name: run for run in self._analysis_runs.objects.values() if run.meta.owner == rollout.meta.name}
        for attribute in RUN_FIELDS.values():
            reference = getattr(rollout.status, attribute)
            if reference is not None and reference.name not in found:
                run = self._store.get(AnalysisRun, reference.name)
                if run is not None:
                    found[run.meta.name] = run
        return tuple(found.values())

    def _carry_out(self, observed: Observed, decided: Pass) -> Generator[simpy.Event, Any, list[Object] | None]:
        """Apply operations in order; None if one failed, which ends the pass."""
        versions = {rs.meta.name: rs.meta.resource_version for rs in observed.replica_sets}
        versions[""] = observed.rollout.meta.resource_version
        written: list[Object] = []
        for operation in decided.operations:
            if isinstance(operation, op.Emit):
                self._emit(observed.rollout.meta.name, operation)
                continue
            if isinstance(operation, op.Sleep):
                yield self._env.timeout(operation.seconds)
                continue
            yield self._env.timeout(self._delays.api_write_s)
            self._loops.begin_write()
            try:
                obj = self._write(observed.rollout.meta.name, operation, versions)
            except ApiError:
                return None
            finally:
                self._loops.end_write()
            if obj is not None:
                written.append(obj)
        return written

    def _write(self, name: str, operation: op.Operation, versions: dict[str, int]) -> Object | None:
        store = self._store
        match operation:
            case op.CreateReplicaSet(replica_set):
                created = store.create(replica_set)
                versions[created.meta.name] = created.meta.resource_version
                return created
            case op.UpdateReplicaSet(rs_name, changes):
                updated = store.update(ReplicaSet, rs_name, dict(changes), based_on=versions[rs_name])
                versions[rs_name] = updated.meta.resource_version
                return updated
            case op.PatchReplicaSet(rs_name, changes):
                return store.update(ReplicaSet, rs_name, dict(changes))
            case op.DeleteReplicaSet(rs_name):
                store.delete(ReplicaSet, rs_name)
                return None
            case op.PatchService(service_name, pod_hash, managed_by):
                service = store.get(Service, service_name)
                selector = {**(service.selector if service else {}), HASH_LABEL: pod_hash}
                owner = service.managed_by if service and service.managed_by else managed_by
                return store.update(Service, service_name, {"selector": selector, "managed_by": owner})
            case op.CreateRoute(route):
                return store.create(route)
            case op.UpdateRoute(kind, route_name, changes):
                return _update_route(store, kind, route_name, dict(changes))
            case op.DeleteRoute(kind, route_name):
                store.delete(kind, route_name)
                return None
            case op.CreateAnalysisRun(run):
                return store.create(run)
            case op.TerminateAnalysisRun(run_name):
                found = store.get(AnalysisRun, run_name)
                return store.update(AnalysisRun, run_name, {"spec": replace(found.spec, terminate=True)}) if found is not None else None
            case op.DeleteAnalysisRun(run_name):
                store.delete(AnalysisRun, run_name)
                return None
            case op.CreateExperiment(experiment):
                return store.create(experiment)
            case op.TerminateExperiment(experiment_name):
                known = store.get(Experiment, experiment_name)
                return store.update(Experiment, experiment_name, {"spec": replace(known.spec, terminate=True)}) if known is not None else None
            case op.DeleteExperiment(experiment_name):
                store.delete(Experiment, experiment_name)
                return None
            case op.RelabelPods(rs_name, labels):
                for owned in [one for one in store.objects(Pod) if one.meta.owner == rs_name and one.labels != labels]:
                    store.update(Pod, owned.meta.name, {"labels": labels})
                return None
            case op.EvictPod(pod_name):
                pod = store.get(Pod, pod_name)
                if pod is not None and pod.deleted_s is None:
                    store.update(Pod, pod_name, {"deleted_s": self._env.now, "word": "Terminating"})
                return None
            case op.ScaleWorkload(workload_name, replicas):
                return store.update(Deployment, workload_name, {"replicas": replicas})
            case op.UpdateRollout(changes):
                rollout = store.update(Rollout, name, dict(changes), based_on=versions[""])
            case op.UpdateRolloutStatus(changes):
                rollout = patch_status(store, name, dict(changes), based_on=versions[""])
            case op.PatchRolloutStatus(changes):
                rollout = patch_status(store, name, dict(changes))
            case _:  # pragma: no cover
                raise AssertionError(operation)
        versions[""] = rollout.meta.resource_version
        return rollout

    def _emit(self, name: str, event: op.Emit) -> None:
        self._recorder.emit(self._env.now, Event("Rollout", name, event.type, event.reason, event.message))


def patch_status(store: Store, name: str, changes: dict[str, Any], based_on: int | None = None) -> Rollout:
    """Change attributes of a Rollout's status subresource."""
    current = store.get(Rollout, name)
    if current is None:
        raise ApiError(f'rollouts.argoproj.io "{name}" not found')
    return store.update(Rollout, name, {"status": replace(current.status, **changes)}, based_on=based_on)


def _routing(rollout: Rollout) -> TrafficRouting:
    canary = rollout.spec.strategy.canary
    return (canary.traffic_routing if canary is not None else None) or TrafficRouting()


def _update_route(store: Store, kind: type[Object], name: str, changes: dict[str, Any]) -> Object:
    current = store.get(kind, name)
    of_meta = {key: changes.pop(key) for key in ("annotations", "labels") if key in changes}
    if of_meta and current is not None:
        changes["meta"] = replace(current.meta, **of_meta)
    return store.update(kind, name, changes)
