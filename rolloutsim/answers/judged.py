"""How a rollout was judged: its AnalysisRuns and Experiments, when they began and ended, and what they came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rolloutsim.manifest.analysis import COMPLETED
from rolloutsim.manifest.objects import AnalysisRun, Experiment
from rolloutsim.record import Record


@dataclass(frozen=True, slots=True)
class Judgement:
    """One AnalysisRun or Experiment; `to_s` is None while it has not ended, counts are measurements over all metrics."""

    kind: str
    name: str
    from_s: float
    to_s: float | None
    phase: str
    message: str
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def judgements(record: Record) -> tuple[Judgement, ...]:
    """Every run and Experiment of a record, in the order of their creation."""
    first: dict[tuple[str, str], float] = {}
    ended: dict[tuple[str, str], float] = {}
    last: dict[tuple[str, str], AnalysisRun | Experiment] = {}
    for change in record.changes:
        if not isinstance(change.object, AnalysisRun | Experiment):
            continue
        key = (change.kind, change.name)
        first.setdefault(key, change.t_s)
        last[key] = change.object
        if change.object.status.phase in COMPLETED:
            ended.setdefault(key, change.t_s)
    found = []
    for key, obj in last.items():
        results = obj.status.metric_results if isinstance(obj, AnalysisRun) else ()
        counts = {name: sum(getattr(result, name) for result in results) for name in ("successful", "failed", "inconclusive", "error")}
        found.append(Judgement(key[0], key[1], first[key], ended.get(key), obj.status.phase or "Pending", obj.status.message, **counts))
    return tuple(found)
