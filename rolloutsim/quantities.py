"""Durations, rates, percentages and int-or-percent values: parse and print."""

from __future__ import annotations

import math
import re

IntOrString = int | str

_GO_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_GO_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_INT32 = 2**31 - 1


def parse_go_duration(text: str) -> float:
    """Seconds of a Go duration such as `1h30m` or `1500ms`; ValueError in Go's words otherwise (time.ParseDuration)."""
    sign, rest = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    if rest == "0":
        return 0.0
    seconds, at = 0.0, 0
    while at < len(rest) and (part := _GO_PART.match(rest, at)):
        seconds += float(part[1]) * _GO_UNITS[part[2]]
        at = part.end()
    if rest and at == len(rest):
        return sign * seconds
    number = re.match(r"(\d+\.?\d*|\.\d+)([^\d.]*)", rest[at:])
    if number is None:
        raise ValueError(f'time: invalid duration "{text}"')
    if number[2]:
        raise ValueError(f'time: unknown unit "{number[2]}" in duration "{text}"')
    raise ValueError(f'time: missing unit in duration "{text}"')


def pause_seconds(duration: IntOrString | None) -> int | None:
    """Whole seconds of a pause step's duration: None waits for a promote, -1 cannot be read.

    Source: pkg/apis/rollouts/v1alpha1/types.go, RolloutPause.DurationSeconds.
    """
    if duration is None or isinstance(duration, int):
        return duration
    try:
        if re.fullmatch(r"[+-]?\d+", duration) and -_INT32 - 1 <= int(duration) <= _INT32:
            return int(duration)
        seconds = parse_go_duration(duration)
    except ValueError:
        return -1
    return int(seconds) if math.isfinite(seconds) and abs(seconds) <= _INT32 else -1


def parse_duration(value: object) -> float:
    """Seconds of a scenario's duration: a number of seconds, or a Go duration (`4s`, `10m`, `1h30m`), also with days (`2d`); not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a duration")
    if isinstance(value, str):
        days = re.fullmatch(r"(\d+(?:\.\d+)?)d(.*)", value)
        seconds = float(days[1]) * 86400 + (parse_go_duration(days[2]) if days[2] else 0.0) if days else parse_go_duration(value)
    else:
        seconds = float(value)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError("a duration is a finite number of seconds, not negative")
    return seconds


def parse_quantile(value: object) -> float:
    """A quantile: `p95`, `p99.9`, or a number from 0 to 1."""
    if isinstance(value, str) and re.fullmatch(r"p\d{1,2}(\.\d+)?", value):
        return float(value[1:]) / 100
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("a quantile is p95, or a number from 0 to 1")
    return float(value)


def format_duration(seconds: float) -> str:
    """A duration for people: `0.35s`, `62.2s`, `7m30s`, `2h5m`."""
    if seconds < 0.995:
        return f"{seconds:.2g}s" if seconds else "0s"
    if seconds < 120:
        return f"{seconds:.1f}s".replace(".0s", "s")
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    parts = [(hours, "h"), (minutes, "m"), (rest if not hours else 0, "s")]
    return "".join(f"{n}{unit}" for n, unit in parts if n)


def parse_rate(value: object) -> float:
    """Requests per second of `200/s`, `3000/m`, `1e6/h` or a bare number; ValueError otherwise."""
    per = {"s": 1.0, "m": 60.0, "h": 3600.0}
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([0-9.eE+]+)\s*(?:/\s*([smh]))?\s*", value)
        if match is None:
            raise ValueError("not a rate")
        rate = float(match[1]) / per[match[2] or "s"]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        rate = float(value)
    else:
        raise ValueError("not a rate")
    if not math.isfinite(rate) or rate < 0:
        raise ValueError("a rate is a finite number of requests per second, not negative")
    return rate


def parse_percent(value: object) -> float:
    """A fraction in 0..1 of `2%`, `2pp` (percentage points) or a bare fraction; ValueError otherwise."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(%|pp)\s*", value)
        if match is None:
            raise ValueError("not a percentage")
        fraction = float(match[1]) / 100
    elif isinstance(value, int | float) and not isinstance(value, bool):
        fraction = float(value)
    else:
        raise ValueError("not a percentage")
    if not math.isfinite(fraction) or not 0 <= fraction <= 1:
        raise ValueError("a percentage lies between 0 and 100")
    return fraction


def scaled(value: IntOrString, total: int, *, up: bool) -> int:
    """Pods of an int-or-percent of `total`; any text is a percentage, even without `%`, and unreadable text counts as 0.

    Source: utils/replicaset/replicaset.go, resolveFenceposts; spec/validation.md 4.2.
    """
    if isinstance(value, int):
        return value
    match = re.fullmatch(r"(-?\d+)%?", value)
    if match is None:
        return 0
    share = int(match[1]) * total
    return -(-share // 100) if up else share // 100
