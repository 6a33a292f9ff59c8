"""The answers of one run together: computed once, printed in several forms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rolloutsim.answers.capacity import Capacity, capacity
from rolloutsim.answers.duration import Duration, duration
from rolloutsim.answers.harm import Harm, harm
from rolloutsim.answers.judged import Judgement, judgements
from rolloutsim.answers.share import Shares, share
from rolloutsim.control.phase import client_phase
from rolloutsim.manifest.objects import ReplicaSet, Rollout
from rolloutsim.record import Record


@dataclass(frozen=True)
class Result:
    """The answers that `run` gives, each computed when it is asked for."""

    record: Record

    @cached_property
    def shares(self) -> Shares:
        """Who answered which share."""
        return share(self.record)

    @cached_property
    def harm(self) -> Harm:
        """What broke."""
        return harm(self.record)

    @cached_property
    def duration(self) -> Duration:
        """How long it took."""
        return duration(self.record)

    @cached_property
    def capacity(self) -> Capacity:
        """How many pods it needed."""
        return capacity(self.record)

    @cached_property
    def judgements(self) -> tuple[Judgement, ...]:
        """How it was judged."""
        return judgements(self.record)

    @property
    def rollout(self) -> Rollout:
        """The Rollout as it stands at the end."""
        return self.record.rollouts()[-1][1]

    @property
    def phase(self) -> str:
        """Its phase at the end, as clients show it."""
        return client_phase(self.rollout)[0] or ""

    @property
    def is_canary(self) -> bool:
        """Whether the strategy is canary."""
        return self.rollout.spec.strategy.canary is not None

    @cached_property
    def tags(self) -> dict[str, str]:
        """Image tags by pod template hash."""
        found = {}
        for change in self.record.history("ReplicaSet"):
            if isinstance(change.object, ReplicaSet):
                found[change.object.pod_hash] = ", ".join(tag_of(image) for image in change.object.template.images)
        return found


def tag_of(image: str) -> str:
    """The tag of an image, or its whole name without one."""
    return image.rpartition(":")[2] if ":" in image.rpartition("/")[2] else image
