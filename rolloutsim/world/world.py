"""The World: a cluster, its controllers, its traffic and its operator on one SimPy clock, writing one record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import simpy

from rolloutsim.manifest.data_plane import ALB, Choice, choose, is_alb
from rolloutsim.manifest.deployment import workload_generation
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.instants import with_restart_instant
from rolloutsim.manifest.objects import (
    AnalysisRun,
    AnalysisTemplate,
    ClusterAnalysisTemplate,
    Deployment,
    Event,
    Experiment,
    Ingress,
    Object,
    Pod,
    ReplicaSet,
    Rollout,
    RouterObject,
    Service,
)
from rolloutsim.record import Change, Deed, Happening, Header, Record, Route, Routing
from rolloutsim.scenario import Action, Cluster, PluginSource, Pods, Stream, Version
from rolloutsim.scenario.lag import Pace
from rolloutsim.scenario.metrics import Measured, MetricSource
from rolloutsim.world import backends
from rolloutsim.world.analysis_run_controller import AnalysisRunController
from rolloutsim.world.assumptions import assumptions
from rolloutsim.world.delays import SCRAPE_S, Delays
from rolloutsim.world.ending import Ending, may_break
from rolloutsim.world.endpoints import EndpointsController
from rolloutsim.world.event_recorder import EventRecorder
from rolloutsim.world.experiment_controller import ExperimentController
from rolloutsim.world.garbage_collector import GarbageCollector
from rolloutsim.world.kubelet import Kubelet
from rolloutsim.world.lag.paces import paces
from rolloutsim.world.load_balancers import LoadBalancers
from rolloutsim.world.loop_watch import LoopWatch
from rolloutsim.world.measurements import Measurements, source_of
from rolloutsim.world.operator import Operator
from rolloutsim.world.processes import Processes
from rolloutsim.world.profiles import Profiles
from rolloutsim.world.replica_set_controller import ReplicaSetController
from rolloutsim.world.rollout_controller import RolloutController
from rolloutsim.world.routers import Router
from rolloutsim.world.series.scraper import Scraper
from rolloutsim.world.series.store import TimeSeries
from rolloutsim.world.step_plugins import step_plugin
from rolloutsim.world.store import Store
from rolloutsim.world.traffic.engine import Traffic
from rolloutsim.world.traffic.failover import configured_by, software_of

HEALTHY_SINCE_S = -300.0
"""A Rollout that stands healthy at t = 0 was deployed so long before, with pods that start at once."""

Observer = Callable[[Change, Store], None]
"""Called after every write with the change and the store."""


def always_observed_by() -> tuple[Observer, ...]:
    """Observers of every World; none, unless a test puts its checkers here."""
    return ()


@dataclass(frozen=True, slots=True)
class Setup:
    """What a World is built from: typed objects and the scenario's parts."""

    header: Header
    rollout: Rollout
    services: tuple[Service, ...] = ()
    routes: tuple[RouterObject, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    templates: tuple[AnalysisTemplate | ClusterAnalysisTemplate, ...] = ()
    measurements: Measurements = field(default_factory=Measurements)
    metrics: tuple[tuple[str, MetricSource], ...] = ()
    plugins: tuple[tuple[str, PluginSource], ...] = ()
    standalone: tuple[Experiment | AnalysisRun, ...] = ()
    cluster: Cluster = field(default_factory=Cluster)
    versions: tuple[tuple[str, Version], ...] = ()
    streams: tuple[Stream, ...] = ()
    timeline: tuple[Action, ...] = ()
    keep: Literal["requests", "tallies"] = "requests"
    healthy_at_start: bool = True
    deployment: Deployment | None = None


class World:
    """One simulated cluster; `advance(to_s)` is the only call that moves time, and the store may be used between two calls."""

    def __init__(self, setup: Setup, observers: tuple[Observer, ...] = ()) -> None:
        self.setup, self._observers = setup, (*observers, *always_observed_by())
        header = setup.header
        self.record = Record(header)
        self._delays = Delays.of(setup.cluster)
        start_s = HEALTHY_SINCE_S if setup.healthy_at_start else 0.0
        self.env = simpy.Environment(initial_time=start_s)
        self.store = Store(lambda: float(self.env.now))
        self.store.watch("*", self._changed)
        self.profiles = Profiles(setup.versions, (header.seed, header.replication))
        self._processes: Processes | None = None
        self._ordinals: dict[str, int] = {}
        self._place: tuple[int | None, str] = (None, "")
        self.traffic: Traffic | None = None
        Kubelet(self.env, self.store, self._pods_of, header.seed, header.replication, write_s=self._delays.kubelet_write_s, stopping=self._stopping)
        EndpointsController(self.env, self.store, self._delays.endpoints_s)
        ReplicaSetController(self.env, self.store, self._delays, header.second_fraction_s, header.seed, header.replication)
        GarbageCollector(self.env, self.store, self._delays.api_write_s)
        events = EventRecorder(self._happened)
        loops = LoopWatch(self.store, self.record.loops)
        asks_aws = setup.cluster.aws_verify_target_group
        plugins = {name: step_plugin(given) for name, given in setup.plugins}
        self.controller = RolloutController(
            self.env, self.store, self._delays, events, header.second_fraction_s, loops, asks_aws=asks_aws, step_plugins=plugins
        )
        pace = paces(f"{ALB}/forward", setup.cluster)[0]
        key = (header.seed, header.replication)
        LoadBalancers(self.env, self.store, lambda ingress: is_alb(ingress, setup.rollout), pace, key, header.second_fraction_s)
        self.series = TimeSeries()
        sources = {name: source_of(given, self.series, self._hash_of, key) for name, given in setup.metrics}
        measurements = Measurements(sources) if sources else setup.measurements
        AnalysisRunController(self.env, self.store, self._delays, events, header.second_fraction_s, measurements)
        ExperimentController(self.env, self.store, self._delays, events, header.second_fraction_s)
        for obj in (*setup.services, *setup.ingresses, *setup.routes, *setup.templates):
            self.store.create(obj)
        if setup.deployment is not None:
            self.store.create(setup.deployment)
        spec = with_restart_instant(setup.rollout.spec, header.start_at, header.second_fraction_s)
        self.store.create(replace(setup.rollout, spec=spec))
        if setup.healthy_at_start:
            self.env.run(until=0.0)
        self._begin()

    # --- running ---------------------------------------------------------------------------------------------------------------

    @property
    def now_s(self) -> float:
        """The present."""
        return float(self.env.now)

    @property
    def next_event_s(self) -> float:
        """The next instant at which anything happens; infinite when nothing is due."""
        return float(self.env.peek())

    @property
    def rollout(self) -> Rollout:
        """The Rollout as it stands."""
        rollout = self.store.get(Rollout, self.setup.rollout.meta.name)
        assert rollout is not None
        return rollout

    @property
    def workload_is_seen(self) -> bool:
        """Whether the Rollout knows of the last change of the Deployment that it refers to; True without one."""
        known = workload_generation(self.rollout.meta.annotations)
        name = self.setup.deployment.meta.name if self.setup.deployment is not None else ""
        deployment = self.store.get(Deployment, name)
        return deployment is None or known == deployment.meta.generation

    def advance(self, to_s: float) -> None:
        """Let time pass to an instant; what is due exactly then has happened, too."""
        if to_s > self.env.now:
            self.env.run(until=to_s)
        self.record.end_s = self.now_s

    def finish(self) -> Record:
        """The record of all that has happened, traffic included."""
        self.record.end_s = self.now_s
        assert self.traffic is not None
        self.record.traffic = self.traffic.finish(self.now_s)
        return self.record

    def _stopping(self, pod: Pod, ends: Ending) -> None:
        if self._processes is not None:
            self._processes.stopping(pod, ends)

    # --- recording -------------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Start the record at t = 0 with the objects as they stand, and let the traffic and the operator in."""
        setup, header = self.setup, self.setup.header
        self.record.changes = [Change(0.0, type(obj).__name__, obj.meta.name, obj) for obj in self.store.everything()]
        self.record.events = [happening for happening in self.record.events if happening.t_s >= 0]
        choices = [choose(stream, setup.rollout, setup.ingresses, setup.routes) for stream in setup.streams]
        planes = [choice.plane for choice in choices]
        detail: Literal["counts", "requests"] = "counts" if header.detail == "counts" else "requests"
        serving = any(version.serving is not None for _, version in setup.versions)
        ends = (setup.cluster.pods, *(version.pods for _, version in setup.versions if version.pods is not None))
        template = setup.rollout.spec.template if setup.deployment is None else setup.deployment.template
        breaking = any(may_break(pods, template) for pods in ends)
        key = (header.seed, header.replication)
        self.traffic = Traffic(
            setup.streams,
            planes,
            self.profiles.of,
            seed=key[0],
            replication=key[1],
            detail=detail,
            keep=setup.keep,
            serving=serving,
            breaking=breaking,
            software=[configured_by(choice) for choice in choices],
        )
        scraped = any(given.of_requests is not None for _, given in setup.metrics)
        if scraped:
            self._scrape(self.traffic, choices)
        self._processes = Processes(self.env, self.traffic, self.profiles.of)
        for pod in self.store.objects(Pod):
            self._processes.see(pod)
        for stream, choice in zip(setup.streams, choices, strict=True):
            self._add_router(stream, choice)
        for obj in setup.standalone:
            self.store.create(obj)
        self.operator = Operator(
            self.env,
            self.store,
            setup.rollout.meta.name,
            setup.timeline,
            self._acted,
            write_s=self._delays.api_write_s,
            start_at=header.start_at,
            fraction_s=header.second_fraction_s,
        )
        self.record.assumptions = assumptions(setup.cluster, setup.streams, choices, scraped=scraped)

    def _changed(self, kind: str, name: str, obj: Object | None) -> None:
        change = Change(self.now_s, kind, name, obj)
        self.record.changes.append(change)
        for observe in self._observers:
            observe(change, self.store)
        if isinstance(obj, Pod):
            self.profiles.see(obj, self._revision_of(obj))
            self._ordinals[name] = obj.ordinal
            if self._processes is not None:
                self._processes.see(obj)
        elif kind == "Pod" and self.traffic is not None:
            self.traffic.end_pod(self.now_s, self._ordinals[name])
        elif isinstance(obj, Rollout) and self.traffic is not None:
            place = (obj.status.current_step_index, obj.status.current_pod_hash)
            if place != self._place:
                self._place = place
                self.traffic.cut(self.now_s)

    def _happened(self, event: Event) -> None:
        self.record.events.append(Happening(self.now_s, event))

    def _acted(self, deed: Deed) -> None:
        self.record.deeds.append(deed)

    # --- traffic ---------------------------------------------------------------------------------------------------------------

    def _add_router(self, stream: Stream, choice: Choice) -> None:
        """Put the data plane in front of a stream."""
        traffic, setup, header = self.traffic, self.setup, self.setup.header
        assert traffic is not None
        nobody = software_of(choice.plane, configured_by(choice)).nobody
        request = backends.Request.to(stream.to.partition("/")[2], stream.headers)

        def reroute(known: backends.Known, *, since_s: float, reopens: bool) -> None:
            route = Route(choice.target, choice.plane, traffic.covers(stream.name), known.endpoints, known.weights, known.rule, nobody)
            self.record.routings.append(Routing(self.now_s, stream.name, route, since_s))
            traffic.reroute(self.now_s, stream.name, route, reopens=reopens)

        key, fraction_s = (header.seed, header.replication, stream.name), header.second_fraction_s
        control, proxy = paces(choice.lag, setup.cluster)
        read = backends.reading(self.store, choice, request)
        since = backends.last_change_s(self.store, choice.ingress) if choice.ingress else None
        control = Pace() if choice.ingress else control  # AWS is late for all streams alike: LoadBalancers
        Router(self.env, self.store, read, reroute, key=key, control=control, proxy=proxy, second_fraction_s=fraction_s, since=since)

    # --- measurements ----------------------------------------------------------------------------------------------------------

    def _scrape(self, traffic: Traffic, choices: Sequence[Choice]) -> None:
        """Let Prometheus scrape the pods that run."""
        setup, header = self.setup, self.setup.header

        def targets() -> list[int]:
            return [pod.ordinal for pod in self.store.objects(Pod) if pod.word in ("Running", "Terminating")]

        services = {stream.name: choice.target for stream, choice in zip(setup.streams, choices, strict=True)}
        tallies = traffic.tallied(self.series.bounds_s)
        interval_s = SCRAPE_S if setup.cluster.scrape is None else setup.cluster.scrape
        key = (header.seed, header.replication)
        Scraper(self.env, self.series, tallies, services, targets, self.profiles.hash_of, traffic.cut, interval_s=interval_s, key=key)

    def _hash_of(self, role: Measured) -> str:
        """The pod-template hash of the newest or the stable revision; "" for all pods."""
        status = self.rollout.status
        return {"canary": status.current_pod_hash, "stable": status.stable_rs, "all": ""}[role]

    # --- versions --------------------------------------------------------------------------------------------------------------

    def _revision_of(self, pod: Pod) -> int:
        owner = self.store.get(ReplicaSet, pod.meta.owner or "")
        return owner.revision if owner is not None else 0

    def _pods_of(self, pod: Pod) -> Pods:
        if self.env.now < 0:
            return Pods(start=0.0, stop=0.0)
        return self._delays.for_version(self.profiles.version(pod.images, self._revision_of(pod)))
