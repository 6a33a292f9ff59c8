"""How each pod answers: the version of its images, what makes it one of the bad ones, and what changes with its age."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rolloutsim.manifest.objects import Pod
from rolloutsim.randomness import generator
from rolloutsim.scenario import Latency, Version

STAIRS = 20
"""A change that is spread over a while is made in so many even steps."""


class Answer(NamedTuple):
    """How a pod answers from an age on."""

    after_s: float
    error_rate: float
    latency: Latency | None


class Profiles:
    """The scenario's versions for the pods of one run, by pod ordinal; `key` is (seed, replication)."""

    def __init__(self, versions: Iterable[tuple[str, Version]], key: tuple[int, int]) -> None:
        self._named, self._key = dict(versions), key
        self._versions: dict[tuple[tuple[str, ...], int], Version] = {}
        self._pods: dict[int, tuple[tuple[str, ...], int, int]] = {}
        self._hashes: dict[int, str] = {}
        self._born: dict[tuple[str, ...], int] = {}

    def see(self, pod: Pod, revision: int) -> None:
        """Remember a pod; the first time counts it among the pods with its images."""
        if pod.ordinal not in self._pods:
            rank = self._born.get(pod.images, 0)
            self._born[pod.images] = rank + 1
            self._hashes[pod.ordinal] = pod.pod_hash
            self._pods[pod.ordinal] = (pod.images, revision, rank)

    def hash_of(self, ordinal: int) -> str:
        """The pod-template hash of a pod, gone or not."""
        return self._hashes[ordinal]

    def version(self, images: tuple[str, ...], revision: int) -> Version:
        """The version of some images: by full image, by tag, or by revision."""
        key = (images, revision)
        if key not in self._versions:
            names = [name for image in images for name in (image, image.rpartition(":")[2])]
            names += [f"revision: {revision}", f"revision:{revision}"]
            self._versions[key] = next((self._named[name] for name in names if name in self._named), Version())
        return self._versions[key]

    def of(self, ordinal: int) -> Version:
        """How the pod of an ordinal answers when it is new."""
        images, revision, rank = self._pods[ordinal]
        version = self.version(images, revision)
        bad = version.bad_pods
        if bad is None:
            return version
        group, place = divmod(rank, bad.one_in)
        if place != int(generator(*self._key, "bad pod", *images, group).integers(bad.one_in)):
            return version
        otherwise = {name: value for name in ("error_rate", "latency", "turns") if (value := getattr(bad, name)) is not None}
        return version.model_copy(update=otherwise)


def answers(version: Version) -> Iterator[Answer]:
    """What a version's turns come to, in order; a change over time as a staircase whose mean is the straight line's."""
    error_rate, latency = version.error_rate, version.latency
    for turn in version.turns:
        to_rate = error_rate if turn.error_rate is None else turn.error_rate
        to_latency = latency if turn.latency is None else turn.latency
        for stair in range(1, STAIRS) if turn.over else ():
            part = stair / STAIRS
            rate = error_rate + part * (to_rate - error_rate)
            yield Answer(turn.after + (stair - 0.5) * turn.over / STAIRS, rate, _between(latency, to_latency, part))
        error_rate, latency = to_rate, to_latency
        yield Answer(turn.after + turn.over * (1 - 0.5 / STAIRS), error_rate, latency)


def _between(before: Latency | None, after: Latency | None, part: float) -> Latency | None:
    if before is None or after is None or before == after:
        return after
    ends = ((before.p50, after.p50), (before.p99 or before.p50, after.p99 or after.p50))
    p50, p99 = (low + part * (high - low) for low, high in ends)
    return Latency(p50=p50, p99=p99)
