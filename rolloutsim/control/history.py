"""Which finished AnalysisRuns and Experiments of a Rollout go (FilterAnalysisRunsToDelete, FilterExperimentsToDelete; spec/analysis.md 9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rolloutsim.control import defaults
from rolloutsim.manifest.analysis import SUCCESSFUL, AnalysisRun
from rolloutsim.manifest.objects import HASH_LABEL, AnalysisHistory, Experiment, ReplicaSet

Finished = TypeVar("Finished", AnalysisRun, Experiment)


def beyond_history(others: Iterable[Finished], history: AnalysisHistory | None, replica_sets: Iterable[ReplicaSet]) -> Iterator[Finished]:
    """Those whose ReplicaSet is gone, and of the finished others all but the newest of each outcome; unfinished ones neither count nor go."""
    given = history or AnalysisHistory()
    limits = (given.successful_run_history_limit, given.unsuccessful_run_history_limit)
    left = [defaults.RUN_HISTORY_LIMIT if limit is None else limit for limit in limits]
    known = {rs.pod_hash for rs in replica_sets}
    for one in sorted(others, key=lambda one: one.meta.created_s, reverse=True):
        if one.meta.labels.get(HASH_LABEL) not in known:
            yield one
        elif one.is_completed:
            side = 0 if one.status.phase == SUCCESSFUL else 1
            left[side] -= 1
            if left[side] < 0:
                yield one
