"""What can go wrong, and where: every error the user sees is a `Problem` with its place, collected and shown at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ApiError", "Conflict", "ImpossibleState", "InputError", "Livelock", "Place", "Problem", "Refused", "RolloutsimError", "Undecided"]


def printable(text: str) -> str:
    """A line without control and direction characters that a terminal would obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the user's files a value stands: file, line and column (from 1), YAML path, and the line as it is written."""

    file: str = ""
    line: int | None = None
    path: str = ""
    column: int | None = None
    source: str = ""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return " ".join(part for part in (where, self.path) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input: place, what was found, the rule it breaks and what to do about it."""

    place: Place
    found: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        text = printable(f"{self.place}: {self.found}; {self.rule}. {self.remedy}")
        return text + "".join(f"\n    {line}" for line in excerpt(self.place))


LONGEST_EXCERPT = 100
"""So much of a source line is shown."""


def excerpt(place: Place, longest: int = LONGEST_EXCERPT) -> tuple[str, ...]:
    """The source line of a place and, below it, carets under the value that is meant; nothing for a place without a source."""
    raw = place.source
    if not raw.strip():
        return ()
    indent = len(raw) - len(raw.lstrip())
    start = min(max((place.column or indent + 1) - 1, indent), len(raw) - 1)
    end = _end_of_value(raw, start)
    begin = indent if end - indent <= longest else max(indent, start - 20)
    stop = min(begin + longest, len(raw.rstrip()))
    before, meant, after = (printable(part) for part in (raw[begin:start], raw[start : min(end, stop)], raw[min(end, stop) : stop]))
    cut = "..." if begin > indent else ""
    line = cut + before + meant + after + ("..." if stop < len(raw.rstrip()) else "")
    return line, (" " * (len(cut) + _columns(before)) + "^" * max(1, _columns(meant)))


def _end_of_value(raw: str, start: int) -> int:
    """Where a key and its value end in a line: at a comment, or in flow style at the comma or bracket that closes it."""
    is_flow = sum(raw[:start].count(c) for c in "{[") > sum(raw[:start].count(c) for c in "}]")
    depth, quote = 0, ""
    for i in range(start, len(raw)):
        c = raw[i]
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'" and raw[i - 1] in " :[{,(":
            quote = c
        elif c == "#" and raw[i - 1] == " ":
            return len(raw[:i].rstrip())
        elif c in "{[":
            depth += 1
        elif c in "}]" and depth == 0 and is_flow:
            return i
        elif c in "}]":
            depth -= 1
        elif c == "," and depth == 0 and is_flow:
            return i
    return len(raw.rstrip())


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class RolloutsimError(Exception):
    """Root of every error that rolloutsim raises on purpose."""


class InputError(RolloutsimError):
    """The input is wrong: carries all problems of all files, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Refused(RolloutsimError):
    """An operator's command was refused, in the words of the kubectl plugin."""


class ApiError(RolloutsimError):
    """The simulated API server refused a request (object missing, already there)."""


class Conflict(ApiError):
    """An update was based on a stale resourceVersion."""


class ImpossibleState(RolloutsimError):
    """A run reached a state that the simulated system can never be in; a defect of rolloutsim."""


class Livelock(RolloutsimError):
    """The simulated controller goes to and fro without time passing; the text names the two states."""


class Undecided(RolloutsimError):
    """The data cannot support the answer; the text says what is needed."""
