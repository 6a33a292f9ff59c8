"""A broken canary behind each of the recorded proxies: who gets an error, which one, and after how long.

Ten clients that ask again at once, as the recorded ones did. A run of the simulation says how far runs differ (faults that hang together by
order and time), or the law does (independent draws, exact cycles): a recording must lie within that.
"""

from __future__ import annotations

import csv
import lzma
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from rolloutsim.manifest.objects import Endpoint, EndpointSlice, Ingress, IngressRule, Meta
from rolloutsim.record import BAD_GATEWAY, ERROR, OK, REFUSED, UNAVAILABLE, Requests, Route
from rolloutsim.scenario import Clients, Latency, Stream, Version
from rolloutsim.scenario.failover import Failover
from rolloutsim.world.backends import Known, Request, canary_ingress
from rolloutsim.world.store import Store
from rolloutsim.world.traffic.engine import Traffic

STABLE, CANARY, OTHER_CANARY = 0, 1, 2
STATUS = {OK: 200, ERROR: 500, REFUSED: -1, BAD_GATEWAY: 502, UNAVAILABLE: 503}
RUNS = 8
T_99 = 3.5
"""Student's t, 7 degrees of freedom, 99 %."""
Z_99 = 2.576


class Setting(NamedTuple):
    """How a recorded mode is played, and how its counts vary: `exact` (a cycle), `drawn` (each request), `hanging` together by order and time, or
    `first`: only those that are in flight when the first of them fails."""

    plane: str
    failover: Mapping[str, Any] | None
    varies: str
    warm_s: float = 0.0
    """Requests count from then on, when the probes must have seen it (the recorded ones waited longer)."""


ENVOY_RETRY: dict[str, Any] = {
    "attempts": 4,
    "retry_on": ("refused", "reset", "5xx"),
    "back_off": {"base": "25ms", "at_most": "250ms"},
    "max_retries": 3,
}
"""num_retries 3; retry_back_off 25 ms to 250 ms and max_retries 3 are Envoy's defaults."""
UNBOUND = {**ENVOY_RETRY, "max_retries": 1000}
BY_ITSELF: dict[str, Any] = {}

