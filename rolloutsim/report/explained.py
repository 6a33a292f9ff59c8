"""Diagnostics as text: a list, one in full, and the page of all."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from rolloutsim.diagnostics.diagnostic import Diagnostic
from rolloutsim.errors import printable

WIDTH = 118
PAGE = Path(__file__).parent.parent / "diagnostics" / "diagnostics.md"
"""The page of all, as a file of the package."""


def listed(diagnostics: Sequence[Diagnostic]) -> str:
    """A line for each."""
    return "".join(f"{d.code}  {d.severity:<8} {d.title}\n" for d in diagnostics)


def in_full(diagnostics: Sequence[Diagnostic]) -> str:
    """Each with why it hurts, what to do, and its source."""
    parts = []
    for d in diagnostics:
        lines = [f"{d.code} {d.severity}: {d.title}", "", *textwrap.wrap(d.explanation, WIDTH), ""]
        lines += textwrap.wrap(f"do:     {d.remedy}", WIDTH, subsequent_indent=" " * 8)
        lines += textwrap.wrap(f"source: {d.source}", WIDTH, subsequent_indent=" " * 8)
        lines.append(f"silence: # rolloutsim: ignore {d.code} REASON on the line, or alone on the line above it")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def page(diagnostics: Sequence[Diagnostic]) -> str:
    """All of them as Markdown."""
    lines = [
        "# What `rolloutsim plan` finds",
        "",
        "Written by `rolloutsim explain --markdown > rolloutsim/diagnostics/diagnostics.md`; a test holds it to the code.",
        "",
        "| code | severity | what |",
        "|---|---|---|",
    ]
    lines += [f"| [{d.code}](#{d.code.lower()}) | {d.severity} | {d.title} |" for d in diagnostics]
    for d in diagnostics:
        lines += [
            "",
            f"## {d.code}",
            "",
            f"**{d.severity}: {d.title}**",
            "",
            d.explanation,
            "",
            f"*What to do:* {d.remedy}",
            "",
            f"*Source:* {d.source}",
        ]
    return "\n".join(lines) + "\n"


def near(code: str, known: Mapping[str, Diagnostic]) -> str:
    """An unknown code, and the nearest known one."""
    found = difflib.get_close_matches(code, list(known), n=1)
    return printable(code) + (f" (did you mean {found[0]}?)" if found else "; rolloutsim explain lists them")
