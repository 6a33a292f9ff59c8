"""The one screen of `rolloutsim run`: the answer in a sentence, then the share table, what broke, times, pods and assumptions."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from rich.table import Table

from rolloutsim.answers.harm import Seen
from rolloutsim.answers.share import Share, routes_of
from rolloutsim.errors import printable
from rolloutsim.quantities import format_duration
from rolloutsim.report.result import Result, tag_of
from rolloutsim.report.sentences import listed, sentences
from rolloutsim.report.tables import rendered

WIDTH = 118


def screen(result: Result, *, colour: bool = False, all_assumptions: bool = False) -> str:
    """The screen as text, at most WIDTH columns wide."""
    parts = [_title(result), "", *sentences(result), ""]
    for stream in result.record.traffic:
        heading = _heading(result, stream)
        parts += [heading, rendered(_share_table(result, stream), WIDTH, colour=colour).rstrip("\n"), ""]
    parts += [
        *_harm(result),
        *_judgements(result),
        *_times(result),
        *_pods(result),
        *_loops(result),
        *_deeds(result),
        *_assumptions(result, all_assumptions=all_assumptions),
        _repeat(result),
    ]
    text = "\n".join(parts) + "\n"
    return text if colour else "\n".join(map(printable, text.split("\n")))


def _title(result: Result) -> str:
    header, rollout = result.record.header, result.rollout
    tags = list(dict.fromkeys(result.tags.values()))
    strategy = "canary" if result.is_canary else "blue-green"
    replicas = 1 if rollout.spec.replicas is None else rollout.spec.replicas
    return f"{header.scenario}: {header.rollout} {' -> '.join(tags)}, {strategy}, {replicas} replicas, seed {header.seed}"


# --- table ---------------------------------------------------------------------------------------------------------------------------


COVERED = {
    "requests": "intervals count requests",
    "connections": "intervals count connections, as requests of one connection go to one pod",
    "bound": "a fixed cycle: the interval is a bound, not chance",
}


def _heading(result: Result, stream: str) -> str:
    """What a stream's table is about: its Service or host, its data plane, and what the intervals cover."""
    route = routes_of(result.record, stream)[-1][2]
    target = f"Service {route.service}" if any(result.record.history("Service", route.service)) else route.service
    return f"{stream} -> {target} by {route.plane} ({COVERED[route.covers]})"