SETTINGS: dict[tuple[str, str, str], Setting] = {
    ("nginx", "split_clients, one server per version", "refused"): Setting("nginx/split_clients_request_id", BY_ITSELF, "drawn"),
    ("nginx", "upstream weights (default proxy_next_upstream)", "refused"): Setting("nginx/upstream_wrr", BY_ITSELF, "exact"),
    ("nginx", "upstream weights, proxy_next_upstream off", "refused"): Setting("nginx/upstream_wrr", {"retry_on": ()}, "first"),
    ("nginx", "upstream weights (default proxy_next_upstream)", "http 500"): Setting("nginx/upstream_wrr", BY_ITSELF, "exact"),
    ("nginx", "upstream weights, proxy_next_upstream error timeout http_500", "http 500"): Setting(
        "nginx/upstream_wrr", {"retry_on": ("refused", "reset", "5xx")}, "exact"
    ),
    ("ingress-nginx", "canary weight, 1 canary endpoint", "refused"): Setting("ingress-nginx/canary_weight", BY_ITSELF, "drawn"),
    ("ingress-nginx", "canary weight, 2 canary endpoints, one refusing", "refused"): Setting("ingress-nginx/canary_weight", BY_ITSELF, "hanging"),
    ("ingress-nginx", "canary weight, 2 canary endpoints, one refusing, 1 connection", "refused"): Setting(
        "ingress-nginx/canary_weight", BY_ITSELF, "drawn"
    ),
    ("ingress-nginx", "canary weight, canary service without endpoints", "no endpoints"): Setting("ingress-nginx/canary_weight", BY_ITSELF, "exact"),
    ("ingress-nginx", "canary weight, 1 canary endpoint", "http 500"): Setting("ingress-nginx/canary_weight", BY_ITSELF, "drawn"),
    ("haproxy", "roundrobin, no check, no redispatch", "refused"): Setting("haproxy/roundrobin", BY_ITSELF, "exact"),
    ("haproxy", "roundrobin, option redispatch", "refused"): Setting("haproxy/roundrobin", {"next": "redispatch"}, "exact"),
    ("haproxy", "roundrobin, option redispatch 1", "refused"): Setting("haproxy/roundrobin", {"next": "redispatch"}, "exact"),
    ("haproxy", "roundrobin, check inter 200ms fall 2 (after 1 s)", "refused"): Setting(
        "haproxy/roundrobin", {"check": {"interval": "200ms", "fall": 2, "rise": 2}}, "exact", 0.4
    ),
    ("haproxy", "roundrobin, no check", "http 500"): Setting("haproxy/roundrobin", BY_ITSELF, "exact"),
    ("haproxy", "rand rule, one server per version", "refused"): Setting("haproxy/rand_rule", BY_ITSELF, "drawn"),
    ("envoy", "weighted_clusters, no retry policy", "refused"): Setting("envoy/weighted_clusters", BY_ITSELF, "drawn"),
    ("envoy", "weighted_clusters, retry 3x connect-failure,reset,5xx", "refused"): Setting("envoy/weighted_clusters", ENVOY_RETRY, "drawn"),
    ("envoy", "weighted_clusters, 2 canary endpoints, one refusing, no retry", "refused"): Setting("envoy/weighted_clusters", BY_ITSELF, "drawn"),
    ("envoy", "weighted_clusters, 2 canary endpoints, one refusing, retry", "refused"): Setting("envoy/weighted_clusters", ENVOY_RETRY, "hanging"),
    ("envoy", "weighted_clusters, retry, max_retries 1000", "refused"): Setting("envoy/weighted_clusters", UNBOUND, "drawn"),
    ("envoy", "weighted_clusters, 2 canary endpoints, one refusing, retry, max_retries 1000", "refused"): Setting(
        "envoy/weighted_clusters", UNBOUND, "hanging"
    ),
    ("envoy", "endpoint weights round robin, retry, max_retries 1000", "refused"): Setting("envoy/endpoint_rr", UNBOUND, "hanging"),
    ("envoy", "weighted_clusters, no retry policy", "http 500"): Setting("envoy/weighted_clusters", BY_ITSELF, "drawn"),
    ("envoy", "weighted_clusters, retry 3x connect-failure,reset,5xx", "http 500"): Setting("envoy/weighted_clusters", ENVOY_RETRY, "drawn"),
    ("envoy", "endpoint weights round robin, no retry", "refused"): Setting("envoy/endpoint_rr", BY_ITSELF, "exact"),
    ("envoy", "endpoint weights round robin, retry", "refused"): Setting("envoy/endpoint_rr", ENVOY_RETRY, "hanging"),
    ("traefik", "weighted services", "refused"): Setting("traefik/weighted_services", BY_ITSELF, "exact"),
    ("traefik", "weighted services, healthCheck interval 1s (after 2 s)", "refused"): Setting(
        "traefik/weighted_services", {"check": {"interval": "1s"}}, "exact", 1.0
    ),
    ("traefik", "weighted services, retry middleware 3 attempts", "refused"): Setting(
        "traefik/weighted_services", {"attempts": 3, "refused_after": "2.6ms"}, "hanging"
    ),
    ("traefik", "weighted services", "http 500"): Setting("traefik/weighted_services", BY_ITSELF, "exact"),
    ("caddy", "weighted_round_robin", "refused"): Setting("caddy/weighted_round_robin", BY_ITSELF, "exact"),
    ("caddy", "weighted_round_robin, lb_try_duration 500ms", "refused"): Setting(
        "caddy/weighted_round_robin", {"attempts": None, "within": "500ms", "wait": "20ms", "refused_after": "1.5ms"}, "exact"
    ),
    ("caddy", "weighted_round_robin, fail_duration 10s", "refused"): Setting("caddy/weighted_round_robin", {"max_fails": 1}, "first"),
    ("caddy", "weighted_round_robin", "http 500"): Setting("caddy/weighted_round_robin", BY_ITSELF, "exact"),
    **{
        ("kube-proxy", f"{rules}, 1 of 5 pods {broken}, new connection per request", fault): Setting(plane, None, "drawn")
        for rules, plane in (("iptables-nft", "kube-proxy/iptables-nft"), ("nftables", "kube-proxy/nftables"))
        for broken, fault in (("refusing", "refused"), ("answering 500", "http 500"))
    },
}
"""Caddy's lb_try_interval is read off the recorded waits, which are whole multiples of 20 ms (its default is 250 ms). How long a refused try takes
in Traefik and Caddy is the recorded 95th percentile less the rest of it, as the slowest twentieth were tried twice."""


