"""The Experiment controller as a process: its caches, its queue, and the writes of each pass with their latency."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from rolloutsim.control import operations as op
from rolloutsim.control.defaults import RESYNC_S
from rolloutsim.control.experiments.experiment import reconcile_experiment
from rolloutsim.control.experiments.look import ObservedExperiment
from rolloutsim.control.experiments.templates import TEMPLATE_ANNOTATION
from rolloutsim.control.observed import Now
from rolloutsim.errors import ApiError
from rolloutsim.manifest.analysis_templates import Templates
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate, Event, Experiment, ReplicaSet, Service
from rolloutsim.world.delays import Delays
from rolloutsim.world.event_recorder import EventRecorder
from rolloutsim.world.informer import Informer
from rolloutsim.world.store import Store
from rolloutsim.world.work_queue import WorkQueue


class ExperimentController:
    """Looks at Experiments whenever they, the counts of their ReplicaSets or their finished runs change, and when a pass asked to be woken."""

    def __init__(self, env: simpy.Environment, store: Store, delays: Delays, recorder: EventRecorder, fraction_s: float) -> None:
        self._env, self._store, self._delays, self._recorder, self._fraction_s = env, store, delays, recorder, fraction_s
        self._queue = WorkQueue(env)
        self._experiments = Informer(env, store, Experiment, delays.watch_s)
        self._replica_sets = Informer(env, store, ReplicaSet, delays.watch_s)
        self._services = Informer(env, store, Service, delays.watch_s)
        self._runs = Informer(env, store, AnalysisRun, delays.watch_s)
        self._templates = Informer(env, store, AnalysisTemplate, delays.watch_s)
        self._cluster_templates = Informer(env, store, ClusterAnalysisTemplate, delays.watch_s)
        self._experiments.on_change(lambda name, _, after: self._queue.add_rate_limited(name) if after is not None else None)
        self._replica_sets.on_change(self._replica_set_changed)
        self._runs.on_change(self._run_changed)
        env.process(self._run())

    def _replica_set_changed(self, _: str, before: ReplicaSet | None, after: ReplicaSet | None) -> None:
        rs = after or before
        if rs is None or rs.meta.owner not in self._experiments.objects:
            return
        if before is None or after is None or _counts(before) != _counts(after):
            self._queue.add_rate_limited(rs.meta.owner)

    def _run_changed(self, _: str, before: AnalysisRun | None, after: AnalysisRun | None) -> None:
        run = after or before
        if run is not None and run.is_completed and run.meta.owner in self._experiments.objects:
            self._queue.add_rate_limited(run.meta.owner)

    def _run(self) -> Generator[simpy.Event, Any, None]:
        while True:
            key = yield from self._queue.get()
            experiment = self._experiments.objects.get(key)
            if experiment is not None:
                yield from self._sync(experiment)
            self._queue.done(key)

    def _sync(self, experiment: Experiment) -> Generator[simpy.Event, Any, None]:
        name = experiment.meta.name
        services = {s.meta.annotations.get(TEMPLATE_ANNOTATION, ""): s for s in self._services.objects.values() if s.meta.owner == name}
        observed = ObservedExperiment(
            experiment,
            {rs.meta.name: rs for rs in self._replica_sets.objects.values() if rs.meta.owner == name},
            services,
            self._runs.objects,
            Templates(self._templates.objects, self._cluster_templates.objects),
            {service.meta.name: service for service in self._store.objects(Service)},
        )
        decided = reconcile_experiment(observed, Now(self._env.now, self._fraction_s))
        yield self._env.timeout(self._delays.controller_pass_s)
        for operation in decided.operations:
            if isinstance(operation, op.Emit):
                self._emit(experiment, operation)
                continue
            yield self._env.timeout(self._delays.api_write_s)
            try:
                self._write(experiment, observed, operation)
            except ApiError:
                self._queue.add_rate_limited(name)
                return
        resync_s = float(self._env.now) + RESYNC_S  # waits that long are left to it
        self._queue.add_at(name, resync_s if decided.wake_up_at_s is None else min(resync_s, decided.wake_up_at_s))
        self._queue.forget(name)

    def _write(self, experiment: Experiment, observed: ObservedExperiment, operation: op.Operation) -> None:
        store = self._store
        match operation:
            case op.CreateReplicaSet(rs):
                if store.get(ReplicaSet, rs.meta.name) is None:  # a stale cache asks twice
                    store.create(rs)
            case op.UpdateReplicaSet(name, changes) | op.PatchReplicaSet(name, changes):
                store.update(ReplicaSet, name, dict(changes))
            case op.CreateService(service):
                if store.get(Service, service.meta.name) is None:
                    store.create(service)
            case op.DeleteService(name):
                store.delete(Service, name)
            case op.CreateAnalysisRun(run):
                store.create(run)
            case op.TerminateAnalysisRun(name):
                found = store.get(AnalysisRun, name)
                if found is not None:
                    store.update(AnalysisRun, name, {"spec": replace(found.spec, terminate=True)})
            case op.PatchExperimentStatus(changes):
                current = store.get(Experiment, experiment.meta.name)
                if current is not None:
                    status: dict[str, Any] = dict(changes)
                    store.update(Experiment, experiment.meta.name, {"status": replace(current.status, **status)})
            case _:  # pragma: no cover
                raise AssertionError(operation)

    def _emit(self, experiment: Experiment, event: op.Emit) -> None:
        kind, name = "Experiment", experiment.meta.name
        if event.about_owner:
            if experiment.meta.owner is None:
                return
            kind, name = "Rollout", experiment.meta.owner
        self._recorder.emit(self._env.now, Event(kind, name, event.type, event.reason, event.message))


def _counts(rs: ReplicaSet) -> tuple[int, int, int, int]:
    return rs.replicas, rs.status.replicas, rs.status.ready_replicas, rs.status.available_replicas
