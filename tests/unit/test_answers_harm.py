"""Harm, duration and capacity of records built by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rolloutsim.answers.capacity import capacity
from rolloutsim.answers.duration import duration
from rolloutsim.answers.harm import harm
from rolloutsim.answers.intervals import wilson
from rolloutsim.manifest.objects import Meta, PauseCondition, Pod, Service
from rolloutsim.record import ERROR, NO_ENDPOINT, OK, RESET, Change, Header, Record, Route, Routing
from tests.unit.records import NEW, OLD, canary, requests, rollout, tallies


def test_errors_by_version_with_their_interval() -> None:
    rows = [(20.0, 30.0, 0, -1, 90, OK, 90), (20.0, 30.0, 0, -1, 10, ERROR, 10), (20.0, 30.0, 1, -1, 400, OK, 400)]
    found = harm(canary(tallies(rows)))
    assert (found.requests, found.errors, found.no_endpoint, found.refused) == (500, 10, 0, 0)
    old, new = found.by_version
    assert (old.image, old.requests, old.errors, old.error_percent) == ("shop/web:v1", 400, 0, 0.0)
    assert (new.revision, new.requests, new.errors, new.error_percent) == (2, 100, 10, 10.0)
    low, high = wilson(0.1, 100)
    assert (new.low_percent, new.high_percent) == pytest.approx((100 * low, 100 * high))


def test_lost_requests_are_counted_apart_and_belong_to_no_version() -> None:
    rows = [(20.0, 30.0, -1, -1, 7, NO_ENDPOINT, 7), (20.0, 30.0, 1, -1, 3, RESET, 3), (20.0, 30.0, 2, -1, 5, OK, 5)]
    found = harm(canary(tallies(rows)))
    assert (found.requests, found.no_endpoint, found.refused, found.errors) == (15, 7, 3, 0)
    assert [(v.image, v.requests) for v in found.by_version] == [("shop/web:v1", 5)]


def test_instants_without_an_endpoint_are_those_of_the_data_plane() -> None:
    record = canary(requests([1] * 10))
    first, second = record.routings
    record.routings = [
        first,
        Routing(30.0, "users", Route("web", "random")),
        replace_at(second, 33.5),
        Routing(58.0, "users", Route("web", "random")),
    ]
    assert [(g.stream, g.service, g.from_s, g.to_s) for g in harm(record).gaps] == [("users", "web", 30.0, 33.5), ("users", "web", 58.0, 60.0)]


def replace_at(routing: Routing, t_s: float) -> Routing:
    return routing._replace(t_s=t_s)


def test_waiting_for_a_human_is_told_from_waiting_for_a_timer() -> None:
    """setWeight 3 s, pause until promoted 20 s, setWeight 2 s, pause 10 s."""
    record = canary(requests([]))
    waiting = {"pause_conditions": (PauseCondition("CanaryPauseStep", 13.0),)}
    done = rollout(2, 2, NEW, NEW, 4, replicas=3, updated_replicas=3, ready_replicas=3, available_replicas=3)
    states = [
        (13.0, rollout(2, 2, NEW, OLD, 1, **waiting)),
        (33.0, rollout(2, 2, NEW, OLD, 2)),
        (35.0, rollout(2, 2, NEW, OLD, 3, **waiting)),
        (45.0, done),
    ]
    record.changes = [c for c in record.changes if c.kind != "Rollout" or c.t_s < 13.0] + [Change(t, "Rollout", "web", s) for t, s in states]
    found = duration(record)
    assert found.started_s == 10.0
    assert found.waited_for_human_s == pytest.approx(20.0)
    assert [(s.step, s.label, round(s.seconds, 6)) for s in found.steps][:3] == [
        (0, "setWeight: 25", 3.0),
        (1, "pause", 20.0),
        (2, "setWeight: 75", 2.0),
    ]


def test_without_an_update_there_is_no_duration() -> None:
    record = Record(Header("x", "web", 1), 10.0, changes=[Change(0.0, "Rollout", "web", rollout(1, 1, OLD, OLD, 4))])
    found = duration(record)
    assert (found.started_s, found.seconds, found.steps) == (None, None, ())


def test_switches_of_a_selector() -> None:
    def service(pod_hash: str) -> Service:
        return Service(Meta("active"), {"rollouts-pod-template-hash": pod_hash})

    changes = [Change(0.0, "Service", "active", service(OLD)), Change(3.0, "Service", "active", service(OLD))]
    changes += [Change(7.0, "Service", "active", service(NEW)), Change(0.0, "Rollout", "web", rollout(1, 1, OLD, OLD, 4))]
    assert duration(Record(Header("x", "web", 1), 10.0, changes=changes)).switches == ((7.0, "active", OLD, NEW),)


def test_peak_and_pod_seconds() -> None:
    """a 0-10 s, b 2-6 s of which the last second terminating, c from 5 s: two at once by count, three with the terminating one."""
    a, b, c = (Pod(Meta(name), OLD, i) for i, name in enumerate("abc"))
    changes = [
        Change(0.0, "Pod", "a", a),
        Change(2.0, "Pod", "b", b),
        Change(5.0, "Pod", "b", replace(b, deleted_s=5.0)),
        Change(5.0, "Pod", "c", c),
        Change(6.0, "Pod", "b", None),
    ]
    found = capacity(Record(Header("x", "web", 1), 10.0, changes=changes))
    assert (found.peak_pods, found.at_s, found.peak_with_terminating) == (2, 2.0, 3)
    assert found.pod_seconds == pytest.approx(10 + 4 + 5)
    assert found.to_dict()["peak_pods"] == 2
