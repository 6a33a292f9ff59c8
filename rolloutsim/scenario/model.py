"""What all models of a scenario share: immutability, units that are read from text, and random delays."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rolloutsim.quantities import parse_duration, parse_percent, parse_quantile, parse_rate

Seconds = Annotated[float, BeforeValidator(parse_duration), Field(json_schema_extra={"type": ["string", "number"], "examples": ["4s", "10m"]})]
PerSecond = Annotated[float, BeforeValidator(parse_rate), Field(json_schema_extra={"type": ["string", "number"], "examples": ["200/s"]})]
Quantile = Annotated[float, BeforeValidator(parse_quantile), Field(json_schema_extra={"type": ["string", "number"], "examples": ["p95", 0.95]})]
Fraction = Annotated[float, BeforeValidator(parse_percent), Field(json_schema_extra={"type": ["string", "number"], "examples": ["2%", "2pp"]})]


class Model(BaseModel):
    """Immutable, camel case outside, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, arbitrary_types_allowed=True)


class Lognormal(Model):
    """A lognormal distribution by its median and 95th percentile."""

    median: Seconds
    p95: Seconds


class Uniform(Model):
    """Uniform between two durations."""

    low: Seconds
    high: Seconds


class DelayShape(Model):
    """A random delay; exactly one shape."""

    lognormal: Lognormal | None = None
    uniform: Uniform | None = None
    exponential: Seconds | None = None
    """Mean of an exponential delay."""


Delay = DelayShape | Seconds

Z95 = 1.6448536269514722
"""The 95th percentile of the standard normal law."""


def mean_s(delay: Delay) -> float:
    """Seconds that a delay takes on average."""
    if not isinstance(delay, DelayShape):
        return delay
    if delay.lognormal is not None:
        spread = math.log(delay.lognormal.p95 / delay.lognormal.median) / Z95
        return delay.lognormal.median * math.exp(spread**2 / 2)
    if delay.uniform is not None:
        return (delay.uniform.low + delay.uniform.high) / 2
    return delay.exponential or 0.0


class Distribution(Model):
    """A random time; exactly one shape."""

    exponential: Seconds | None = None
    """Its mean."""
    lognormal: Lognormal | None = None
    uniform: Uniform | None = None
    empirical: tuple[Seconds, ...] | None = None
    """Measured times, each as likely as any other."""

    @property
    def shapes(self) -> list[str]:
        """What is given; exactly one in a valid scenario."""
        return [name for name in ("exponential", "lognormal", "uniform", "empirical") if getattr(self, name) is not None]


RandomTime = Distribution | Seconds
