"""Shares of records built by hand: stretches, intervals, verdicts and reasons."""

from __future__ import annotations

import numpy as np
import pytest

from rolloutsim.answers.intervals import wilson
from rolloutsim.answers.share import Share, share
from rolloutsim.answers.stretches import stretches, updates
from rolloutsim.manifest.objects import Pause, Step
from rolloutsim.record import Record, Requests, Tallies
from tests.unit.records import NEW, OLD, canary, requests, tallies


def held(record: Record, **options: float) -> Share:
    (row,) = share(record, **options).held()
    return row


def test_time_is_cut_where_the_weight_is_asked_for_and_reached() -> None:
    record = canary(requests([0, 1, 2, 3]))
    assert [(u.at_s, u.stable_hash, u.new_hash) for u in updates(record)] == [(10.0, OLD, NEW)]
    found = [(s.from_s, s.to_s, s.step, s.label, s.set_weight_percent, s.held) for s in stretches(record)]
    assert found == [
        (0.0, 10.1, None, "promoted", None, True),
        (10.1, 13.0, 0, "to setWeight 25", 25.0, False),
        (13.0, 60.0, 0, "setWeight 25", 25.0, True),
    ]


def test_a_share_with_many_requests_agrees_and_its_interval_is_wilsons() -> None:
    row = held(canary(requests([0, 1, 2, 3] * 2500)))
    low, high = wilson(0.25, 10_000)
    assert (row.requests, row.answered, row.share_percent) == (10_000, 2500, 25.0)
    assert (row.low_percent, row.high_percent) == pytest.approx((100 * low, 100 * high))
    assert (row.verdict, row.reason, row.covers) == ("agrees", "", "requests")
    assert (row.pods_new, row.pods_stable, row.revision, row.image) == (1, 3, 2, "shop/web:v2")


def test_too_few_requests_are_undecided_and_say_how_many_are_needed() -> None:
    row = held(canary(requests([0, 1, 2, 3] * 25)))
    assert row.verdict == "undecided"
    assert row.reason.startswith("too few requests: 100 of about 1,8")


def test_a_weight_that_whole_pods_cannot_make_is_off_for_that_reason() -> None:
    row = held(canary(requests([0, 1, 2, 3] * 2500), steps=(Step(set_weight=33), Step(pause=Pause()))))
    assert (row.set_weight_percent, row.verdict) == (33.0, "off")
    assert row.reason == "rounded to whole pods: 1 of 4 is 25.0 %"


def test_the_tolerance_decides_between_agreeing_and_off() -> None:
    traffic = requests(([0] * 28 + [1] * 72) * 300)
    assert held(canary(traffic)).verdict == "off"
    assert held(canary(traffic), tolerance=0.05).verdict == "agrees"


def test_kept_connections_count_as_draws_not_their_requests() -> None:
    """10,000 requests over 8 connections are 8 draws."""
    connection = [i % 8 for i in range(10_000)]
    traffic = requests([0 if c < 2 else 1 for c in connection], connection=connection)
    row = held(canary(traffic, plane="kube-proxy/iptables", covers="connections"))
    low, high = wilson(0.25, 8)
    assert (row.low_percent, row.high_percent) == pytest.approx((100 * low, 100 * high), rel=1e-6)
    assert (row.verdict, row.covers) == ("undecided", "connections")
    assert row.reason.startswith("too few connections: 8 of about")


def test_connections_pinned_elsewhere_are_off_for_that_reason() -> None:
    connection = [i % 1000 for i in range(20_000)]
    row = held(canary(requests([1] * 20_000, connection=connection), plane="kube-proxy/iptables", covers="connections"))
    assert (row.share_percent, row.verdict, row.reason) == (0.0, "off", "connections are kept")


def test_a_cycle_gives_a_bound() -> None:
    row = held(canary(requests([0, 1, 2, 3] * 100), plane="ingress-nginx/round_robin", covers="bound"))
    assert (row.covers, row.verdict) == ("bound", "agrees")
    assert row.high_percent - row.share_percent == pytest.approx(100 * 2 * 0.75 / 400)  # type: ignore[operator]


