"""Weight changes under load take as long as they took on the real proxies, and do to connections what they did there."""

from __future__ import annotations

import numpy as np
import pytest

from rolloutsim.scenario import Clients
from rolloutsim.scenario.lag import Pace
from rolloutsim.world.lag.paces import lag_of
from tests.parity.transitions import effective_s, of_ten, played, recorded, weighted

RECORDED = recorded()
RUNS = 21
AT_ONCE = Pace()
RELOAD = Pace.model_validate({"reload": {"uniform": {"low": "30ms", "high": "34ms"}}})
"""HAProxy, master-worker, SIGUSR2."""

BY_WEIGHT = {
    "nginx upstream_wrr: SIGHUP reload": ("nginx/upstream_wrr", None),
    "nginx split_clients_request_id: SIGHUP reload": ("nginx/split_clients_request_id", None),
    "haproxy roundrobin: runtime API set weight": ("haproxy/roundrobin", None),
    "haproxy roundrobin: reload (SIGUSR2, master-worker)": ("haproxy/roundrobin", RELOAD),
    "ingress-nginx: POST /configuration/backends": ("ingress-nginx/canary_weight", None),
    "envoy weighted_clusters: RDS file moved into place": ("envoy/weighted_clusters", None),
    "traefik weighted_services: file provider": ("traefik/weighted_services", None),
    "caddy weighted_round_robin: caddy reload": ("caddy/weighted_round_robin", None),
    "traefik weighted_services: file provider, second change 0.3 s after a first": ("traefik/weighted_services", None),
}
KUBE_PROXY = [name for name in RECORDED if name.startswith("kube-proxy")]


def range_s(name: str) -> tuple[float, float]:
    found = [float(row["effective_ms"]) / 1000 for row in RECORDED[name] if row["effective_ms"]]
    return min(found), max(found)


def test_every_recorded_change_is_played() -> None:
    assert set(RECORDED) == {*BY_WEIGHT, *KUBE_PROXY}
    assert sum(len(rows) for rows in RECORDED.values()) == 80


@pytest.mark.parametrize("name", BY_WEIGHT)
def test_the_median_lies_in_the_recorded_range(name: str) -> None:
    """Each change at a random instant; at the proxy alone, but for Traefik, whose throttle is its own control plane."""
    plane, chosen = BY_WEIGHT[name]
    proxy = lag_of(plane).proxy.pace if chosen is None else chosen
    control = lag_of(plane).control.pace if plane.startswith("traefik") else AT_ONCE
    is_second = "second change" in name
    found = []
    for seed in range(RUNS):
        at_s = 0.5 + float(np.random.default_rng(seed).random())
        changes = [(0.0, weighted(0.01)), (at_s, weighted(0.99))]
        if is_second:
            changes[1:1] = [(at_s - 0.3, weighted(0.02))]
        run = played("random", changes, rate=3000.0, clients=None, control=control, proxy=proxy, seed=seed, end_s=at_s + (2.5 if is_second else 1.5))
        found.append(effective_s(run, 0.01, 0.99, at_s))
    low, high = range_s(name)
    assert low <= np.median(found) <= high


@pytest.mark.parametrize("name", BY_WEIGHT)
def test_reloads_open_all_connections_anew_and_nothing_else_does(name: str) -> None:
    """As recorded: 20 connections opened on 10 kept ones, or 10. Seen on a plane that decides per connection."""
    plane, chosen = BY_WEIGHT[name]
    opened = {int(row["connections_opened"]) for row in RECORDED[name]}
    proxy = lag_of(plane).proxy.pace if chosen is None else chosen
    changes = [(0.0, of_ten(1)), (0.5, of_ten(9))]
    for clients in (Clients(connections=10), Clients(connections=10, seconds_per_connection="1h")):  # in blocks, and in the ordered loop
        run = played("kube-proxy/iptables", changes, rate=3000.0, clients=clients, control=AT_ONCE, proxy=proxy, seed=1, end_s=2.0)
        assert opened == {len(set(run.connection.tolist()))}


def test_kept_connections_never_follow_rules() -> None:
    names = [name for name in KUBE_PROXY if "never closed" in name]
    assert not any(row["effective_ms"] for name in names for row in RECORDED[name])
    proxy, clients = lag_of("kube-proxy/iptables").proxy.pace, Clients(connections=50)
    for seed in range(10):
        run = played(
            "kube-proxy/iptables",
            [(0.0, of_ten(1)), (2.0, of_ten(9))],
            rate=2000.0,
            clients=clients,
            control=AT_ONCE,
            proxy=proxy,
            seed=seed,
            end_s=6.0,
        )
        before, after = (run.pod[mask] % 2 for mask in (run.t_s < 2, run.t_s >= 2))
        assert before.mean() == after.mean()
        assert len(set(run.connection.tolist())) == 50


@pytest.mark.parametrize("name", [name for name in KUBE_PROXY if "new connection per request" in name])
def test_a_connection_for_each_request_follows_at_once(name: str) -> None:
    plane = "kube-proxy/nftables" if "nftables" in name else "kube-proxy/iptables"
    proxy = lag_of(plane).proxy.pace
    found = []
    for seed in range(RUNS):
        at_s = 1.0 + float(np.random.default_rng(seed).random())
        run = played(plane, [(0.0, of_ten(1)), (at_s, of_ten(9))], rate=2000.0, clients=None, control=AT_ONCE, proxy=proxy, seed=seed, end_s=4.0)
        found.append(effective_s(run, 0.1, 0.9, at_s))
    low, high = range_s(name)
    assert low <= np.median(found) <= high


def test_renewed_connections_follow_as_they_are_renewed() -> None:
    """100 requests a connection at 40 a second: within 2.5 s. The recorded clients had opened all at once, and so renewed all at once; these did not."""
    life_s = 100 / 40
    for name in (name for name in KUBE_PROXY if "100 requests" in name):
        assert 0 < range_s(name)[0] < range_s(name)[1] < life_s
    clients, proxy = Clients(connections=50, requests_per_connection=100), lag_of("kube-proxy/iptables").proxy.pace
    shares = []
    for seed in range(RUNS):
        run = played(
            "kube-proxy/iptables",
            [(0.0, of_ten(1)), (3.0, of_ten(9))],
            rate=2000.0,
            clients=clients,
            control=AT_ONCE,
            proxy=proxy,
            seed=seed,
            end_s=7.0,
        )
        old = set(run.connection[run.t_s < 3.0].tolist())
        is_old = np.isin(run.connection, list(old))
        assert not (is_old & (run.t_s > 3.0 + 0.006 + life_s)).any()
        for connection in old:
            assert len(set(run.pod[run.connection == connection].tolist())) == 1
        shares.append([(run.pod[(run.t_s >= a) & (run.t_s < b)] % 2).mean() for a, b in ((0.0, 3.0), (4.15, 4.35), (5.6, 7.0))])
    before, half, after = np.mean(shares, axis=0)
    error = 4 * np.sqrt(0.25 / (50 * RUNS))
    assert abs(before - 0.1) < error and abs(half - 0.5) < error and abs(after - 0.9) < error
