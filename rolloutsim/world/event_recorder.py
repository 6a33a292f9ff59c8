"""The controller's event recorder: repeated texts only count, and a talkative object falls silent.

Source: client-go tools/record (events_cache.go): per object and type 25 events, then one per 300 s; from the 10th different text of one
reason on, further ones are combined.
"""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.manifest.objects import Event

BURST, REFILL_S, COMBINE_AFTER, COMBINE_WINDOW_S = 25, 300.0, 10, 600.0


class EventRecorder:
    """Passes events on to `write`, as far as the client lets them through."""

    def __init__(self, write: Callable[[Event], None]) -> None:
        self._write = write
        self._counts: dict[tuple[str, ...], int] = {}
        self._texts: dict[tuple[str, ...], set[str]] = {}
        self._last_s: dict[tuple[str, ...], float] = {}
        self._tokens: dict[tuple[str, ...], tuple[float, float]] = {}

    def emit(self, now_s: float, event: Event) -> None:
        """Record an event, combined, counted or dropped as the real client does."""
        family = (event.on, event.name, event.type, event.reason)
        if now_s - self._last_s.get(family, now_s) > COMBINE_WINDOW_S:
            self._texts.pop(family, None)
        self._last_s[family] = now_s
        texts = self._texts.setdefault(family, set())
        texts.add(event.message)
        combined = len(texts) >= COMBINE_AFTER
        message = f"(combined from similar events): {event.message}" if combined else event.message
        key = (*family, "" if combined else message)
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._let_through(now_s, (event.on, event.name, event.type)):
            self._write(Event(event.on, event.name, event.type, event.reason, message, self._counts[key]))

    def _let_through(self, now_s: float, source: tuple[str, ...]) -> bool:
        tokens, at_s = self._tokens.get(source, (float(BURST), now_s))
        tokens = min(float(BURST), tokens + (now_s - at_s) / REFILL_S)
        passes = tokens >= 1
        self._tokens[source] = (tokens - 1 if passes else tokens, now_s)
        return passes
