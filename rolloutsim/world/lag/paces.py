"""How late each software is unless the scenario says otherwise: its control plane and its proxy, each with the source.

Defaults of a component are named by their option. Times of proxies were measured on real ones under load, weight changes at 3,000 requests a
second (tests/parity/transitions.csv.xz), less the wait for the next request: what a machine takes for the work that the mechanism names.
"""

from __future__ import annotations

from typing import NamedTuple

from rolloutsim.quantities import format_duration
from rolloutsim.record import Assumption
from rolloutsim.scenario import Cluster
from rolloutsim.scenario.lag import Debounce, Pace, RateLimit, pace_of
from rolloutsim.scenario.model import Delay, DelayShape, Lognormal, Uniform
from rolloutsim.world.delays import describe

KEY_OF_SERVICES, KEY_OF_ROUTES, KEY_OF_PROXIES = "cluster.kubeProxy", "cluster.ingress", "cluster.proxy"


class Part(NamedTuple):
    """One of the two parts of a lag: what is late, at which pace, and where that is known from."""

    what: str
    pace: Pace
    source: str


class Lag(NamedTuple):
    """Control plane (from a write to the proxy's new configuration) and proxy (from there to the first request that follows it)."""

    control: Part
    proxy: Part


def _between(low_s: float, high_s: float) -> Delay:
    return DelayShape(uniform=Uniform(low=low_s, high=high_s))


def _none(what: str) -> Part:
    return Part(what, Pace(), "nothing stands in between that is known; set it to what yours needs")


MEASURED = "measured under load"
KUBE_PROXY_SYNCS = Part(
    "kube-proxy syncs",
    Pace(rate_limit=RateLimit(period=1.0, burst=2)),
    "kube-proxy --iptables-min-sync-period (--nftables-, --ipvs-) default 1s, burst 2",
)
ENVOY_FOLLOWS = Part("Envoy follows", Pace(delay=_between(0.0003, 0.0008)), f"{MEASURED}: 0.5 to 1.1 ms")
LAGS = {
    "kube-proxy": Lag(
        KUBE_PROXY_SYNCS,
        Part("kube-proxy's rules hold", Pace(delay=_between(0.002, 0.0036)), f"{MEASURED} on rules in its shape: 2 to 4 ms; live connections stay"),
    ),
    "kube-proxy/nftables": Lag(
        KUBE_PROXY_SYNCS,
        Part(
            "kube-proxy's nftables hold", Pace(delay=_between(0.0038, 0.0058)), f"{MEASURED} on rules in its shape: 4 to 6 ms; live connections stay"
        ),
    ),
    "ingress-nginx": Lag(
        Part(
            "ingress-nginx syncs",
            Pace(rate_limit=RateLimit(period=1 / 0.3)),
            "ingress-nginx --sync-rate-limit default 0.3 (pkg/flags/flags.go)",
        ),
        Part(
            "ingress-nginx's workers look",
            Pace(poll=1.0, whole_seconds=True),
            f"ingress-nginx lua/balancer.lua BACKENDS_SYNC_INTERVAL 1 s; {MEASURED}: 22 to 863 ms",
        ),
    ),
    "envoy": Lag(
        Part(
            "Istio pushes",
            Pace(debounce=Debounce(after=0.1, at_most=10.0)),
            "istiod PILOT_DEBOUNCE_AFTER default 100ms, PILOT_DEBOUNCE_MAX 10s (pilot/pkg/features)",
        ),
        ENVOY_FOLLOWS,
    ),
    "emissary": Lag(
        Part("Emissary takes a change up", Pace(throttle=1.0), "Emissary AMBASSADOR_RECONFIG_MAX_DELAY default 1 s, in which changes are batched"),
        ENVOY_FOLLOWS,
    ),
    "gateway-api": Lag(_none("the gateway's control plane acts"), ENVOY_FOLLOWS),
    "traefik": Lag(
        Part("Traefik takes a change up", Pace(throttle=2.0), "Traefik --providers.providersThrottleDuration default 2s"),
        Part("Traefik applies it", Pace(delay=DelayShape(lognormal=Lognormal(median=0.068, p95=0.147))), f"{MEASURED}: 49 to 147 ms"),
    ),
    "haproxy": Lag(
        Part("the HAProxy controller syncs", Pace(poll=5.0), "haproxytech kubernetes-ingress --sync-period default 5s"),
        Part(
            "HAProxy takes new weights",
            Pace(delay=_between(0.0001, 0.0005)),
            f"{MEASURED}: runtime API 0.3 to 0.6 ms (a reload: 30 to 34 ms, and all connections anew)",
        ),
    ),
    "nginx": Lag(
        _none("nginx's configuration is written"),
        Part(
            "nginx reloads",
            Pace(reload=_between(0.1014, 0.102)),
            f"nginx src/os/unix/ngx_process_cycle.c waits 100 ms before it retires old workers; {MEASURED}: 101 to 107 ms",
        ),
    ),
    "caddy": Lag(
        _none("Caddy's configuration is written"),
        Part("Caddy reloads", Pace(reload=_between(0.037, 0.063)), f"{MEASURED}: 37 to 63 ms"),
    ),
    "alb": Lag(
        Part(
            "AWS takes rules and targets over, each on its own,",
            Pace(delay=_between(2.0, 20.0)),
            "assumed: some seconds of API calls, and up to 15 s until a new target's health check (aws-load-balancer-controller default interval)",
        ),
        _none("the load balancer follows"),
    ),
}
UNKNOWN = Lag(_none("the control plane acts"), _none("the proxy follows"))


