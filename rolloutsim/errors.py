"""What can go wrong, and where: every error the user sees is a `Problem` with its place, collected and shown at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ApiError", "Conflict", "ImpossibleState", "InputError", "Place", "Problem", "Refused", "RolloutsimError", "Undecided"]


def printable(text: str) -> str:
    """A line without control and direction characters that a terminal would obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the user's files a value stands: file, line (from 1) and YAML path such as `spec.strategy.canary.steps[0].setWeight`."""

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
        if self.place.source:
            text += f"\n    {printable(self.place.source.strip())}"
        return text


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


class Undecided(RolloutsimError):
    """The data cannot support the answer; the text says what is needed."""
