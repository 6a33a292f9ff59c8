"""Colours, icons and ages as the plugin prints them (spec/views.md 2.6)."""

from __future__ import annotations

import re

ICONS = {
    "Progressing": "◌",
    "Paused": "॥",
    "Healthy": "✔",
    "Degraded": "✖",
    "ScaledDown": "•",
    "ReplicaFailure": "✖",
    "Pending": "◷",
    "Running": "◌",
    "Successful": "✔",
    "Failed": "✖",
    "Inconclusive": "?",
    "Error": "⚠",
}
GREEN, RED, YELLOW, BLUE, PLAIN = "32", "31", "33", "94", "0"
ICON_COLOURS = {"✔": GREEN, "✖": RED, "⚠": RED, "◷": YELLOW, "?": YELLOW, "◌": BLUE}
TAG_COLOURS = {"stable": GREEN, "active": GREEN, "canary": YELLOW, "preview": BLUE, "ping": BLUE, "pong": BLUE}
SGR = re.compile(r"\x1b\[[0-9;]*m")


class Paint:
    """Wraps a text in a colour; the plain kind leaves it as it is."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def __call__(self, text: str, code: str) -> str:
        """The text in a colour (an SGR code)."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._on else text


def icon(mark: str, paint: Paint) -> str:
    """A mark in its colour."""
    return paint(mark, ICON_COLOURS.get(mark, PLAIN))


def age(seconds: float) -> str:
    """A duration as `kubectl` prints ages: at most two units, cut, never rounded (k8s.io/apimachinery, HumanDuration)."""
    if seconds <= -2:
        return "<invalid>"
    s = max(0, int(seconds))
    minutes, hours, days = s // 60, s // 3600, s // 86400
    if s < 120:
        return f"{s}s"
    if minutes < 10:
        return f"{minutes}m{s % 60}s" if s % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y{days % 365}d" if days < 8 * 365 and days % 365 else f"{days // 365}y"
