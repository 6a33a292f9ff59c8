"""What the scenario left open and was filled in: printed, each with its source and the key that sets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rolloutsim.manifest.data_plane import Choice
from rolloutsim.quantities import format_duration
from rolloutsim.record import Assumption
from rolloutsim.scenario import Cluster, Stream
from rolloutsim.world.delays import (
    API_WRITE_S,
    CONTROLLER_PASS_S,
    ENDPOINTS_S,
    POD_START,
    POD_STOP,
    REPLICA_SET_WRITE_S,
    SCRAPE_S,
    WATCH_S,
    describe,
)
from rolloutsim.world.lag.paces import lag_assumptions
from rolloutsim.world.traffic.failover import configured_by, in_words, software_of

RECORDED = "median of recordings of argo-rollouts 1.9.1 on Kubernetes 1.34.1"


def assumptions(cluster: Cluster, streams: Sequence[Stream], choices: Sequence[Choice], *, scraped: bool) -> list[Assumption]:
    """The data planes and delays that the scenario left open, as far as they matter with its streams (each with its choice) and metrics."""
    rows = [*_chosen(streams, choices), *_tried(streams, choices)]
    if cluster.pods.start is None:
        rows.append(Assumption("pods become ready after", describe(POD_START), "assumed: set it to what your pods need", "cluster.pods.start"))
    if cluster.pods.stop is None:
        rows.append(Assumption("pods stop after", describe(POD_STOP), "assumed: set it to what your pods need", "cluster.pods.stop"))
    rows += lag_assumptions(cluster, {choice.lag for choice in choices})
    if cluster.scrape is None and scraped:
        source = "prometheus.yml as shipped with Prometheus (documentation/examples); its default without one is 1m"
        rows.append(Assumption("Prometheus scrapes each pod every", format_duration(SCRAPE_S), source, "cluster.scrape"))
    if cluster.api_write is None:
        text = f"{format_duration(API_WRITE_S)}, of the ReplicaSet controller {1e3 * REPLICA_SET_WRITE_S:g}ms"
        rows.append(Assumption("a write to the API server takes", text, RECORDED, "cluster.apiWrite"))
    if cluster.watch is None:
        rows.append(Assumption("a watch delivers after", format_duration(WATCH_S), RECORDED, "cluster.watch"))
    if cluster.controller_pass is None:
        rows.append(Assumption("a controller's pass takes", format_duration(CONTROLLER_PASS_S), RECORDED, "cluster.controllerPass"))
    if cluster.endpoints is None:
        rows.append(Assumption("EndpointSlices follow pods after", format_duration(ENDPOINTS_S), RECORDED, "cluster.endpoints"))
    return rows


def _chosen(streams: Sequence[Stream], choices: Sequence[Choice]) -> list[Assumption]:
    """The data planes that the manifests imply."""
    rows = enumerate(zip(streams, choices, strict=True))
    open_ = [(i, stream, choice) for i, (stream, choice) in rows if stream.data_plane is None]
    return [Assumption(f"{stream.name} are split by", choice.plane, choice.reason, f"traffic[{i}].dataPlane") for i, stream, choice in open_]


def _tried(streams: Sequence[Stream], choices: Sequence[Choice]) -> Iterator[Assumption]:
    """What becomes of failed tries."""
    for i, (stream, choice) in enumerate(zip(streams, choices, strict=True)):
        if stream.failover is None:
            software = software_of(choice.plane, configured_by(choice))
            yield Assumption(f"a refused try of {stream.name} is", in_words(software, choice.plane), software.source, f"traffic[{i}].failover")
