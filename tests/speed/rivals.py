"""What one would write by hand instead: the models of the table with SimPy, Ciw and salabim as their manuals show, and with NumPy alone.

Each plays about `n` requests at 1,000 a second on four pods and returns how many there were.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Generator
from typing import Any, Literal

import numpy as np
import simpy

from rolloutsim.world.traffic.arrivals import lognormal

RATE_RPS, PODS, ERROR_RATE = 1000.0, 4, 0.01
P50_S, P99_S = 0.02, 0.12
MU, SIGMA = lognormal(P50_S, P99_S)
"""Pods that answer any number of requests at once: after a lognormal latency."""
SERVICE_S, CONCURRENCY = 0.05, 16
"""Pods that serve 16 requests at once, each for an exponential time, and let others wait: busy to 78 %."""

Model = Literal["detail", "queues", "least connections"]


def with_simpy(model: Model, n: int) -> int:
    """A process a request; a pod that serves is a Resource."""
    env, draws, counts = simpy.Environment(), random.Random(1), Counter[tuple[int, bool]]()
    pods = [simpy.Resource(env, CONCURRENCY) for _ in range(PODS)]

    def answered(env: simpy.Environment) -> Generator[simpy.Event, Any, None]:
        pod = draws.randrange(PODS)
        yield env.timeout(draws.lognormvariate(MU, SIGMA))
        counts[pod, draws.random() < ERROR_RATE] += 1

    def served(env: simpy.Environment, pod: int) -> Generator[simpy.Event, Any, None]:
        with pods[pod].request() as place:
            yield place
            yield env.timeout(draws.expovariate(1 / SERVICE_S))
        counts[pod, draws.random() < ERROR_RATE] += 1

    def arrivals(env: simpy.Environment) -> Generator[simpy.Event, Any, None]:
        for _ in range(n):
            yield env.timeout(draws.expovariate(RATE_RPS))
            if model == "detail":
                env.process(answered(env))
            elif model == "queues":
                env.process(served(env, draws.randrange(PODS)))
            else:
                env.process(served(env, min(range(PODS), key=lambda pod: pods[pod].count + len(pods[pod].queue))))

    env.process(arrivals(env))
    env.run()
    return counts.total()


def with_ciw(model: Model, n: int) -> int:
    """A node a pod; least connections is a node without service that joins the shortest queue."""
    import ciw

    if model == "least connections":
        split = ciw.routing.JoinShortestQueue(destinations=list(range(2, PODS + 2)))
        network = ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(RATE_RPS), *[None] * PODS],
            service_distributions=[ciw.dists.Deterministic(0.0), *[ciw.dists.Exponential(1 / SERVICE_S)] * PODS],
            number_of_servers=[math.inf, *[CONCURRENCY] * PODS],
            routing=ciw.routing.NetworkRouting(routers=[split, *[ciw.routing.Leave() for _ in range(PODS)]]),
        )
    else:
        latency = ciw.dists.Lognormal(MU, SIGMA) if model == "detail" else ciw.dists.Exponential(1 / SERVICE_S)
        network = ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(RATE_RPS / PODS)] * PODS,
            service_distributions=[latency] * PODS,
            number_of_servers=[math.inf if model == "detail" else CONCURRENCY] * PODS,
            routing=[[0.0] * PODS] * PODS,
        )
    ciw.seed(1)
    run = ciw.Simulation(network)
    run.simulate_until_max_customers(n, method="Finish")
    draws = random.Random(1)
    pods = [record for record in run.get_all_records() if model != "least connections" or record.node > 1]
    return Counter((record.node, draws.random() < ERROR_RATE) for record in pods).total()


def with_salabim(model: Model, n: int) -> int:
    """A component a request, a pod that serves is a Resource; processes are generators, its quicker way."""
    import salabim

    salabim.yieldless(False)
    env = salabim.Environment(random_seed=1, trace=False)
    pods = [salabim.Resource(capacity=CONCURRENCY, env=env) for _ in range(PODS)]
    counts = Counter[tuple[int, bool]]()
    service, gap = salabim.Exponential(SERVICE_S, env=env), salabim.Exponential(1 / RATE_RPS, env=env)
    chance, latency = salabim.Uniform(0, 1, env=env), salabim.Normal(MU, SIGMA, env=env)

    class Request(salabim.Component):  # type: ignore[misc, name-defined]
        def process(self) -> Generator[Any, Any, None]:
            pod = int(PODS * chance.sample())
            if model == "least connections":
                pod = min(range(PODS), key=lambda pod: pods[pod].claimed_quantity() + len(pods[pod].requesters()))
            if model == "detail":
                yield self.hold(math.exp(latency.sample()))
            else:
                yield self.request(pods[pod])
                yield self.hold(service.sample())
                self.release()
            counts[pod, chance.sample() < ERROR_RATE] += 1

    class Arrivals(salabim.Component):  # type: ignore[misc, name-defined]
        def process(self) -> Generator[Any, Any, None]:
            for _ in range(n):
                yield self.hold(gap.sample())
                Request(env=env)

    Arrivals(env=env)
    env.run()
    return counts.total()


def with_numpy(n: int) -> int:
    """The floor of "detail": the draws themselves in blocks - arrival, pod, error, latency - and a count by pod and outcome."""
    draws, block, at_s = np.random.Generator(np.random.SFC64(1)), 8192, 0.0
    counts = np.zeros(2 * PODS, dtype=np.int64)
    for _ in range(0, n, block):
        t_s = at_s + np.cumsum(draws.standard_exponential(block)) / RATE_RPS
        at_s = t_s[-1]
        pod = (draws.random(block) * PODS).astype(np.int32)
        failed = draws.random(block) < ERROR_RATE
        latency_s = np.exp(MU + SIGMA * draws.standard_normal(block))
        assert len(latency_s) == block
        counts += np.bincount(2 * pod + failed, minlength=2 * PODS)
    return int(counts.sum())
