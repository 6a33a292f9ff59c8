"""`date` and `now`: instants (expr v1.15.5, builtin; time.Parse)."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from rolloutsim.conditions.nodes import ConditionError, Unsupported
from rolloutsim.conditions.values import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_START_S = (datetime(2026, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()
_TICKS = itertools.count(1)
_DAY, _CLOCK = r"(\d{4})-(\d\d)-(\d\d)", r"([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)([.,]\d+)?"
_ZONE = r"(Z|([+-])(\d\d):(\d\d))"


def now() -> Instant:
    """The default start of a scenario, a second later each time: a condition has no clock, but two looks at it never agree."""
    return Instant(_START_S + next(_TICKS))


def date(text: str, *layout: Any) -> Instant:
    """An instant from a date, a date and a time, or RFC 3339; Unsupported for a layout or zone of one's own."""
    if layout:
        raise Unsupported("dates by a layout")
    if found := re.fullmatch(f"{_DAY}(?: {_CLOCK})?|{_DAY}T{_CLOCK}{_ZONE}", text):
        groups = found.groups()
        parts, zone = (groups[:7], None) if groups[0] else (groups[7:14], groups[15:18])
        year, month, day, hour, minute, second = (int(part or 0) for part in parts[:6])
        try:
            at = datetime(year, month, day, hour, minute, second, tzinfo=UTC) if year else datetime.min.replace(tzinfo=UTC)
        except ValueError:
            raise ConditionError(f"invalid date {text}") from None
        fraction = float(f"0.{parts[6][1:]}") if parts[6] else 0.0
        offset = timedelta()
        if zone and zone[0]:
            offset = timedelta(hours=int(zone[1]), minutes=int(zone[2])) * (1 if zone[0] == "+" else -1)
        return Instant((at - offset - _EPOCH).total_seconds() + fraction)
    if re.fullmatch(_CLOCK, text) or re.search(r"[A-Za-z]{3}", text):
        raise Unsupported("dates in this form")
    raise ConditionError(f"invalid date {text}")
