"""The splitter alone, without a rollout: `split("haproxy/random1", 25, "ka10", 10_000)`.

The experiment is the one by which data planes are measured: a client keeps so many requests in flight and sends the next as an answer comes; one
pod on each side, unless the data plane only knows numbers of pods.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from rolloutsim.answers.split import WINDOWS, Split, bounds, dispersion, lag1, strays
from rolloutsim.errors import InputError, Place, Problem
from rolloutsim.manifest.data_plane_names import DATA_PLANES, near
from rolloutsim.quantities import parse_duration
from rolloutsim.randomness import generator
from rolloutsim.world.traffic.planes import BY_CONNECTION, make_plane
from rolloutsim.world.traffic.planes.cycle import Cycle
from rolloutsim.world.traffic.planes.plane import Ints, LoadAware, Plane
from rolloutsim.world.traffic.trial import Client, Machine, Played, alone, by_load, in_order, play, uniforms

MOST = 10_000_000
"""Requests of a trial, each of which is kept."""
MOST_PODS = 100
NEW_IN_FLIGHT = 4
BY_PODS = ("kube-proxy/", "caddy/random", "caddy/round_robin", "ingress-nginx/round_robin", "random")
"""Data planes that know pods and no weights: a weight is how many of the pods are the canary's."""
TWO = ("_2workers", "_2threads", "traefik/", "caddy/")
"""Proxies with two workers or threads: Traefik and Caddy use as many as there are cores, two where they were measured."""
IN_GO = ("traefik/", "caddy/")
"""Goroutines are taken from the lines of other threads, half of a line at once (Go's runtime/proc.go, stealWork)."""
_POLICY = re.compile(r"new|ka([1-9]\d{0,5})(?:r([1-9]\d{0,8}))?")


class Pods(NamedTuple):
    """How many pods there are, how many of them are the canary's, and the probability of each (stable ones first; empty: no weights)."""

    pods: int
    canary: int
    weights: tuple[float, ...] = ()


class Setup(NamedTuple):
    """What is tried."""

    name: str
    plane: str
    weight_percent: float
    pods: Pods
    clients: str
    client: Client
    requests: int
    workers: int
    latency_s: tuple[float, float]
    """Of stable and canary pods."""


def split(
    data_plane: str,
    weight: float | None = None,
    clients: str = "ka1",
    requests: int = 10_000,
    *,
    seed: int = 1,
    latency: float | str = 0.0,
    canary_latency: float | str | None = None,
    workers: int | None = None,
    machine: Machine | None = None,
) -> Split:
    """What a data plane makes of a weight in percent, over so many requests; InputError with every problem.

    `clients`: ka1, ka10, ... connections kept for ever, ka10r100 each for 100 requests, new: a connection for each request, 4 in flight.
    kube-proxy's weight may stand in its name as pods: "kube-proxy/nftables 1/10". Latencies are those of the pods (seconds, or "5ms").
    """
    setup = _setup(data_plane, weight, clients, requests, latency, canary_latency, workers)
    made = make_plane(setup.plane, None, (seed, 0, "split"))
    pods = setup.pods
    pools = np.array([0] * (pods.pods - pods.canary) + [pods.pods - pods.canary] * pods.canary, dtype=np.int64)
    made.reroute(np.arange(pods.pods, dtype=np.int32), np.array(pods.weights), pools)
    played = _play(setup, made, machine or Machine(), seed)
    canary = (played.endpoint >= pods.pods - pods.canary).astype(np.int8)
    by_connection = setup.plane in BY_CONNECTION
    alike = made.covers == "requests" and not isinstance(made, LoadAware)
    covers = "connections" if by_connection and setup.clients != "new" else made.covers
    off = strays(made.cycle >= pods.pods - pods.canary) * setup.workers if isinstance(made, Cycle) else 0.0
    if covers == "connections" and isinstance(made, Cycle):  # given out in turn: a bound, in connections
        covers, off = "bound", off * float(np.bincount(played.connection).max())
    low, high = bounds(canary, played.connection, covers, off=off, alike=alike)
    return Split(
        data_plane=setup.name,
        weight_percent=setup.weight_percent,
        clients=setup.clients,
        requests=setup.requests,
        connections=int(played.connection.max()) + 1,
        decides_per="connection" if by_connection else "request",
        share_percent=100 * float(canary.mean()),
        low_percent=100 * low,
        high_percent=100 * high,
        covers=covers,
        dispersion={window: dispersion(canary, window) for window in WINDOWS},
        lag1=lag1(canary),
        pods=pods.pods,
        pods_canary=pods.canary,
        workers=setup.workers,
        looks_at_load=isinstance(made, LoadAware),
        latency_s=setup.latency_s[0],
        canary_latency_s=setup.latency_s[1],
        seed=seed,
        canary=canary,
    )


def _play(setup: Setup, made: Plane, machine: Machine, seed: int) -> Played:
    """One trial; where nothing depends on the order of requests they are drawn in one go."""
    draws = generator(seed, 0, "trial", setup.plane, setup.clients)
    ended, by_connection = np.zeros(setup.pods.pods + 1, dtype=bool), setup.plane in BY_CONNECTION
    n, alike = setup.requests, made.covers == "requests" or (setup.client.in_flight == 1 and (not isinstance(made, Cycle) or made.workers == 1))
    if alike and not by_connection and not isinstance(made, LoadAware):
        return alone(made.pick(0, draws.random(n), ended)[0].astype(np.int64), setup.client)
    stable = setup.pods.pods - setup.pods.canary
    latency_s = [setup.latency_s[0]] * stable + [setup.latency_s[1]] * setup.pods.canary
    decide, notice = by_load(made, draws.random(n).tolist()) if isinstance(made, LoadAware) else (in_order(_rows(setup, made, draws)), None)
    return play(
        decide,
        setup.client,
        n,
        endpoints=setup.pods.pods,
        workers=setup.workers,
        by_connection=by_connection,
        latency_s=latency_s,
        machine=machine,
        draws=draws,
        direct=setup.plane.startswith("kube-proxy/"),
        stealing=setup.plane.startswith(IN_GO),
        notice=notice,
    )


