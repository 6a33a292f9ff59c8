"""Replayed recordings as a test report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rolloutsim.studies.replay import Outcome


def replay_text(outcomes: Sequence[Outcome]) -> str:
    """A line for each recording that does not agree or could not be played, and a summary."""
    lines = []
    for outcome in outcomes:
        if outcome.unplayable:
            lines.append(f"{outcome.name}: not simulated: {outcome.unplayable}")
        elif not outcome.series:
            lines.append(f"{outcome.name}: played, nothing recorded to compare with")
        elif not outcome.agrees:
            lines.append(f"{outcome.name}: {outcome.agreeing}/{outcome.series} series agree; first difference {outcome.difference}")
    played = [o for o in outcomes if not o.unplayable]
    agreeing, series = sum(o.agreeing for o in played), sum(o.series for o in played)
    share = f" ({100 * agreeing / series:.1f} %)" if series else ""
    lines.append(
        f"{len(outcomes)} recordings: {sum(o.agrees for o in played)} agree in full, {len(outcomes) - len(played)} not simulated; "
        f"series {agreeing} of {series}{share}"
    )
    return "\n".join(lines) + "\n"


def replay_form(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The outcomes as plain data."""
    return [{**asdict(outcome), "agrees": outcome.agrees} for outcome in outcomes]