@pytest.mark.parametrize(("heard_s", "why"), [(13.5, "pods still starting"), (16.5, "the router had not heard yet")])
def test_what_the_router_has_not_heard_of_is_still_on_the_way(heard_s: float, why: str) -> None:
    """The new pod is available at 12.9 s, 2.8 s after the step began; what takes longer than that is the router's."""
    found = share(canary(requests([1, 2, 3] * 100, from_s=10.5, to_s=13.4), heard_s=heard_s))
    rows = [r for r in found.rows if r.is_new and r.step == 0]
    assert [(r.from_s, r.to_s, r.held, r.verdict) for r in rows] == [(10.1, heard_s, False, None), (heard_s, 60.0, True, None)]
    assert [r.reason for r in rows] == [f"on the way: {why}", "no requests"]


def test_no_requests_no_share() -> None:
    row = held(canary(requests([])))
    assert (row.requests, row.share_percent, row.low_percent, row.high_percent, row.verdict) == (0, None, 0.0, 100.0, None)
    assert row.reason == "no requests"


def test_shares_of_a_stretch_add_up() -> None:
    rows = [r for r in share(canary(requests([0, 1, 2, 3] * 100))).rows if r.label == "setWeight 25"]
    assert sum(r.share_percent or 0 for r in rows) == pytest.approx(100)
    assert {r.requests for r in rows} == {400}


def test_tallies_give_the_same_answer_as_the_requests_they_count() -> None:
    counted = tallies([(20.0, 50.0, pod, -1, 2500, 0, 2500) for pod in range(4)])
    one, other = held(canary(requests([0, 1, 2, 3] * 2500))), held(canary(counted))
    assert one == other


@pytest.mark.parametrize("cut_s", [13.0, 14.7, 33.0])
def test_a_tally_over_the_edge_of_a_stretch_is_shared_out_not_dropped(cut_s: float) -> None:
    counted = tallies([(10.1, cut_s + 20.0, pod, -1, 1000, 0, 1000) for pod in range(4)])
    rows = [r for r in share(canary(counted)).rows if r.is_new]
    assert sum(r.requests for r in rows) == 4000
    before = rows[0].requests / 4000
    assert before == pytest.approx(2.9 / (cut_s + 9.9), abs=0.002)


def test_many_small_tallies_do_not_all_round_down() -> None:
    counted = tallies([(10.1, 23.1, pod, c, 1, 0, 3) for c in range(500) for pod in range(2)])
    rows = [r for r in share(canary(counted)).rows if r.is_new]
    assert sum(r.requests for r in rows) == 3000
    assert rows[0].requests == pytest.approx(3000 * 2.9 / 13.0, rel=0.02)


def test_forms() -> None:
    found = share(canary(requests([0, 1, 2, 3] * 100)))
    promised = {
        "service",
        "from_s",
        "to_s",
        "step",
        "set_weight_percent",
        "revision",
        "image",
        "requests",
        "share_percent",
        "low_percent",
        "high_percent",
    }
    assert all(promised | {"covers", "verdict"} <= set(row) for row in found.to_dict())
    assert len(found.frame()) == len(found.rows)
    assert "setWeight 25: v2 25.0 %" in str(found)
    assert found._repr_html_().startswith("<table")


@pytest.mark.parametrize("kind", [Requests, Tallies])
def test_an_answer_leaves_the_record_as_it_was(kind: type) -> None:
    traffic = requests([0, 1]) if kind is Requests else tallies([(20.0, 50.0, 0, -1, 5, 0, 5)])
    record = canary(traffic)
    columns = [name for name in traffic.__slots__ if isinstance(getattr(traffic, name), np.ndarray)]
    before = {name: getattr(traffic, name).tobytes() for name in columns}
    assert share(record) == share(record)
    assert {name: getattr(traffic, name).tobytes() for name in columns} == before
