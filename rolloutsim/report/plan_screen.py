"""The one screen of `rolloutsim plan`: the verdict, the weights that pods can make, then what will hurt, worst first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from rolloutsim.answers.reachable import Reached
from rolloutsim.diagnostics.diagnostic import SEVERITIES, Finding
from rolloutsim.diagnostics.silenced import NEVER
from rolloutsim.errors import excerpt, printable
from rolloutsim.planning import Plan, RolloutPlan

WIDTH = 118
IN_FULL = 3
"""So many Rollouts show all their weights and the controller's words; of more, only those whose weights are missed."""
WRITTEN_OUT = 3
"""So many findings of one code show their source line, unless all are asked for."""
MOST_REFUSALS = 12
"""So many of what the gates say, where each finding is another rule."""
NARROWEST = 60
_PAINT = {"error": "31", "warning": "33", "note": "36", "refused": "31", "invalid": "31", "accepted": "32"}


class Paper(NamedTuple):
    """What a screen is written on: its width in columns, whether there is colour, and whether every finding is written out."""

    width: int = WIDTH
    colour: bool = False
    all_findings: bool = False

    def painted(self, text: str, key: str) -> str:
        """Text in the colour of a severity or a verdict."""
        return f"\x1b[{_PAINT[key]}m{text}\x1b[0m" if self.colour else text

    def wrapped(self, text: str, first: str = "", further: str = "", **more: Any) -> list[str]:
        """Lines that fit; words are never cut at hyphens, as they are names."""
        return textwrap.wrap(
            text, max(self.width, NARROWEST), initial_indent=first, subsequent_indent=further, break_on_hyphens=False, break_long_words=False, **more
        )


def plan_screen(plan: Plan, paper: Paper = Paper()) -> str:
    """The screen as text."""
    return "\n".join([*_head(plan, paper), *_rollouts(plan, paper), *_findings(plan, paper), *_foot(plan, paper)]) + "\n"


def counted(n: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _head(plan: Plan, paper: Paper) -> Iterator[str]:
    counts = ", ".join(counted(plan.count(severity), severity) for severity in SEVERITIES if plan.count(severity)) or "nothing to remark"
    what = f"{counted(len(plan.rollouts), 'Rollout')} among {counted(plan.objects, 'object')} in {counted(plan.files, 'file')}"
    meaning = {
        "accepted": "API server and controller take it",
        "refused": "the API server refuses it",
        "invalid": "the controller calls it invalid",
    }[plan.word]
    first, *further = paper.wrapped(f"{plan.word}: {meaning} ({what}); {counts}", further="  ")
    yield paper.painted(plan.word, plan.word) + first.removeprefix(plan.word)
    yield from further
    for message in plan.controller_messages[:IN_FULL]:
        yield from paper.wrapped(f"controller: {printable(message)}", further="  ")
    if len(plan.controller_messages) > IN_FULL:
        yield f"controller: and so of {counted(len(plan.controller_messages) - IN_FULL, 'other Rollout')}"
    if not plan.rollouts:
        yield "no Rollout among them: there are no steps to look at"


# --- weights -------------------------------------------------------------------------------------------------------------------------


def _rollouts(plan: Plan, paper: Paper) -> Iterator[str]:
    in_full = len(plan.rollouts) <= IN_FULL
    for rollout in plan.rollouts:
        missed = bool(rollout.weights and rollout.weights.missed)
        if not in_full and not missed:
            continue
        yield ""
        head = f"{printable(rollout.name)}: {printable(rollout.strategy)}, {counted(rollout.replicas, 'replica')}{_peak(rollout)}"
        yield from paper.wrapped(head, further="  ")
        if rollout.weights and rollout.weights.rows:
            yield from table(_HEADINGS, [_cells(row, rollout.weights.is_routed) for row in rollout.weights.rows])
            yield from paper.wrapped(_weights_sentence(rollout), "  ", "  ")
    hidden = [r for r in plan.rollouts if not in_full and not (r.weights and r.weights.missed)]
    if hidden:
        yield ""
        yield f"{counted(len(hidden), 'Rollout')} without a word on weights, {sum(r.peak_pods for r in hidden):,} pods if all peak at once"


def _peak(rollout: RolloutPlan) -> str:
    """Nothing for a canary whose weights are none."""
    if rollout.weights is None and rollout.strategy.startswith("canary"):
        return ""
    ceiling = rollout.weights.ceiling_pods if rollout.weights else None
    more = f", never above {ceiling}" if ceiling is not None and ceiling > rollout.peak_pods else ""
    return f", {counted(rollout.peak_pods, 'pod')} at the peak{more}"


_HEADINGS = ("step", "pods new / old", "share", "off by", "pods can make")


def _cells(row: Reached, is_routed: bool) -> tuple[str, ...]:
    share = "-" if row.share_percent is None else f"{row.share_percent:.1f} %"
    distance = "-" if row.distance_pp is None else "0" if abs(row.distance_pp) < 0.05 else f"{row.distance_pp:+.1f}"
    nearest = " or ".join(f"{value:.1f} %" for value in sorted({row.below_percent, row.above_percent}))
    return (
        f"{row.step} {row.label}",
        f"{row.canary_pods} / {row.stable_pods}",
        share,
        distance,
        "any, by the router" if is_routed else nearest,
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a table: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    for row in (headings, *rows):
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True))]
        yield f"  {'   '.join(cells)}".rstrip()