def lag_of(plane: str) -> Lag:
    """The default lag of a data plane by its name, `SOFTWARE/MODE`."""
    return LAGS.get(plane, LAGS.get(plane.partition("/")[0], UNKNOWN))


def paces(plane: str, cluster: Cluster) -> tuple[Pace, Pace]:
    """The paces of control plane and proxy: the scenario's, else the defaults."""
    lag, given = lag_of(plane), cluster.kube_proxy if plane.startswith("kube-proxy/") else cluster.ingress
    control = lag.control.pace if given is None else pace_of(given)
    return control, lag.proxy.pace if cluster.proxy is None else pace_of(cluster.proxy)


def lag_assumptions(cluster: Cluster, planes: set[str]) -> list[Assumption]:
    """The lags that the scenario left open, for each software once."""
    rows: dict[str, Assumption] = {}
    for plane in sorted(planes):
        lag = lag_of(plane)
        key, given = (KEY_OF_SERVICES, cluster.kube_proxy) if plane.startswith("kube-proxy/") else (KEY_OF_ROUTES, cluster.ingress)
        for part, its_key, chosen in ((lag.control, key, given), (lag.proxy, KEY_OF_PROXIES, cluster.proxy)):
            if chosen is None:
                rows[part.what] = Assumption(part.what, in_words(part.pace), part.source, its_key)
    return list(rows.values())


def in_words(pace: Pace) -> str:
    """A pace in words."""
    words = [] if pace.delay is None else [f"{describe(pace.delay)} later"]
    if pace.rate_limit is not None:
        first = f"{pace.rate_limit.burst} times at once, then " if pace.rate_limit.burst > 1 else ""
        words.append(f"{first}once in {format_duration(pace.rate_limit.period)} at most")
    if pace.debounce is not None:
        bound = "" if pace.debounce.at_most is None else f", at most {format_duration(pace.debounce.at_most)} after the first"
        words.append(f"{format_duration(pace.debounce.after)} after the last change{bound}")
    if pace.throttle:
        words.append(f"at once, then not for {format_duration(pace.throttle)}")
    if pace.poll:
        words.append(f"each {format_duration(pace.poll)}")
    if pace.reload is not None:
        words.append(f"in {describe(pace.reload)}, and opens all connections anew")
    return "; ".join(words) or "at once"
