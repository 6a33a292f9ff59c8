"""Durations and int-or-percent values, against the table of the real parser (pkg/apis/rollouts/v1alpha1/types.go)."""

from __future__ import annotations

import math

import pytest

from rolloutsim.quantities import format_duration, parse_duration, parse_go_duration, parse_percent, parse_rate, pause_seconds, scaled


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (10, 10), ("10", 10), ("10s", 10), ("5m", 300), ("1h30m", 5400), ("1.5m", 90), ("1500ms", 1), ("1ms", 0), ("0", 0), (0, 0), (None, None),
        (-5, -5), ("-5s", -5), ("1d", -1), ("1z", -1), ("10 s", -1), ("", -1), ("10%", -1), ("20000000000", -1),
    ],
)  # fmt: skip
def test_pause_duration(given: int | str | None, seconds: int | None) -> None:
    assert pause_seconds(given) == seconds


@pytest.mark.parametrize(
    ("text", "words"),
    [("10", 'time: missing unit in duration "10"'), ("1d", 'time: unknown unit "d" in duration "1d"'), ("x", 'time: invalid duration "x"')],
)
def test_go_duration_errors(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        parse_go_duration(text)


@pytest.mark.parametrize(
    ("value", "total", "up", "pods"),
    [(1, 3, True, 1), ("1", 3, True, 1), ("1", 3, False, 0), ("25%", 10, True, 3), ("25", 10, False, 2), ("150%", 4, True, 6), ("abc", 4, True, 0), ("1.5%", 4, True, 0)],
)  # fmt: skip
def test_int_or_percent(value: int | str, total: int, up: bool, pods: int) -> None:
    assert scaled(value, total, up=up) == pods


def test_scenario_quantities() -> None:
    assert parse_duration("2d") == 172800
    assert parse_duration("1h30m") == 5400
    assert parse_rate("3000/m") == 50
    assert parse_percent("2pp") == 0.02
    for bad in (-1, math.nan, math.inf, True, [], "x", "-3s"):
        with pytest.raises(ValueError):  # noqa: PT011
            parse_duration(bad)
    for bad in (math.nan, -1, "x/s", "1/d", [], True, "nan/s"):
        with pytest.raises(ValueError):  # noqa: PT011
            parse_rate(bad)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (0.35, "0.35s"), (62.2, "62.2s"), (60, "60s"), (450, "7m30s"), (7500, "2h5m")])
def test_format_duration(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
