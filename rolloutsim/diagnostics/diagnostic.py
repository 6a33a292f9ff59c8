"""A diagnostic as data, and a finding: one place where it applies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rolloutsim.errors import Place

if TYPE_CHECKING:
    from rolloutsim.diagnostics.landscape import Landscape, Thing
    from rolloutsim.diagnostics.metric import MetricSubject
    from rolloutsim.diagnostics.subject import Subject

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""Worst first: certainly not what was meant; will surprise; good to know."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What can be wrong: a stable code, why it hurts, what to do, and where that is known from."""

    code: str
    severity: Severity
    title: str
    explanation: str
    remedy: str
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic at a place; `message` has the figures of the case, `thing` is the object (Kind/name)."""

    diagnostic: Diagnostic
    place: Place
    message: str
    thing: str

    @property
    def code(self) -> str:
        """The diagnostic's code."""
        return self.diagnostic.code

    @property
    def severity(self) -> Severity:
        """The diagnostic's severity."""
        return self.diagnostic.severity

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.diagnostic.remedy

    def to_dict(self) -> dict[str, Any]:
        """As plain data, with the keys that scripts rely on."""
        place = self.place
        return {
            "code": self.code,
            "severity": self.severity,
            "file": place.file,
            "line": place.line,
            "column": place.column,
            "path": place.path,
            "object": self.thing,
            "title": self.diagnostic.title,
            "message": self.message,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """What a check yields: the object, the YAML path in it, and what was found there."""

    thing: Thing
    path: str
    message: str


OfRollout = Callable[["Subject"], Iterator[Hit]]
OfMetric = Callable[["MetricSubject"], Iterator[Hit]]
OfLandscape = Callable[["Landscape"], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Checks:
    """The diagnostics of one noun, each with its check, by what the check looks at: a Rollout, a metric, or all objects together."""

    of_rollouts: list[tuple[Diagnostic, OfRollout]]
    of_metrics: list[tuple[Diagnostic, OfMetric]]
    of_landscapes: list[tuple[Diagnostic, OfLandscape]]

    @classmethod
    def empty(cls) -> Checks:
        """No diagnostic yet; a module fills it with the decorators below."""
        return cls([], [], [])

    def rollout(self, diagnostic: Diagnostic) -> Callable[[OfRollout], OfRollout]:
        """The decorated function checks each Rollout for a diagnostic."""

        def register(check: OfRollout) -> OfRollout:
            self.of_rollouts.append((diagnostic, check))
            return check

        return register

    def metric(self, diagnostic: Diagnostic) -> Callable[[OfMetric], OfMetric]:
        """The decorated function checks each metric of each analysis for a diagnostic."""

        def register(check: OfMetric) -> OfMetric:
            self.of_metrics.append((diagnostic, check))
            return check

        return register

    def landscape(self, diagnostic: Diagnostic) -> Callable[[OfLandscape], OfLandscape]:
        """The decorated function checks all objects together for a diagnostic."""

        def register(check: OfLandscape) -> OfLandscape:
            self.of_landscapes.append((diagnostic, check))
            return check

        return register

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The diagnostics."""
        return [diagnostic for diagnostic, _ in (*self.of_rollouts, *self.of_metrics, *self.of_landscapes)]
