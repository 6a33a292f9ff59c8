"""Run a scenario: `simulate(scenario) -> Record`."""

from __future__ import annotations

import platform
from datetime import datetime
from functools import lru_cache
from importlib import metadata

import numpy as np

from rolloutsim.control.phase import client_phase
from rolloutsim.randomness import generator
from rolloutsim.record import Header, Record
from rolloutsim.scenario import Scenario, Until
from rolloutsim.world.world import Observer, Setup, World

LOOK_S = 0.25
"""How often an open-ended run looks whether it is over, while anything happens."""


@lru_cache(maxsize=1)
def installed_versions() -> tuple[tuple[str, str], ...]:
    """Versions that the bytes of a record depend on."""
    try:
        own = metadata.version("rolloutsim")
    except metadata.PackageNotFoundError:  # a source tree that is not installed
        own = "unknown"
    return (("rolloutsim", own), ("python", platform.python_version()), ("numpy", np.__version__))


def setup_of(scenario: Scenario, *, seed: int | None = None, replication: int = 0) -> Setup:
    """What a World needs to play a scenario."""
    spec, objects = scenario.spec, scenario.objects
    seed = spec.seed if seed is None else seed
    header = Header(
        scenario=scenario.name,
        rollout=objects.rollout.meta.name,
        seed=seed,
        replication=replication,
        namespace=objects.rollout.meta.namespace,
        start_at=spec.start.at,
        second_fraction_s=_fraction(spec.start.at, seed, replication),
        detail=spec.detail if spec.traffic else "none",
        versions=installed_versions(),
        source=scenario.source,
    )
    return Setup(
        header=header,
        rollout=objects.rollout,
        services=objects.services,
        ingresses=objects.ingresses,
        routes=objects.routes,
        templates=(*objects.analysis_templates, *objects.cluster_analysis_templates),
        metrics=tuple(spec.metrics.items()),
        plugins=tuple(spec.plugins.items()),
        standalone=(*objects.experiments, *objects.analysis_runs),
        cluster=spec.cluster,
        versions=tuple(spec.versions.items()),
        streams=spec.traffic,
        timeline=spec.timeline,
        keep=spec.keep,
        healthy_at_start=spec.start.state == "healthy",
        deployment=objects.deployment,
    )


def simulate(scenario: Scenario, *, seed: int | None = None, replication: int = 0, observers: tuple[Observer, ...] = ()) -> Record:
    """Play a scenario once: the same seed and replication give the same record, byte for byte, on the same installed versions."""
    world = World(setup_of(scenario, seed=seed, replication=replication), observers)
    if scenario.spec.duration is not None:
        world.advance(scenario.spec.duration)
    else:
        _run_until(world, scenario.spec.until or Until())
    return world.finish()


def _run_until(world: World, until: Until) -> None:
    """Advance until the timeline is done and the phase is reached, and a little longer; or to the limit."""
    to_s = 0.0
    while to_s < until.limit:
        to_s = min(until.limit, max(to_s + LOOK_S, world.next_event_s))
        world.advance(to_s)
        if world.operator.is_done and world.workload_is_seen and client_phase(world.rollout)[0] == until.phase:
            world.advance(min(until.limit, to_s + until.settle))
            return


def _fraction(start_at: str, seed: int, replication: int) -> float:
    """The fraction of a second at t = 0: as given, else drawn from the seed, since the controller's own stamps are whole seconds."""
    if "." in start_at:
        return datetime.fromisoformat(start_at).microsecond / 1e6
    return float(generator(seed, replication, "start").random())
