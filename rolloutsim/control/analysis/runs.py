"""The AnalysisRuns that a Rollout has: those its status refers to, by kind, and the others (utils/analysis, FilterCurrentRolloutAnalysisRuns)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rolloutsim.manifest.analysis import AnalysisRun, RunReference
from rolloutsim.manifest.objects import RolloutStatus

RUN_FIELDS = {
    "Step": "step_run",
    "Background": "background_run",
    "PrePromotion": "pre_promotion_run",
    "PostPromotion": "post_promotion_run",
}
"""Kind of an AnalysisRun (label rollout-type) -> attribute of the Rollout's status that refers to it."""


class Runs:
    """The runs of one pass; `references` is what the status will say of them."""

    def __init__(self, status: RolloutStatus, runs: Iterable[AnalysisRun]) -> None:
        self._status = status
        self.by_name = {run.meta.name: run for run in runs}
        kinds = {reference.name: kind for kind in RUN_FIELDS if (reference := self.stored(kind)) is not None}
        self.current = {kinds[name]: run for name, run in self.by_name.items() if name in kinds}
        self.others = [run for name, run in self.by_name.items() if name not in kinds]
        self.references: dict[str, RunReference] = {}

    def stored(self, kind: str) -> RunReference | None:
        """What the stored status says of the run of a kind."""
        found: RunReference | None = getattr(self._status, RUN_FIELDS[kind])
        return found

    def report(self, current: Mapping[str, AnalysisRun]) -> None:
        """Make these the current runs, and have the status say so (SetCurrentAnalysisRuns)."""
        self.current = dict(current)
        self.references = {RUN_FIELDS[kind]: RunReference(r.meta.name, r.status.phase, r.status.message) for kind, r in current.items()}
