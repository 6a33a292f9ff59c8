"""What feeds the ordered loop: the requests of one stream that are to come, and where its data plane will send them."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rolloutsim.randomness import generator
from rolloutsim.scenario import Distribution, Stream
from rolloutsim.world.traffic.arrivals import CHUNK, Arrivals
from rolloutsim.world.traffic.failover import Proxy, Software, failover_of, is_trivial, software_of
from rolloutsim.world.traffic.planes import make_plane, make_sticky
from rolloutsim.world.traffic.planes.plane import NOBODY, Floats, Ints, KeepsConnections, LoadAware, Ordinals, Plane
from rolloutsim.world.traffic.times import TimeLaw, law_of

LOOK_AHEAD = 512
"""Decisions that are asked of a data plane before it is known when they are needed."""
MANY = 2**62


class Source:
    """Draws by request and picks by decision, each in order; the world tells it what it tells a data plane."""

    def __init__(self, stream: Stream, plane_name: str, arrivals: Arrivals, key: tuple[int, int, str], software: Software | None = None) -> None:
        clients = stream.clients
        self.closed = clients is not None and clients.think is not None
        self.stream, self._key, self._arrivals = stream, key, Arrivals(1.0, "constant", key) if self.closed else arrivals
        ages = clients is not None and (clients.seconds_per_connection is not None or clients.new_connections is not None)
        pooled = clients is not None and clients.pool is not None
        self.asked = self.closed or ages or pooled or stream.retries > 0 or stream.failover is not None
        kept = clients is not None and stream.sticky is not None
        self._plane: Plane = make_sticky(plane_name, clients, key) if kept and clients is not None else make_plane(plane_name, clients, key)
        self.covers = self._plane.covers
        self.connections = clients.connections if clients is not None and self.asked and self.covers == "connections" else 0
        if self.asked:
            self._plane = make_plane(plane_name, None, key)
        self.by_load = self._plane if isinstance(self._plane, LoadAware) else None
        self.aware = self.by_load is not None
        self.plane_name, self.software = plane_name, software or software_of(plane_name)
        self.failover = failover_of(plane_name, self.software, stream.failover)
        self.proxy = self._proxy(plane_name) if self.asked and self.connections == 0 else None
        self.endpoints: Ordinals = np.zeros(0, dtype=np.int32)
        self.broken: list[int] = []
        self.now_s = 0.0
        self.reopened = False
        self._chunks, self._decided, self._requests, self._end_s = 0, 0, 0, 0.0
        self._draws: dict[str, Floats] = {name: np.zeros(0) for name in ("t_s", "pick", "error", "normal", "uniform", "think_s")}
        self._think = law_of(clients.think) if clients is not None and clients.think is not None else None
        self._drawn: dict[int, Floats] = {}
        self._before: Plane | None = None
        self._asked_at, self._picks = 0, (np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=bool))

    def _proxy(self, plane_name: str) -> Proxy | None:
        """Who tries again: as the scenario says, or by default where the data plane does not do it itself."""
        if self.stream.failover is None and (is_trivial(self.failover) or plane_name == "ingress-nginx/round_robin"):
            return None
        return Proxy(self.failover, self.software, separate=self.software.splits_backends(plane_name), key=self._key)

    @property
    def needs_order(self) -> bool:
        """Whether a request depends on those before it, even if pods serve any number at once."""
        return self.aware or self.asked or self.stream.timeout is not None

    # --- requests --------------------------------------------------------------------------------------------------------------

    def draw(self, to_s: float) -> float:
        """Know at least the next requests; returns until when all arrivals are known (at most `to_s`)."""
        if not self.closed and self._arrivals.rate_rps == 0:
            return to_s
        while len(self._draws["t_s"]) < (LOOK_AHEAD if self.closed else CHUNK) and (self.closed or self._last_s < to_s):
            self._draw_chunk()
        return to_s if self.closed else min(to_s, self._last_s)

    @property
    def _last_s(self) -> float:
        return float(self._draws["t_s"][-1]) if len(self._draws["t_s"]) else -math.inf

    def _draw_chunk(self) -> None:
        number, self._chunks = self._chunks, self._chunks + 1
        chunk = self._arrivals.chunk(number, self._end_s)
        self._end_s = float(chunk.t_s[-1])
        draws = generator(self._key[0], self._key[1], "service", self._key[2], number)
        uniform, thinking = draws.random(CHUNK), draws.random(CHUNK)
        think_s = np.zeros(CHUNK) if self._think is None else self._think.of(draws.standard_normal(CHUNK), thinking)
        found = {"t_s": chunk.t_s, "pick": chunk.pick, "error": chunk.error, "normal": chunk.latency, "uniform": uniform, "think_s": think_s}
        self._draws = {name: np.concatenate([column, found[name]]) for name, column in self._draws.items()}

    def known(self, to_s: float) -> int:
        """How many of the requests that are known may be sent before `to_s`."""
        if self.closed:
            return min(LOOK_AHEAD, len(self._draws["t_s"]))
        return int(np.searchsorted(self._draws["t_s"], to_s, side="left"))

    def columns(self, n: int, laws: list[TimeLaw]) -> tuple[Floats, ...]:
        """Of the next `n` requests: arrival, error draw, thinking time, draws of the service time, and that under each law (laws, n)."""
        t_s, error, think_s, normal, uniform = (self._draws[name][:n] for name in ("t_s", "error", "think_s", "normal", "uniform"))
        return t_s, error, think_s, normal, uniform, service_times(laws, normal, uniform)

    def sent(self, n: int) -> None:
        """So many requests have been sent."""
        self._draws = {name: column[n:] for name, column in self._draws.items()}
        self._requests += n

    # --- decisions -------------------------------------------------------------------------------------------------------------

    def decisions(self, n: int, ended: npt.NDArray[np.bool_]) -> tuple[Floats, npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """The next decisions: their uniform draws, pods, connections, and who refuses; `n` of them if each request is decided once."""
        if self.asked:
            n = LOOK_AHEAD
            uniform = self._uniforms(self._decided, self._decided + n)
        else:
            uniform = self._draws["pick"][:n]
        if self.aware:
            return uniform, np.full(n, NOBODY, dtype=np.int32), np.full(n, NOBODY, dtype=np.int32), np.zeros(n, dtype=bool)
        if not self.asked:
            pods, connection, refused = self._plane.pick(self._requests, uniform, ended) if n else (*self._picks[:2], None)
            return uniform, pods, connection, np.zeros(n, dtype=bool) if refused is None else refused
        if self._before is None:
            self._before = copy.deepcopy(self._plane)
            pods, connection, refused = self._plane.pick(self._decided, uniform, ended)
            self._asked_at, self._ended = self._decided, ended.copy()
            self._picks = pods, connection, np.zeros(n, dtype=bool) if refused is None else refused
        left = slice(self._decided - self._asked_at, None)
        picked, over, refuse = self._picks
        return uniform[: len(picked[left])], picked[left], over[left], refuse[left]

    def decided(self, n: int) -> None:
        """So many decisions have been used; when none is left the data plane will be asked for more."""
        self._decided += n
        if self._before is not None and self._decided - self._asked_at == len(self._picks[0]):
            self._before = None

    def choose(self, uniform: float, in_flight: Sequence[int]) -> int:
        """What a data plane that looks at the load decides."""
        assert self.by_load is not None
        return self.by_load.choose(uniform, in_flight, self.by_load.memory)

    def _settle(self) -> None:
        """Take back the decisions that nobody used, as the data plane is about to change."""
        if self._before is not None:
            self._plane, used = self._before, self._decided - self._asked_at
            if used:
                self._plane.pick(self._asked_at, self._uniforms(self._asked_at, self._decided), self._ended)
            self._before = None

    def _uniforms(self, begin: int, end: int) -> Floats:
        uniform: Floats = self._decision_draws(begin, end)[0]
        return uniform

    def _decision_draws(self, begin: int, end: int) -> Floats:
        """Draws of decisions, keyed by their number: shape (3, end - begin), uniform, uniform, normal."""
        blocks = range(begin // CHUNK, (end - 1) // CHUNK + 1)
        for block in blocks:
            if block not in self._drawn:
                draws = generator(self._key[0], self._key[1], "decisions", self._key[2], block)
                self._drawn[block] = np.array([draws.random(CHUNK), draws.random(CHUNK), draws.standard_normal(CHUNK)])
        self._drawn = {block: drawn for block, drawn in self._drawn.items() if block >= blocks[0] - 1}
        drawn: Floats = np.concatenate([self._drawn[block] for block in blocks], axis=1)
        return drawn[:, begin - blocks[0] * CHUNK : end - blocks[0] * CHUNK]

    def lives(self, n: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        """How long connections live that the next `n` decisions open, and how many requests they carry."""
        clients = self.stream.clients
        served = MANY if clients is None or clients.requests_per_connection is None else clients.requests_per_connection
        life_s = np.full(n, math.inf)
        if self.connections and n:
            _, uniform, normal = self._decision_draws(self._decided, self._decided + n)
            for law in connection_laws(self.stream):
                life_s = np.minimum(life_s, law.of(normal, uniform))
        return life_s, np.full(n, served, dtype=np.int64)

    # --- the world changes -----------------------------------------------------------------------------------------------------

    def reroute(self, endpoints: Ordinals, weights: Floats, pools: Ints) -> None:
        """The data plane knows other endpoints from now on."""
        self._settle()
        self._plane.reroute(endpoints, weights, pools)
        self.endpoints = endpoints
        if self.proxy is not None:
            self.proxy.know(endpoints, pools)

    def end_pod(self, ordinal: int) -> None:
        """A pod takes no more requests, and its kept connections close."""
        self._settle()
        self._plane.end_pod(ordinal)
        self.broken.append(ordinal)
        if self.proxy is not None:
            self.proxy.end_pod(ordinal, self.now_s)

    def begin_pod(self, ordinal: int) -> None:
        """A pod takes requests again."""
        self._settle()
        self._plane.begin_pod(ordinal)
        if self.proxy is not None:
            self.proxy.begin_pod(ordinal, self.now_s)

    def reopen(self) -> None:
        """All its connections close."""
        self._settle()
        if isinstance(self._plane, KeepsConnections):
            self._plane.reopen()
        self.reopened = True

    # --- at t = 0 --------------------------------------------------------------------------------------------------------------

    def first_thoughts(self, clients: int, draws: np.random.Generator) -> list[float]:
        """When the clients of a closed loop send first: after a part of their thinking time."""
        assert self._think is not None
        times = self._think.of(draws.standard_normal(clients), draws.random(clients)) * draws.random(clients)
        return [float(t) for t in times]

    def first_lives(self, connections: int, draws: np.random.Generator) -> list[float]:
        """What is left of the life of connections that were open before t = 0: a part of a whole life."""
        left_s = np.full(connections, math.inf)
        for law in connection_laws(self.stream):
            part = 1.0 if law.kind == "exponential" else draws.random(connections)
            left_s = np.minimum(left_s, part * law.of(draws.standard_normal(connections), draws.random(connections)))
        return [float(t) for t in left_s]


def service_times(laws: list[TimeLaw], normal: Floats, uniform: Floats) -> Floats:
    """A row of service times for each law."""
    return np.array([law.of(normal, uniform) for law in laws]).reshape(len(laws), len(normal))


def connection_laws(stream: Stream) -> list[TimeLaw]:
    """What bounds the life of a stream's connections in time."""
    laws, clients = [], stream.clients
    if clients is not None and clients.seconds_per_connection is not None:
        laws.append(law_of(clients.seconds_per_connection))
    if clients is not None and clients.new_connections:
        laws.append(law_of(Distribution(exponential=clients.connections / clients.new_connections)))
    return laws
