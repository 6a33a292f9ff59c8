"""Who asks: streams of requests and the clients behind them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

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
    rate: PerSecond
    arrivals: Literal["poisson", "constant"] = "poisson"
    clients: Clients | None = None
    data_plane: str | None = None
    """The data plane by name, as in `rolloutsim split`; absent: what `to` implies."""