def _rows(setup: Setup, made: Plane, draws: np.random.Generator) -> list[Ints]:
    """The decisions of each worker, where each has a cycle of its own; else those of all, as they come."""
    ended, n = np.zeros(setup.pods.pods + 1, dtype=bool), setup.requests + setup.client.in_flight
    own = made.workers if isinstance(made, Cycle) else 1
    return [made.pick(0, uniforms(n, worker, own, draws), ended)[0].astype(np.int64) for worker in range(own)]


# --- what is asked ---------------------------------------------------------------------------------------------------------------------


def _setup(
    name: str, weight: float | None, clients: str, requests: int, latency: float | str, canary_latency: float | str | None, workers: int | None
) -> Setup:
    problems: list[Problem] = []

    def refuse(place: str, found: object, rule: str, remedy: str) -> None:
        problems.append(Problem(Place(place), str(found), rule, remedy))

    plane, _, fraction = name.strip().partition(" ")
    known, pods = _plane_of(plane), Pods(2, 1)
    if known not in DATA_PLANES:
        refuse("--data-plane", name, "there is no such data plane", f"Near it are {', '.join(near(plane))}.")
    elif fraction and not known.startswith("kube-proxy/"):
        refuse("--data-plane", name, "only kube-proxy's weight stands in its name, as pods", f"Write {plane} and --weight.")
    elif fraction or weight is not None:
        try:
            pods, weight = _pods_of(known, plane, fraction, weight)
        except ValueError as wrong:
            refuse("--data-plane" if fraction else "--weight", name if fraction else weight, *wrong.args)
    else:
        refuse("--weight", "nothing", "a weight is needed", "For example --weight 25.")
    policy = _POLICY.fullmatch(clients)
    if policy is None:
        refuse("--clients", clients, "a policy is new, ka1, ka10, ... or ka10r100", "ka10r100: 10 connections, each renewed after 100 requests.")
    if not 1 <= requests <= MOST:
        refuse("--requests", requests, f"a trial has 1 to {MOST:,} requests", "For example --requests 10000.")
    if workers is not None and not 1 <= workers <= 64:
        refuse("--workers", workers, "a proxy has 1 to 64 workers", "Leave it out for what the name says.")
    latencies_s: list[float] = []
    for option, given in (("--latency", latency), ("--canary-latency", canary_latency)):
        try:
            latencies_s.append(latencies_s[0] if given is None else parse_duration(given))
        except IndexError:
            pass  # it would be that of --latency, which is wrong
        except ValueError as wrong:
            refuse(option, given, f"a latency is a duration ({wrong})", "For example 5ms.")
    if problems:
        raise InputError(problems)
    assert policy is not None and weight is not None
    in_flight = NEW_IN_FLIGHT if clients == "new" else int(policy[1])
    per = 1 if clients == "new" else int(policy[2]) if policy[2] else None
    given_workers = workers or (2 if any(word in known for word in TWO) else 1)
    stable_s, canary_s = latencies_s
    return Setup(name.strip(), known, float(weight), pods, clients, Client(in_flight, per), requests, given_workers, (stable_s, canary_s))


def _plane_of(name: str) -> str:
    """The data plane of a name that says how many pods it was measured with."""
    return name.removesuffix("_20pods") if name.startswith("caddy/") else name


def _pods_of(known: str, name: str, fraction: str, weight: float | None) -> tuple[Pods, float]:
    """Pods for a weight, or for canary/total as in a name; ValueError(rule, remedy)."""
    if fraction:
        parts = re.fullmatch(r"(\d{1,4})/(\d{1,4})", fraction)
        if parts is None or not 0 <= int(parts[1]) <= int(parts[2]) <= 1000 or int(parts[2]) == 0:
            raise ValueError("the pods are canary/total", "For example kube-proxy/nftables 1/10.")
        canary, total = int(parts[1]), int(parts[2])
        if weight is not None and abs(weight - 100 * canary / total) > 0.01:
            raise ValueError(f"{canary} of {total} pods are {100 * canary / total:g} %, not the weight {weight:g}", "Leave one of them out.")
        return Pods(total, canary), 100 * canary / total
    assert weight is not None
    if not 0 <= weight <= 100:
        raise ValueError("a weight is a percentage, 0 to 100", "For example --weight 25.")
    if any(known == plane or (plane.endswith("/") and known.startswith(plane)) for plane in BY_PODS):
        total = 20 if name.endswith("_20pods") else Fraction(weight / 100).limit_denominator(MOST_PODS).denominator
        canary = round(weight / 100 * total)
        if abs(100 * canary / total - weight) > 0.01:
            raise ValueError(f"no number of {total if total == 20 else f'up to {MOST_PODS}'} pods is {weight:g} % of them", "It only counts pods.")
        return Pods(total, canary), weight
    return Pods(2, 1, (1 - weight / 100, weight / 100)), weight
