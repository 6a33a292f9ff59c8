"""When the requests of a stream arrive: steadily, by day and night, in bursts and spikes, or as a trace has it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from rolloutsim.scenario.model import Delay, Model, PerSecond, Seconds

Process = Literal["poisson", "constant"]


class Diurnal(Model):
    """A rate that swings around `rate` as a sine does."""

    period: Seconds = 86400.0
    peak_to_mean: float = Field(ge=1, le=2)
    """The highest rate, in multiples of `rate`; a sine that never falls below 0 reaches at most 2."""
    peak_at: Seconds = 0.0
    """The first peak, from t = 0."""


class Bursts(Model):
    """Bursts, and quiet times between them; `rate` is the mean over both."""

    on: Delay
    """How long a burst lasts; a random one is drawn anew for each."""
    off: Delay
    """How long it is quiet after it."""
    peak_to_mean: float | None = Field(default=None, ge=1)
    """The rate in a burst, in multiples of `rate`; absent: nobody asks between bursts."""
    first: Seconds = 0.0
    """It is quiet until then."""


class Spike(Model):
    """A while in which more (or fewer) ask."""

    at: Seconds
    lasts: Seconds
    times: float = Field(ge=0, le=1e6)
    """The rate meanwhile, in multiples of `rate`."""


class Trace(Model):
    """What was recorded; exactly one of `file`, `times` and `rates`."""

    file: str | None = None
    """A CSV file, relative to the scenario file: a time (seconds from t = 0) a line, or a time and the rate from then on; a header may come first."""
    times: tuple[Seconds, ...] | None = None
    """The instants at which requests arrive."""
    rates: tuple[tuple[Seconds, PerSecond], ...] | None = None
    """`[from, rate]`; nobody asks before the first, and the last one lasts."""
    repeat_every: Seconds | None = None
    """The trace begins anew each so long."""


class ArrivalShape(Model):
    """Arrivals whose rate changes; exactly one of the shapes."""

    process: Process = "poisson"
    """poisson: by chance, at the rate of the moment; constant: evenly spaced at it. A trace of times needs neither."""
    diurnal: Diurnal | None = None
    bursts: Bursts | None = None
    spikes: tuple[Spike, ...] | None = None
    """The rest of the time the rate is `rate`."""
    trace: Trace | None = None
    """It says the rate itself: `rate` is left out."""


def _kind(value: object) -> str:
    return "Shape" if isinstance(value, dict | ArrivalShape) else "Process"


Arrivals = Annotated[Annotated[Process, Tag("Process")] | Annotated[ArrivalShape, Tag("Shape")], Discriminator(_kind)]
