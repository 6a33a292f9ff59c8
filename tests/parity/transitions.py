"""The recorded weight changes, and the same changes played by simulated routers in front of simulated traffic."""

from __future__ import annotations

import csv
import lzma
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import simpy

from rolloutsim.manifest.objects import Endpoint
from rolloutsim.record import Requests, Route
from rolloutsim.scenario import Clients, Stream, Version
from rolloutsim.scenario.lag import Pace
from rolloutsim.world.backends import Known
from rolloutsim.world.clock import call_at
from rolloutsim.world.routers import Router
from rolloutsim.world.traffic.engine import Traffic

STABLE, CANARY = 0, 1


def recorded() -> dict[str, list[dict[str, str]]]:
    """The rows of transitions.csv by name."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with lzma.open(Path(__file__).parent / "transitions.csv.xz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["name"]].append(row)
    return rows


class Watched:
    """Stands for the store: it only says that something has changed."""

    def __init__(self) -> None:
        self.changed: list[Callable[..., None]] = []

    def watch(self, _: str, call: Callable[..., None]) -> None:
        """Remember whom to tell."""
        self.changed.append(call)


def weighted(share: float) -> Known:
    """One pod of each version, by weight."""
    return Known((Endpoint("stable", "old", STABLE), Endpoint("canary", "new", CANARY)), (1 - share, share))


def of_ten(canaries: int) -> Known:
    """Ten pods that are all alike, so many of them the canary's."""
    return Known(tuple(Endpoint(f"p{i}", "new" if i % 2 else "old", i) for i in (*range(1, 2 * canaries, 2), *range(0, 2 * (10 - canaries), 2))))


def played(
    plane: str, changes: list[tuple[float, Known]], *, rate: float, clients: Clients | None, control: Pace, proxy: Pace, seed: int, end_s: float
) -> Requests:
    """The requests of one run; the first of the changes is how it stands at the start."""
    env = simpy.Environment()
    stream = Stream(name="s", to="service/x", rate=rate, clients=clients, arrivals="constant")
    traffic = Traffic([stream], [plane], lambda _: Version(), seed=seed)
    present, store = [changes[0][1]], Watched()

    def reroute(known: Known, *, since_s: float, reopens: bool) -> None:
        traffic.reroute(float(env.now), "s", Route("x", plane, traffic.covers("s"), known.endpoints, known.weights), reopens=reopens)

    def change(known: Known) -> None:
        present[0] = known
        for call in store.changed:
            call("EndpointSlice", "x", None)

    anything: Any = store
    Router(env, anything, lambda: present[0], reroute, key=(seed, 0, "s"), control=control, proxy=proxy)
    for at_s, known in changes[1:]:
        call_at(env, at_s, lambda known=known: change(known))
    env.run(until=end_s)
    found = traffic.finish(end_s)["s"]
    assert isinstance(found, Requests)
    return found


def effective_s(requests: Requests, old: float, new: float, changed_s: float) -> float:
    """From the change to the likeliest instant at which the share went from old to new."""
    canary = requests.pod % 2 == CANARY
    better_old = np.where(canary, math.log(old / new), math.log((1 - old) / (1 - new)))
    before = np.concatenate([[0.0], np.cumsum(better_old)])
    at = int(np.argmax(before))
    return float(requests.t_s[min(at, len(canary) - 1)]) - changed_s
