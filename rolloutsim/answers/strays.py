"""By how many requests a deterministic data plane may be off its share."""

from __future__ import annotations

from itertools import groupby

from rolloutsim.answers.intervals import WORKERS, cycle_strays
from rolloutsim.record import Route

IN_BLOCKS = ("caddy/weighted_round_robin",)
"""Deterministic data planes that give each weight in one go, out of 100."""


def strays(routes: list[tuple[float, float, Route]], pod_hash: str) -> float:
    """By how many requests a deterministic plane may be off: each cycle of each worker, and a cycle begins anew when the pods change."""
    cycles = [known for known, _ in groupby((route.endpoints, route.weights, route.plane) for _, _, route in routes)]
    return WORKERS * sum(_of_cycle([endpoint.pod_hash == pod_hash for endpoint in endpoints], weights, plane) for endpoints, weights, plane in cycles)


def _of_cycle(own: list[bool], weights: tuple[float, ...], plane: str) -> float:
    """By how many requests one cycle may be off; weighted ones keep within a request of each pod's weight, but for those that go in blocks."""
    if not weights:
        return cycle_strays(own)
    share = sum(weight for mine, weight in zip(own, weights, strict=True) if mine)
    return 100 * share * (1 - share) if plane in IN_BLOCKS else max(1, min(sum(own), len(own) - sum(own)))
