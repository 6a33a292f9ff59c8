"""Who asks: streams of requests and the clients behind them."""

from __future__ import annotations

from pydantic import Field

from rolloutsim.scenario.arrivals import Arrivals
from rolloutsim.scenario.failover import Failover
from rolloutsim.scenario.model import Model, PerSecond, RandomTime, Seconds


class Pool(Model):
    """Requests share the connections: each takes the one that was given back last; another is opened when none is free, up to `connections`."""

    idle_timeout: Seconds | None = None
    """A connection that was unused for longer is closed; absent: kept."""


class Clients(Model):
    """Who opens connections: without it, every request is a connection of its own."""

    connections: int = Field(default=1, ge=1, le=1_000_000)
    requests_per_connection: int | None = Field(default=None, ge=1)
    """A connection closes after so many requests; absent: kept for ever."""
    seconds_per_connection: RandomTime | None = None
    """A connection closes when it is so old, before its next request; absent: kept for ever."""
    new_connections: PerSecond | None = None
    """Connections are closed at random, so that so many new ones open each second."""
    requests_at_once: int = Field(default=1, ge=1, le=10_000)
    """Requests in flight on one connection (HTTP/2 streams), in a closed loop or a pool."""
    pool: Pool | None = None
    """Open loop: how requests share the connections; absent: they go over all of them in turn, however many are in flight."""
    think: RandomTime | None = None
    """Closed loop: a client sends its next request so long after the answer to the one before. Absent: requests come at `rate`."""


class Sticky(Model):
    """Clients who come back to the pod that they got first: by a cookie of the proxy, or by their address (sessionAffinity: ClientIP)."""

    clients: int = Field(default=100, ge=1, le=1_000_000)
    """So many clients send the requests in turn."""
    requests_per_client: int | None = Field(default=None, ge=1)
    """After so many requests a client is a new one; absent: the same clients for ever."""


class Stream(Model):
    """One stream of requests."""

    name: str = "users"
    to: str
    """`ingress/HOST[/PATH]` or `service/NAME`."""
    headers: dict[str, str] = Field(default={})
    """Headers that each request carries; routes by header look at them."""
    rate: PerSecond | None = None
    """Requests per second, on average; a trace brings its own, and in a closed loop the answers set the pace."""
    arrivals: Arrivals = "poisson"
    """`poisson`, `constant`, or a shape: diurnal, bursts, spikes, trace."""
    clients: Clients | None = None
    sticky: Sticky | None = None
    """Clients keep the pod that they got first, for as long as it is routed to; absent: each request or connection is decided for itself."""
    timeout: Seconds | None = None
    """A client gives up after so long; the pod works on for it all the same."""
    retries: int = Field(default=0, ge=0, le=100)
    """A request that was refused or reset is sent again at most so often."""
    retry_after: Seconds = 0.0
    """The wait before it is sent again."""
    data_plane: str | None = None
    """The data plane by name, as in `rolloutsim split`; absent: what `to` implies."""
    failover: Failover | None = None
    """What the proxy does when a try fails; absent: what its data plane does by default, and requests are not played in order for it."""
