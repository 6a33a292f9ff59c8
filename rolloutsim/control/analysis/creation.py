"""A new AnalysisRun, or the like one that is still under way (utils/analysis/helpers.go, CreateWithCollisionCounter)."""

from __future__ import annotations

from collections.abc import Mapping

from rolloutsim.manifest.analysis import AnalysisRun, RunSpec
from rolloutsim.manifest.immutable import replace


def named_run(known: Mapping[str, AnalysisRun], run: AnalysisRun) -> tuple[AnalysisRun, bool]:
    """A run under a free name (`.1`, `.2`, ... where taken) and True; or an unfinished equal run of the same owner, and False."""
    base, collisions = run.meta.name, 0
    while (existing := known.get(run.meta.name)) is not None:
        if not existing.is_completed and existing.meta.owner == run.meta.owner and _is_equal(existing.spec, run.spec):
            return existing, False
        collisions += 1
        run = replace(run, meta=replace(run.meta, name=f"{base}.{collisions}"))
    return run, True


def _is_equal(left: RunSpec, right: RunSpec) -> bool:
    return replace(left, terminate=False) == replace(right, terminate=False)
