"""The answer in a few sentences: which version got which share, how it ended, what that took."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rolloutsim.answers.share import Share
from rolloutsim.quantities import format_duration
from rolloutsim.report.result import Result, tag_of

SHORTEST_WAIT_S = 1.0
"""A pause that is passed sooner did not wait for anybody."""


def sentences(result: Result) -> Iterator[str]:
    """One sentence a stream on the shares, and one on the end."""
    for stream in result.record.traffic:
        yield _share_sentence(result, stream)
    yield _outcome_sentence(result)


def _share_sentence(result: Result, stream: str) -> str:
    """What share the new version got at each setWeight, and whether that agrees."""
    rows = result.shares.held(stream)
    if not rows:
        rows = tuple(row for row in result.shares.rows if row.stream == stream)
        if not rows:
            return f"{stream}: no requests."
        most = [row for row in rows if row.share_percent is not None and row.share_percent >= 50]
        most = [row for i, row in enumerate(most) if i == 0 or most[i - 1].image != row.image]
        parts = [f"{tag_of(row.image)} from {row.from_s:.1f} s" for row in most]
        mixed = any(row.share_percent is not None and 0.5 < row.share_percent < 99.5 for row in rows)
        return f"{stream} ({rows[-1].service}) were answered {'mostly ' if mixed else ''}by {', then by '.join(parts)}."
    versions = [(tag_of(image), tuple(those)) for image, those in groupby(rows, key=lambda row: row.image)]
    parts = [f"{tag} answered {_percents(those)}" for tag, those in versions]
    parts[0] = parts[0].replace(" at ", f" of the {stream} requests at ", 1)
    return f"{listed(parts)}: {_judged(rows)}."


def _percents(rows: tuple[Share, ...]) -> str:
    return listed([f"{_percent(row)} at setWeight {row.set_weight_percent:g}" for row in rows])


def _judged(rows: tuple[Share, ...]) -> str:
    """Whether the shares agree with setWeight, and if not, why; one reason is said once."""
    verdicts = {row.verdict for row in rows}
    if verdicts == {"agrees"}:
        return {1: "it agrees", 2: "both agree"}.get(len(rows), "all agree")
    reasons = {row.reason for row in rows}
    if len(verdicts) == 1 and len(reasons) == 1:
        word = {"off": "off", "undecided": "undecided", None: "not measured"}[rows[0].verdict]
        return f"{'all ' if len(rows) > 2 else 'both ' if len(rows) == 2 else ''}{word}, {rows[0].reason}"
    return "; ".join(f"at {row.set_weight_percent:g} {row.verdict or 'not measured'}" + (f", {row.reason}" if row.reason else "") for row in rows)


def listed(parts: list[str]) -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _percent(row: Share) -> str:
    return "no" if row.share_percent is None else f"{row.share_percent:.1f} %"


def _outcome_sentence(result: Result) -> str:
    took, harm, pods = result.duration, result.harm, result.capacity
    if took.started_s is None:
        first = f"No new image was rolled out; the Rollout is {result.phase}."
    elif took.seconds is None:
        first = f"Not Healthy by the end at {result.record.end_s:.1f} s: {result.phase} {result.rollout.status.message}".rstrip() + "."
    else:
        waited = f", {format_duration(took.waited_for_human_s)} of it waiting for a promote" if took.waited_for_human_s >= SHORTEST_WAIT_S else ""
        first = f"Healthy {format_duration(took.seconds)} after the new image{waited}."
    lost = harm.no_endpoint + harm.refused
    broken = "Nobody got an error for want of a pod." if not lost else f"{lost:,} request{'s' if lost != 1 else ''} got no answer from a pod."
    return f"{first} {broken} At most {pods.peak_pods} pods."
