"""How late a change is: what a control plane, and a proxy after it, does with changes before requests follow them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from rolloutsim.scenario.model import Delay, DelayShape, Model, Seconds


class RateLimit(Model):
    """A token bucket: so many changes at once, then one each period; what comes meanwhile waits, and only the last of it counts."""

    period: Seconds
    burst: int = Field(default=1, ge=1)


class Debounce(Model):
    """Changes are collected until none has come for a while."""

    after: Seconds
    at_most: Seconds | None = None
    """So long after the first of them they pass in any case."""


class Pace(Model):
    """How changes are taken over; what is given happens in this order."""

    delay: Delay | None = None
    """Each change is so late, and none overtakes another."""
    rate_limit: RateLimit | None = None
    debounce: Debounce | None = None
    throttle: Seconds | None = None
    """After a change has passed, the next one waits so long; only the last of those that come meanwhile counts."""
    poll: Seconds | None = None
    """Looks for changes each so long, at a phase of its own."""
    whole_seconds: bool = False
    """The poll compares time stamps of whole seconds: a change within the second of the one that it took over before is not seen until another comes."""
    reload: Delay | None = None
    """A reload takes so long; then all connections are opened anew."""


SHAPES = frozenset(DelayShape.model_fields)


def _kind(value: object) -> str:
    if isinstance(value, Pace) or (isinstance(value, dict) and not SHAPES & set(value)):
        return "Pace"
    return "Shape" if isinstance(value, dict | DelayShape) else "Seconds"


Lag = Annotated[
    Annotated[Pace, Tag("Pace")] | Annotated[DelayShape, Tag("Shape")] | Annotated[Seconds, Tag("Seconds")],
    Discriminator(_kind),
]
"""A time, a random one, or the mechanism itself."""


def pace_of(lag: Lag) -> Pace:
    """The pace of a lag; a plain time is a delay of each change."""
    return lag if isinstance(lag, Pace) else Pace(delay=lag)
