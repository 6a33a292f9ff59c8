"""The mechanisms that make a change late, one by one, and how a scenario chooses them."""

from __future__ import annotations

import numpy as np
import pytest
import simpy

import rolloutsim as rs
from rolloutsim.randomness import generator
from rolloutsim.scenario import Cluster
from rolloutsim.scenario.lag import Pace
from rolloutsim.world.clock import call_at
from rolloutsim.world.lag.paces import LAGS, in_words, lag_assumptions, paces
from rolloutsim.world.lag.pipeline import pipeline
from tests.conftest import SCENARIOS


def passed(pace: dict[str, object], *changes: float, seed: int = 1, fraction: float = 0.0) -> list[tuple[float, int]]:
    """(when, which) of changes 0, 1, ... at some instants, after a pace."""
    env = simpy.Environment()
    found: list[tuple[float, int]] = []
    take = pipeline(env, Pace.model_validate(pace), generator(seed), fraction, lambda state: found.append((round(env.now, 6), state)))
    for i, at_s in enumerate(changes):
        call_at(env, at_s, lambda i=i: take(i))
    env.run(until=100)
    return found


def test_nothing_in_between() -> None:
    assert passed({}, 1, 1, 2) == [(1, 0), (1, 1), (2, 2)]


def test_a_token_bucket_passes_a_burst_and_then_the_last_of_each_period() -> None:
    """kube-proxy: two syncs at once, then one a second; and a bucket that is full again after a rest."""
    pace = {"rateLimit": {"period": "1s", "burst": 2}}
    assert passed(pace, 1, 1.1, 1.2, 1.3, 1.4, 10, 10.1, 10.2) == [(1, 0), (1.1, 1), (2, 4), (10, 5), (10.1, 6), (11, 7)]
    assert passed({"rateLimit": {"period": 1 / 0.3}}, 5, 6, 7) == [(5, 0), (pytest.approx(8.333333), 2)]


def test_a_debounce_waits_for_quiet_but_not_for_ever() -> None:
    pace = {"debounce": {"after": "100ms", "atMost": "10s"}}
    assert passed(pace, 1, 1.05, 1.12, 3) == [(1.22, 2), (3.1, 3)]
    restless = [1 + 0.081 * i for i in range(200)]
    found = passed(pace, *restless)
    assert [when for when, _ in found] == [11, pytest.approx(restless[-1] + 0.1)]
    assert found[0][1] == 123
    assert passed({"debounce": {"after": "1s"}}, *[0.9 * i for i in range(1, 31)]) == [(28, 29)]


def test_a_throttle_lets_the_first_through_and_the_last_after_it() -> None:
    """Measured on Traefik: a second change 0.3 s after another waited until 2 s after the first."""
    assert passed({"throttle": "2s"}, 1, 1.3, 1.5, 9) == [(1, 0), (3, 2), (9, 3)]


def test_a_poll_ticks_at_a_phase_of_its_own() -> None:
    phases = [passed({"poll": "1s"}, 5.0, 7.4, seed=seed) for seed in range(400)]
    lags = np.array([found[0][0] - 5 for found in phases])
    assert all(round(b - a, 6) in (2, 3) for (a, _), (b, _) in phases)
    assert lags.min() > 0 and lags.max() <= 1
    assert abs(lags.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 400)
    assert abs(np.quantile(lags, 0.25) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 400)


def test_stamps_of_whole_seconds_hide_a_second_change() -> None:
    """Measured on ingress-nginx: a second POST in the second of one that was taken over is not applied, until another POST."""
    pace = {"poll": "0.2s", "wholeSeconds": True}
    assert [state for _, state in passed(pace, 5.1, 5.6)] == [0]
    assert [state for _, state in passed(pace, 5.1, 5.6, 6.05)] == [0, 2]
    assert [state for _, state in passed(pace, 5.05, 5.051)] == [1]  # not yet taken over: the poll finds the newer one
    assert [state for _, state in passed(pace, 5.1, 5.6, fraction=0.5)] == [0, 1]  # the wall clock's second begins in between


def test_delays_never_overtake() -> None:
    found = passed({"delay": {"exponential": "3s"}}, *[0.1 * i for i in range(200)])
    assert [state for _, state in found] == list(range(200))


def test_one_reload_at_a_time() -> None:
    assert passed({"reload": "100ms"}, 1, 1.02, 1.05, 3) == [(1.1, 0), (1.2, 2), (3.1, 3)]


def test_what_is_given_happens_in_order() -> None:
    assert passed({"delay": "1s", "throttle": "2s", "reload": "0.5s"}, 1, 1.5) == [(2.5, 0), (4.5, 1)]


def test_a_scenario_chooses_either_part() -> None:
    cluster = Cluster.model_validate({"ingress": {"uniform": {"low": "5s", "high": "9s"}}, "proxy": {"reload": "32ms"}})
    control, proxy = paces("haproxy/roundrobin", cluster)
    assert control.delay is not None and control.poll is None
    assert proxy.reload == 0.032
    assert paces("kube-proxy/iptables", cluster)[0] == LAGS["kube-proxy"].control.pace
    assert paces("envoy/weighted_clusters", Cluster.model_validate({"ingress": "3s"}))[0] == Pace(delay=3.0)
    assert paces("envoy/weighted_clusters", Cluster.model_validate({"ingress": {"poll": "3s"}}))[0] == Pace(poll=3.0)


def test_what_is_left_open_is_printed_with_its_source() -> None:
    found = lag_assumptions(Cluster(), {"kube-proxy/iptables", "kube-proxy/nftables", "traefik/weighted_services"})
    assert [row.key for row in found] == ["cluster.kubeProxy", "cluster.proxy", "cluster.proxy", "cluster.ingress", "cluster.proxy"]
    assert all(row.source and row.value for row in found)
    assert [row.key for row in lag_assumptions(Cluster.model_validate({"ingress": 0, "proxy": 0}), {"alb/forward", "kube-proxy/ipvs"})] == [
        "cluster.kubeProxy"
    ]


def test_every_default_has_words_and_a_source() -> None:
    for lag in LAGS.values():
        for part in lag:
            assert part.source
            assert in_words(part.pace)
            assert Pace.model_validate(part.pace.model_dump(by_alias=True)) == part.pace


@pytest.mark.parametrize("lag", ["0s", "15s"])
def test_a_slow_control_plane_is_on_the_way_and_not_off(lag: str) -> None:
    """What the router has not heard of yet belongs to the way to a weight, however long that takes."""
    scenario = rs.load(SCENARIOS / "abort-routed", set=(f"Scenario:spec.cluster.ingress={lag}", "Scenario:spec.cluster.proxy=0s"))
    rows = [row for row in rs.share(rs.simulate(scenario)).rows if row.is_new and "setWeight 25" in row.label]
    way, step = rows
    assert way.to_s == step.from_s
    assert step.verdict == "agrees"
    assert step.from_s - way.from_s == pytest.approx(float(lag[:-1]) + 3.76, abs=0.1)
    assert way.reason == ("on the way: the router had not heard yet" if lag == "15s" else "on the way: pods still starting")
