"""Who asks: streams of requests and the clients behind them."""

from __future__ import annotations

from pydantic import Field

from rolloutsim.scenario.arrivals import Arrivals
from rolloutsim.scenario.model import Model, PerSecond


class Clients(Model):
    """Who opens connections: without it, every request is a connection of its own."""

    connections: int = Field(default=1, ge=1, le=1_000_000)
    requests_per_connection: int | None = Field(default=None, ge=1)
    """A connection closes after so many requests; absent: kept for ever."""


class Stream(Model):
    """One stream of requests."""

    name: str = "users"
    to: str
    """`ingress/HOST[/PATH]` or `service/NAME`."""
    rate: PerSecond | None = None
    """Requests per second, on average; a trace brings its own."""
    arrivals: Arrivals = "poisson"
    """`poisson`, `constant`, or a shape: diurnal, bursts, spikes, trace."""
    clients: Clients | None = None
    data_plane: str | None = None
    """The data plane by name, as in `rolloutsim split`; absent: what `to` implies."""
