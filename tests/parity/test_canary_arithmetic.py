"""The canary's replica arithmetic against the tables of the real controller, and the properties that it keeps."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.control.replicas import next_pair, target
from rolloutsim.manifest.objects import Meta, PodTemplate, ReplicaSet, ReplicaSetStatus

from .canary_tables import HOLES, PROPOSALS, TARGETS, WEIGHTS


def replica_set(name: str, replicas: int, available: int) -> ReplicaSet:
    status = ReplicaSetStatus(max(replicas, available), available, available)
    return ReplicaSet(Meta(name), PodTemplate(), name, replicas=replicas, status=status)


@pytest.mark.parametrize(("replicas", "surge"), list(TARGETS))
def test_target_is_the_table(replicas: int, surge: int) -> None:
    found = [target(replicas, weight, surge) for weight in WEIGHTS]
    wanted = [tuple(int(n) for n in cell.split(",")) for cell in TARGETS[replicas, surge].split()]
    assert found == wanted
    assert target(replicas, 0, surge) == (0, replicas)
    assert target(replicas, 100, surge) == (replicas, 0)


def test_the_only_holes_are_the_five() -> None:
    """Between 1 and 99 % both sides keep a pod, unless maxSurge is 0 and N times the weight is N - 1/2."""
    empty = {(n, w) for n, w in itertools.product(range(2, 101), range(1, 100)) if 0 in target(n, w, 0)}
    assert empty == set(HOLES)
    assert not [(n, w) for n, w in itertools.product(range(2, 101), range(1, 100)) if 0 in target(n, w, 1)]


@pytest.mark.parametrize("row", PROPOSALS, ids=lambda row: str(PROPOSALS.index(row) + 1) if row in PROPOSALS else "")
def test_next_pair_is_the_table(row: tuple) -> None:
    n, surge, unavailable, weight, canary, stable, others, wanted = row
    found = next_pair(
        replicas=n,
        weight=weight,
        surge=surge,
        unavailable=unavailable,
        new=replica_set("new", *canary),
        stable=replica_set("stable", *stable),
        others=[replica_set("other", *others)] if others else [],
    )
    assert found == wanted


SIZES = st.integers(0, 10)


@settings(max_examples=400)
@given(st.integers(1, 10), st.integers(0, 4), st.integers(0, 4), st.integers(0, 100), SIZES, SIZES, st.data())
def test_ceiling_and_floor(n: int, surge: int, unavailable: int, weight: int, c: int, s: int, data: st.DataObject) -> None:
    """One resize at a time, sizes stay within N + S (or what there is), and availability does not fall below N - U (or what there is)."""
    unavailable = min(max(unavailable, 1 - surge), n)
    if c + s > n + surge:
        return
    ca, sa = data.draw(st.integers(0, c)), data.draw(st.integers(0, s))
    pair = next_pair(
        replicas=n, weight=weight, surge=surge, unavailable=unavailable, new=replica_set("new", c, ca), stable=replica_set("stable", s, sa), others=[]
    )
    assert sum(pair) <= max(n + surge, c + s)
    available = min(ca, pair[0]) + min(sa, pair[1])
    assert available >= min(n - unavailable, ca + sa)
    for one_role in ((c, pair[1]), (pair[0], s)):
        assert sum(one_role) <= max(n + surge, c + s)
        assert min(ca, one_role[0]) + min(sa, one_role[1]) >= min(n - unavailable, ca + sa)


@settings(max_examples=300)
@given(st.integers(1, 10), st.integers(0, 4), st.integers(0, 4), st.integers(0, 100), st.integers(0, 4))
def test_convergence_on_the_target(n: int, surge: int, unavailable: int, weight: int, quarter: int) -> None:
    """When every pod becomes available, resizing stable first and one role at a time ends on the target pair."""
    unavailable = min(max(unavailable, 1 - surge), n)
    c = n * quarter // 4
    s = n - c
    for _ in range(200):
        pair = next_pair(
            replicas=n,
            weight=weight,
            surge=surge,
            unavailable=unavailable,
            new=replica_set("new", c, c),
            stable=replica_set("stable", s, s),
            others=[],
        )
        if pair == (c, s):
            break
        c, s = (c, pair[1]) if pair[1] != s else (pair[0], s)
    assert (c, s) == target(n, weight, surge)