def _weights_sentence(rollout: RolloutPlan) -> str:
    reached = rollout.weights
    assert reached is not None
    if reached.is_routed:
        return f"by pods alone, {counted(reached.smallest_replicas, 'replica')} would have every weight within {reached.tolerance_pp:g} points"
    if not reached.missed:
        return f"every weight within {reached.tolerance_pp:g} points; {counted(reached.smallest_replicas, 'replica')} would be enough for that"
    return (
        f"{counted(reached.smallest_replicas, 'replica')} at least for every weight within {reached.tolerance_pp:g} points; "
        f"a router has them at any size, with up to {counted(reached.routed_peak_pods, 'pod')}"
    )


# --- findings ------------------------------------------------------------------------------------------------------------------------


def _findings(plan: Plan, paper: Paper) -> Iterator[str]:
    """Findings by code, with their source lines; of many of one code the later ones only by place."""
    for _, group in groupby(plan.findings, key=lambda finding: finding.code):
        found = list(group)
        most = MOST_REFUSALS if found[0].code in NEVER else WRITTEN_OUT
        written = found if paper.all_findings else found[:most]
        yield ""
        severity = found[0].severity
        first, *further = paper.wrapped(f"{severity} {found[0].code}: {found[0].diagnostic.title}", further="  ")
        yield paper.painted(severity, severity) + first.removeprefix(severity)
        yield from further
        for finding in written:
            yield from _shown(finding, paper)
        if len(written) < len(found):
            places = dict.fromkeys(_where(finding) for finding in found[len(written) :])
            text = f"{len(found) - len(written)} more at {', '.join(places)}"
            yield from paper.wrapped(text, "  ", "  ", max_lines=3, placeholder=" ... (--all)")
        yield from paper.wrapped(found[0].remedy, "  -> ", "     ")


def _shown(finding: Finding, paper: Paper) -> Iterator[str]:
    """The place, the source line, and the message after the carets, or below them where it does not fit."""
    yield f"  {_where(finding)}  {printable(finding.place.path)}".rstrip()
    lines, message = [f"      {line}" for line in excerpt(finding.place, paper.width - 12)], printable(finding.message)
    if lines and len(lines[-1]) + 1 + len(message) <= paper.width:
        lines[-1] += f" {message}"
        yield from lines
    else:
        yield from lines
        yield from paper.wrapped(message, " " * 6, " " * 6)


def _where(finding: Finding) -> str:
    place = finding.place
    file = "standard input" if place.file == "-" else place.file
    return printable(file if place.line is None else f"{file}:{place.line}")


def _foot(plan: Plan, paper: Paper) -> Iterator[str]:
    if plan.findings:
        yield ""
        yield f"why: rolloutsim explain {plan.findings[0].code}"
    if plan.silenced:
        reasons = "; ".join(dict.fromkeys(f"{one.finding.code} {printable(one.reason) or 'without a reason'}" for one in plan.silenced))
        yield from paper.wrapped(f"silenced: {len(plan.silenced)} ({reasons})", further="  ")
