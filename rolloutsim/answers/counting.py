"""Requests of a stretch, counted by pod: the same for requests kept one by one and for tallies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rolloutsim.record import LOST, NO_ENDPOINT, OK, Requests, Tallies


class Counted(NamedTuple):
    """Requests by pod ordinal that were answered, how many ended otherwise, and the sum over connections of (their answered requests)^2."""

    answered: dict[int, int]
    errors: dict[int, int]
    no_endpoint: int
    refused: int
    squares: float

    @property
    def requests(self) -> int:
        """All answered requests."""
        return sum(self.answered.values())


def count(traffic: Requests | Tallies, from_s: float, to_s: float) -> Counted:
    """Count a stream's requests in [from_s, to_s).

    A tally that reaches beyond an end counts by the part of its time that lies within, to whole requests; adjoining stretches add up.
    """
    if isinstance(traffic, Requests):
        part = slice(*np.searchsorted(traffic.t_s, [from_s, to_s]))
        pod, connection, outcome = traffic.pod[part], traffic.connection[part].astype(np.int64), traffic.outcome[part]
        weight = connections = np.ones(len(pod), dtype=np.int64)
    else:
        weight = _by(traffic, to_s) - _by(traffic, from_s)
        rows = weight > 0
        pod, connection, outcome = traffic.pod[rows], traffic.connection[rows], traffic.outcome[rows]
        weight, connections = weight[rows], traffic.connections[rows]
    served = ~np.isin(outcome, LOST) & (pod >= 0)  # who gave up before a pod was asked is no version's error
    failed = served & (outcome != OK)
    return Counted(
        _by_pod(pod[served], weight[served]),
        _by_pod(pod[failed], weight[failed]),
        int(weight[outcome == NO_ENDPOINT].sum()),
        int(weight[~served & (outcome != NO_ENDPOINT)].sum()),
        _squares(connection[served], connections[served], weight[served]),
    )


def _by(traffic: Tallies, t_s: float) -> np.ndarray:
    """How many requests of each tally came before an instant: all after its end, none before its start, in proportion in between.

    Where a tally is rounded up differs from row to row, so that many small ones do not all round down.
    """
    offsets = np.arange(len(traffic.requests)) * 0.6180339887498949 % 1.0
    passed = (t_s - traffic.from_s) / np.maximum(traffic.to_s - traffic.from_s, 1e-12)
    within = np.floor(traffic.requests * np.clip(passed, 0.0, 1.0) + offsets).astype(np.int64)
    return np.where(t_s >= traffic.to_s - 1e-9, traffic.requests, np.where(t_s <= traffic.from_s + 1e-9, 0, within))


def _by_pod(pod: np.ndarray, weight: np.ndarray) -> dict[int, int]:
    if len(pod) == 0:
        return {}
    sums = np.bincount(pod, weights=weight)
    return {int(i): int(sums[i]) for i in np.flatnonzero(sums)}


def _squares(connection: np.ndarray, connections: np.ndarray, weight: np.ndarray) -> float:
    """Sum of squared requests over connections; rows for several connections share their requests evenly."""
    if len(connection) == 0:
        return 0.0
    named = connection >= 0
    lumped = float((weight[~named].astype(float) ** 2 / np.maximum(1, connections[~named])).sum())
    if not named.any():
        return lumped
    _, which = np.unique(connection[named], return_inverse=True)
    return lumped + float((np.bincount(which, weights=weight[named]) ** 2).sum())