def recorded() -> list[dict[str, str]]:
    with lzma.open(Path(__file__).parent / "faults.csv.xz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def known(row: Mapping[str, str]) -> Known:
    """What the proxy knows of the two versions."""
    stable, canary = Endpoint("stable", "old", STABLE), Endpoint("canary", "new", CANARY)
    other, mode = Endpoint("canary-2", "new", OTHER_CANARY), row["mode"]
    if row["dataplane"] == "kube-proxy":
        return Known((*(Endpoint(f"stable-{i}", "old", STABLE + 10 + i) for i in range(4)), canary))
    if row["fault"] == "no endpoints":
        return ingress_without_canary_pods(stable, int(row["weight"]))
    weight = int(row["weight"]) / 100
    if "2 canary endpoints" in mode:
        return Known((canary, other, stable), (weight / 2, weight / 2, 1 - weight))
    return Known((canary, stable), (weight, 1 - weight))


def ingress_without_canary_pods(stable: Endpoint, weight: int) -> Known:
    """What the canary Ingress comes to when its Service has no endpoints."""
    store, prefix = Store(lambda: 0.0), "nginx.ingress.kubernetes.io"
    store.create(EndpointSlice(Meta("stable"), (stable,)))
    store.create(EndpointSlice(Meta("canary"), ()))
    annotations = {f"{prefix}/canary": "true", f"{prefix}/canary-weight": str(weight)}
    store.create(Ingress(Meta("canary", annotations=annotations), "", (IngressRule("app.local", "/", "canary"),)))
    return canary_ingress(store, "stable", Request("app.local"))()


def answered_in(dataplane: str) -> Latency:
    """How long answers take where nothing is tried again: a lognormal by median and 95th percentile of the row whose canary answers 500."""
    row = next(row for row in ROWS if row["dataplane"] == dataplane and row["fault"] == "http 500")
    p50_s, p95_s = float(row["p50_ms"]) / 1000, float(row["p95_ms"]) / 1000
    return Latency(p50=p50_s, p99=p50_s * (p95_s / p50_s) ** (2.326 / 1.645))


def played(row: Mapping[str, str], setting: Setting, seed: int) -> Requests:
    """As many requests as were recorded, in the order in which they were sent."""
    n, connections, latency = int(row["n"]), int(row["connections"]), answered_in(row["dataplane"])
    clients = Clients(connections=connections, think=0.0, requests_per_connection=1 if "new connection" in row["mode"] else None)
    failover = None if setting.failover is None else Failover.model_validate(setting.failover)
    stream = Stream(name="s", to="service/x", clients=clients, failover=failover)
    answers_500 = row["fault"] == "http 500"

    def version(ordinal: int) -> Version:
        return Version(error_rate=1.0 if answers_500 and ordinal == CANARY else 0.0, latency=latency)

    waits_s = float(row["error_share"]) * float(row["max_ms"]) / 1000 if row["dataplane"] == "haproxy" else 0.0
    end_s = setting.warm_s + 1.2 * n * (latency.p50 + waits_s) / connections
    while True:
        traffic = Traffic([stream], [setting.plane], version, seed=seed)
        found = known(row)
        if row["fault"] == "refused":
            traffic.reroute(0.0, "s", Route("x", setting.plane, "requests", found.endpoints, found.weights))
            traffic.end_pod(0.0, CANARY)
        traffic.reroute(0.0, "s", Route("x", setting.plane, "requests", found.endpoints, found.weights))
        requests = traffic.finish(end_s)["s"]
        assert isinstance(requests, Requests)
        late = np.flatnonzero(requests.t_s >= setting.warm_s)[:n]
        if len(late) == n:
            return Requests(
                "s", *(column[late] for column in (requests.t_s, requests.pod, requests.connection, requests.outcome, requests.latency_s))
            )
        end_s = setting.warm_s + 1.7 * (end_s - setting.warm_s)


def counts(requests: Requests) -> dict[str, int]:
    """Requests by what came of them; one that got a 500 from the canary was answered by it."""
    canary = (requests.pod == CANARY) | (requests.pod == OTHER_CANARY)
    return {"errors": int((requests.outcome != OK).sum()), "canary": int((canary & (requests.outcome <= ERROR)).sum())}


def found_of(row: Mapping[str, str]) -> dict[str, int]:
    n = int(row["n"])
    return {"errors": round(n * float(row["error_share"])), "canary": round(n * float(row["canary_share"]))}


def allowed(setting: Setting, n: int, runs: list[int]) -> tuple[float, float]:
    """Between what a recorded count may lie, given what the simulated runs came to."""
    mean = float(np.mean(runs))
    if setting.varies == "exact":
        return mean - 1, mean + 1
    if setting.varies == "first":  # those in flight before the first failure is known: one at least, ten connections at most
        return (1, 10) if max(runs) else (0, 0)
    share = mean / n
    spread = Z_99 * math.sqrt(n * share * (1 - share)) if setting.varies == "drawn" else T_99 * float(np.std(runs, ddof=1))
    both = math.sqrt(1 + 1 / len(runs))
    return mean - both * spread - 0.5, mean + both * spread + 0.5


ROWS = recorded()


def test_every_recorded_fault_is_played() -> None:
    assert {(row["dataplane"], row["mode"], row["fault"]) for row in ROWS} == set(SETTINGS)
    assert len(ROWS) == 39


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['dataplane']}: {row['mode']}, {row['fault']}")
def test_what_clients_see_of_a_broken_canary(row: dict[str, str]) -> None:
    setting = SETTINGS[row["dataplane"], row["mode"], row["fault"]]
    n = int(row["n"])
    runs = [played(row, setting, seed) for seed in range({"exact": 1, "drawn": 2, "first": 2, "hanging": RUNS}[setting.varies])]
    recorded_counts = found_of(row)
    for what, recorded_count in recorded_counts.items():
        simulated = [counts(run)[what] for run in runs]
        low, high = allowed(setting, n, simulated)
        print(f"{row['dataplane']:14}{row['mode']:70.70} {row['fault']:13}{what:7}{n:6}{recorded_count:6}  {low:8.1f} -{high:8.1f}")
        assert low <= recorded_count <= high, simulated
        if setting.varies == "first":
            assert all(low <= one <= high for one in simulated), simulated
    if recorded_counts["errors"] > 10:
        statuses = {int(status.partition(":")[0]) for status in row["statuses"].split()}
        assert statuses == {STATUS[outcome] for run in runs for outcome in set(run.outcome.tolist())}
    waited_s = max(float(np.nanmax(run.latency_s)) for run in runs)
    if row["dataplane"] == "haproxy" and float(row["max_ms"]) > 1000:  # three retries, each after a second
        assert 3.0 <= waited_s < float(row["max_ms"]) / 1000 < 3.05
    if setting.failover is not None and "back_off" in setting.failover and row["fault"] == "refused":
        assert waited_s < 0.025 + 0.05 + 0.1 + 0.01
