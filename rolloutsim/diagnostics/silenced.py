"""Comments in the YAML that silence a diagnostic: `# rolloutsim: ignore RS101 two pods are enough for this service`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rolloutsim.diagnostics.diagnostic import Finding
from rolloutsim.diagnostics.verdicts import IDLE_COMMENT, INVALID, REFUSED
from rolloutsim.errors import Place
from rolloutsim.manifest.documents import Document

_COMMENT = re.compile(r"(?:^|\s)#\s*rolloutsim:\s*ignore\s+([A-Za-z]+\d+(?:\s*,\s*[A-Za-z]+\d+)*)\s*(.*)$")
NEVER = frozenset([REFUSED.code, INVALID.code, IDLE_COMMENT.code])
"""What API server and controller say cannot be talked away."""


@dataclass(frozen=True, slots=True)
class Comment:
    """One ignore comment: its line (from 1), its codes, and the reason that was given."""

    file: str
    line: int
    text: str
    codes: tuple[str, ...]
    reason: str
    is_alone: bool


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding that a comment silences, and why."""

    finding: Finding
    reason: str


def comments_of(documents: Iterable[Document]) -> list[Comment]:
    """The ignore comments of some documents' files."""
    found: list[Comment] = []
    for file, source in {document.file: document.source for document in documents}.items():
        for number, text in enumerate(source, 1):
            if "rolloutsim:" in text and (match := _COMMENT.search(text)):
                codes = tuple(code.strip().upper() for code in match[1].split(","))
                found.append(Comment(file, number, text, codes, match[2].strip(), not text[: match.start()].strip()))
    return found


def parted(findings: Sequence[Finding], documents: Sequence[Document]) -> tuple[list[Finding], list[Silenced]]:
    """Findings that remain and those that comments silence; a comment that silences nothing becomes a finding itself."""
    comments = comments_of(documents)
    if not comments:
        return list(findings), []
    sources = {document.file: document.source for document in documents}
    reached = {(c.file, line): c for c in reversed(comments) for line in _reach(c, sources[c.file])}
    kept: list[Finding] = []
    silenced: list[Silenced] = []
    used: set[tuple[str, int, str]] = set()
    for finding in findings:
        comment = reached.get((finding.place.file, finding.place.line or 0))
        if comment is None or finding.code not in comment.codes or finding.code in NEVER:
            kept.append(finding)
        else:
            silenced.append(Silenced(finding, comment.reason))
            used.add((comment.file, comment.line, finding.code))
    for c in comments:
        for code in c.codes:
            if (c.file, c.line, code) not in used:
                column = c.text.index("#") + 1
                kept.append(Finding(IDLE_COMMENT, Place(c.file, c.line, "", column, c.text), f"nothing of {code} here", "comment"))
    return kept, silenced


def _reach(comment: Comment, source: Sequence[str]) -> list[int]:
    """The lines that a comment speaks of: its own, or when it stands alone the first line below that is no comment."""
    if not comment.is_alone:
        return [comment.line]
    below = comment.line + 1
    while below <= len(source) and source[below - 1].lstrip().startswith("#"):
        below += 1
    return [comment.line, below]