def _share_table(result: Result, stream: str) -> Table:
    """A canary's table shows the new version at each stretch of its update (and which it was, if there were several); a blue-green one all that answered."""
    first_s = min((row.from_s for row in result.shares.rows if row.is_new and row.step is not None), default=math.inf)
    first_s = min(first_s, result.duration.started_s or 0.0)

    def is_shown(row: Share) -> bool:
        if result.is_canary:
            return bool(row.experiment) or (row.is_new and (row.step is not None or row.from_s > first_s))
        return row.share_percent is not None

    shown = [row for row in result.shares.rows if row.stream == stream and is_shown(row)]
    has_versions = not result.is_canary or len({row.image for row in shown if row.is_new}) > 1
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("  step" if result.is_canary else "  selector", no_wrap=True)
    names = [*(["version"] if has_versions else []), *(["pods new/old", "setWeight"] if result.is_canary else [])]
    for name in ("from", "for", *names, "measured", "95 % interval", "requests"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    for row in shown:
        table.add_row(*_cells(row, result, has_version=has_versions))
    return table


def _cells(row: Share, result: Result, *, has_version: bool) -> list[str]:
    measured = "-" if row.share_percent is None else f"{row.share_percent:.1f} %"
    within = "-" if row.share_percent is None else f"{row.low_percent:.1f} - {row.high_percent:.1f}"
    note = {"agrees": "agrees", "off": f"off: {row.reason}", "undecided": f"undecided: {row.reason}", None: row.reason}[row.verdict]
    step = f"{row.step} {row.label.replace('to setWeight', '-> setWeight')}" if row.step is not None else row.label
    middle = [tag_of(row.image)] if has_version else []
    if result.is_canary:
        promoted = "100 %" if row.label == "promoted" else "-"
        wanted = promoted if row.set_weight_percent is None else f"{row.set_weight_percent:g} %"
        middle += [f"{row.pods_new} / {row.pods_stable}", wanted]
    return [f"  {step}", f"{row.from_s:.1f}", format_duration(row.to_s - row.from_s), *middle, measured, within, f"{row.requests:,}", note]


# --- what else ------------------------------------------------------------------------------------------------------------------------


def _harm(result: Result) -> Iterator[str]:
    harm = result.harm
    if not harm.requests:
        return
    per_version = ", ".join(
        f"{tag_of(v.image)}{v.place} {v.errors:,} of {v.requests:,} ({v.error_percent:.2f} %, {v.low_percent:.2f} - {v.high_percent:.2f})"
        for v in harm.by_version
    )
    yield from _folded("errors:  ", per_version)
    gaps = [f"{gap.service} had none for {gap.stream} from {gap.from_s:.1f} s for {format_duration(gap.to_s - gap.from_s)}" for gap in harm.gaps]
    lost = f"no endpoint {harm.no_endpoint:,}, connection refused {harm.refused:,} of {harm.requests:,} requests"
    lost_kinds = [seen for seen in harm.seen if seen.is_lost]
    if lost_kinds:
        lost = f"{sum(seen.requests for seen in lost_kinds):,} of {harm.requests:,} requests: {listed([_saw(seen, result) for seen in lost_kinds])}"
    yield from _folded("lost:    ", f"{lost}{'; ' if gaps else ''}{'; '.join(gaps)}")
    others = [_saw(seen, result) for seen in harm.seen if not seen.is_lost]
    if others:
        yield from _folded("seen:    ", f"{listed(others)}, among the errors")


def _saw(seen: Seen, result: Result) -> str:
    """`502 for 34 users (after 0.2ms, 3s at most)`."""
    of = f" {seen.stream}" if len(result.record.traffic) > 1 else ""
    text = f"{seen.what} for {seen.requests:,}{of}"
    if seen.after_s is None:
        return text
    after, longest = (f"{1e3 * s:.3g}ms" if s < 1 else format_duration(round(s, 2)) for s in (seen.after_s, seen.longest_s or seen.after_s))
    return f"{text} (after {after}" + (f", {longest} at most)" if longest != after else ")")


def _folded(head: str, text: str) -> Iterator[str]:
    """A line and those that it continues on."""
    for i, line in enumerate(textwrap.wrap(text, WIDTH - len(head), break_long_words=False)):
        yield f"{head if i == 0 else ' ' * len(head)}{line}"


def _judgements(result: Result) -> Iterator[str]:
    """A line for each AnalysisRun and Experiment: when, how many measurements came to what, and its phase."""
    for i, judged in enumerate(result.judgements):
        kind = "analysis" if judged.kind == "AnalysisRun" else "experiment"
        counts = [
            f"{n} {word}"
            for n, word in (
                (judged.successful, "passed"),
                (judged.failed, "failed"),
                (judged.inconclusive, "inconclusive"),
                (judged.error, "in error"),
            )
            if n
        ]
        spent = "unfinished" if judged.to_s is None else format_duration(judged.to_s - judged.from_s)
        measured = f", {', '.join(counts)}" if counts else ""
        text = f"{kind} {judged.name} from {judged.from_s:.1f} s for {spent}{measured}: {judged.phase}"
        yield from _folded("judged:  " if i == 0 else "         ", text + (f" ({judged.message})" if judged.message else ""))


def _times(result: Result) -> Iterator[str]:
    took = result.duration
    if took.started_s is None:
        return
    if result.is_canary:
        steps = ", ".join(f"{step.label} {format_duration(step.seconds)}" for step in took.steps)
        yield f"times:   new image at {took.started_s:.1f} s; {steps}"
    else:
        switches = ", ".join(
            f"{service} {result.tags.get(before, 'any')} -> {result.tags.get(after, after)} at {t_s:.1f} s"
            for t_s, service, before, after in took.switches
        )
        yield f"times:   new image at {took.started_s:.1f} s; {switches or 'no Service was switched'}"


def _pods(result: Result) -> Iterator[str]:
    pods = result.capacity
    more = f" ({pods.peak_with_terminating} with those terminating)" if pods.peak_with_terminating > pods.peak_pods else ""
    yield f"pods:    {pods.peak_pods} at peak{more}, {pods.pod_seconds:,.0f} pod-seconds"


def _loops(result: Result) -> Iterator[str]:
    """A line for each loop of the controller, and the two states that it goes between."""
    for loop in result.record.loops:
        spent = format_duration(round(loop.to_s - loop.from_s, 1))
        yield f"loop:    the controller looked {loop.passes:,} times from {loop.from_s:.1f} s for {spent}, {'; '.join(loop.between)}"


def _deeds(result: Result) -> Iterator[str]:
    for deed in result.record.deeds:
        if deed.refused:
            yield f"refused: {deed.command} at {deed.t_s:.1f} s: {deed.printed}"


def _assumptions(result: Result, *, all_assumptions: bool) -> Iterator[str]:
    found = result.record.assumptions
    if all_assumptions:
        yield "assumed:"
        for a in found:
            yield f"  {a.name} {a.value}"
            yield f"      source: {a.source}; set {a.key}"
        return
    shown = [a for a in found if not a.key.startswith("traffic")]  # the tables name the data planes
    main = [a for a in shown if not a.source.startswith("median of recordings")]
    rest = len(shown) - len(main)
    texts = [f"{a.name} {a.value}" for a in main] + ([f"{rest} delays of the control plane as recorded"] if rest else [])
    for i, text in enumerate(texts or ["nothing"]):
        yield f"{'assumed: ' if i == 0 else '         '}{text}{'' if i + 1 < len(texts) else ' (--assumptions lists the sources)'}"


def _repeat(result: Result) -> str:
    header = result.record.header
    return f"repeat:  rolloutsim run {header.source} --seed {header.seed}"
