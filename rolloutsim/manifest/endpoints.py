"""The ready addresses of Services."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutsim.manifest.meta import Meta


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One ready address of a Service: the pod behind it, and its ReplicaSet's hash."""

    pod: str
    pod_hash: str
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """The ready addresses of the Service of the same name, in the order in which they became ready."""

    meta: Meta
    endpoints: tuple[Endpoint, ...] = ()
