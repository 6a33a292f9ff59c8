"""The traffic of a run: its streams, advanced lazily to each change of routing, never beyond now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from rolloutsim.record import Requests, Route, Tallies
from rolloutsim.scenario import Clients, Latency, Stream, Version
from rolloutsim.world.series.tally import Tally
from rolloutsim.world.traffic.arrivals import Arrivals
from rolloutsim.world.traffic.failover import living, passes_over, refusal_of, software_of
from rolloutsim.world.traffic.keeping import ByStretch, EachRequest, Keeper, UntilOver
from rolloutsim.world.traffic.open_loops import OpenLoops
from rolloutsim.world.traffic.ordered import Ordered
from rolloutsim.world.traffic.planes import make_plane, make_sticky
from rolloutsim.world.traffic.planes.plane import Covers, KeepsConnections
from rolloutsim.world.traffic.pods import PodColumns
from rolloutsim.world.traffic.source import Source
from rolloutsim.world.traffic.streams import CountStream, OrderedStream, RequestStream, StreamOf


class Traffic:
    """Streams of requests over pods; `profile` says how the pod of an ordinal answers, `planes` names the data plane of each stream."""

    def __init__(
        self,
        streams: Sequence[Stream],
        planes: Sequence[str],
        profile: Callable[[int], Version],
        *,
        seed: int,
        replication: int = 0,
        detail: Literal["counts", "requests"] = "requests",
        keep: Literal["requests", "tallies"] = "requests",
        serving: bool = False,
        breaking: bool = False,
        software: Sequence[str] = (),
    ) -> None:
        """With `serving` some pods serve a bounded number of requests at once, so that all streams depend on each other.

        `software` names who configures each data plane, where its name does not say so. With `breaking` some pods leave requests without an answer. Requests that depend on each other are played one by one in `counts`, too, and only tallies are kept of them.
        """
        keeper = EachRequest if detail == "requests" and keep == "requests" else ByStretch
        self._pods = PodColumns(profile)
        self._streams: dict[str, StreamOf] = {}
        self._rates: dict[str, float] = {}
        self._loads: dict[str, dict[int, float]] = {}
        self._planes = {stream.name: name for stream, name in zip(streams, planes, strict=True)}
        who = software or ("",) * len(planes)
        self._software = {stream.name: software_of(plane, name) for stream, plane, name in zip(streams, planes, who, strict=True)}
        self._routes: dict[str, Route] = {}
        coupled: list[Source] = []
        for stream, name in zip(streams, planes, strict=True):
            key = (seed, replication, stream.name)
            arrivals = Arrivals(stream.rate, stream.arrivals, key)
            self._rates[stream.name] = arrivals.rate_rps
            if stream.sticky is not None:  # clients who are remembered, as connections are kept
                given = Clients(connections=stream.sticky.clients, requests_per_connection=stream.sticky.requests_per_client)
                stream = stream.model_copy(update={"clients": given})
            source = Source(stream, name, arrivals, key, self._software[stream.name])
            if serving or source.needs_order:
                coupled.append(source)
                continue
            plane = make_plane(name, stream.clients, key) if stream.sticky is None else make_sticky(name, given, key)
            if detail == "counts":
                self._streams[stream.name] = CountStream(stream.name, arrivals, plane, self._pods, key, refusal_of(self._software[stream.name]))
            else:
                self._streams[stream.name] = RequestStream(
                    stream.name, arrivals, plane, self._pods, UntilOver(keeper()) if breaking else keeper(), refusal_of(self._software[stream.name])
                )
        if coupled:
            keepers: list[Keeper] = [keeper() for _ in coupled]
            waits = any(source.asked for source in coupled)
            ordered = Ordered(coupled, self._pods, keepers, (seed, replication)) if waits else OpenLoops(coupled, self._pods, keepers)
            for number, source in enumerate(coupled):
                self._streams[source.stream.name] = OrderedStream(source.stream.name, ordered, number)

    def tallied(self, bounds_s: Sequence[float]) -> dict[str, tuple[Tally, ...]]:
        """Count from now on what is answered, in latency buckets with these upper bounds: by stream, what its pods and its proxy count."""
        for stream in self._streams.values():
            stream.tallies = (Tally(bounds_s), Tally(bounds_s, router=True))
        return {name: stream.tallies for name, stream in self._streams.items()}

    def covers(self, stream: str) -> Covers:
        """What an interval of a stream's share is about."""
        return self._streams[stream].plane.covers

    def reroute(self, now_s: float, stream: str, route: Route, *, reopens: bool = False) -> None:
        """Advance a stream to now; from now on its data plane knows the route's endpoints. `reopens`: all its connections are opened anew."""
        self._streams[stream].advance(now_s)
        self._pods.know(np.array([endpoint.ordinal for endpoint in route.endpoints], dtype=np.int32))
        self._routes[stream] = route
        self._tell(stream)
        plane = self._streams[stream].plane
        if reopens and isinstance(plane, KeepsConnections):
            plane.reopen()
        shares = route.weights or (1 / max(1, len(route.endpoints)),) * len(route.endpoints)
        self._loads[stream] = {endpoint.ordinal: self._rates[stream] * share for endpoint, share in zip(route.endpoints, shares, strict=True)}
        if self._pods.can_overload:
            self.cut(now_s)
            everywhere = {ordinal for loads in self._loads.values() for ordinal in loads}
            self._pods.load({ordinal: sum(loads.get(ordinal, 0.0) for loads in self._loads.values()) for ordinal in everywhere})

    def _tell(self, stream: str) -> None:
        """Tell a stream's data plane of its route, less the pods that its software passes over as they have ended."""
        route, plane = self._routes[stream], self._streams[stream].plane
        if not (isinstance(plane, Source) and plane.proxy is not None):
            route = living(route, self._planes[stream], self._software[stream], self._pods.ended)
        ordinals = np.array([endpoint.ordinal for endpoint in route.endpoints], dtype=np.int32)
        hashes = [endpoint.pod_hash for endpoint in route.endpoints]
        pools = np.array([hashes.index(h) if route.weights else 0 for h in hashes], dtype=np.int64)  # weighted: a backend for each version
        plane.reroute(ordinals, np.array(route.weights), pools)

    def end_pod(self, now_s: float, ordinal: int) -> None:
        """A pod's process is gone: its connections break, and whoever still asks it is refused."""
        self.cut(now_s)
        self._pods.end(ordinal)
        for stream in self._streams.values():
            stream.plane.end_pod(ordinal)
        self._tell_of(ordinal)

    def break_pod(self, now_s: float, ordinal: int) -> None:
        """What a pod that has ended still had in hand gets no answer."""
        self.cut(now_s)
        told: list[object] = []
        for stream in self._streams.values():
            stream.break_pod(now_s, ordinal, told)

    def _tell_of(self, ordinal: int) -> None:
        """A pod has ended, or runs again: who passes over such pods routes otherwise."""
        for name, route in self._routes.items():
            if passes_over(self._software[name]) and any(endpoint.ordinal == ordinal for endpoint in route.endpoints):
                self._tell(name)

    def begin_pod(self, now_s: float, ordinal: int) -> None:
        """A pod's process runs again after an exit: it takes requests, and has counted none."""
        self.cut(now_s)
        self._pods.begin(ordinal)
        for stream in self._streams.values():
            stream.plane.begin_pod(ordinal)
            for tally in stream.tallies:
                if not tally.router:
                    tally.restart(ordinal, now_s)
        self._tell_of(ordinal)

    def answer(self, now_s: float, ordinal: int, error_rate: float, latency: Latency | None) -> None:
        """A pod answers otherwise from now on."""
        self.cut(now_s)
        self._pods.answer(ordinal, error_rate, latency)

    def cut(self, now_s: float) -> None:
        """Advance all streams to a change of the world, so that counts can be told apart before and after it."""
        for stream in self._streams.values():
            stream.advance(now_s)

    def advance(self, now_s: float) -> None:
        """Advance all streams to a read of a measurement; changes nothing that happens later."""
        for stream in self._streams.values():
            stream.advance(now_s, read_only=True)

    def finish(self, end_s: float) -> dict[str, Requests | Tallies]:
        """What happened in each stream before `end_s`."""
        self.cut(end_s)
        return {name: stream.result() for name, stream in self._streams.items()}
