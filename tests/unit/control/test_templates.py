"""What the controller puts into pod templates: ephemeral metadata and anti-affinity."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.manifest.objects import EndpointSlice, Pod, ReplicaSet
from tests.unit.control.worlds import do, rollout, world


def test_ephemeral_metadata_follows_the_roles() -> None:
    """A Service that selects by an injected label finds the pods of the role, and loses them when the role ends."""
    steps = [{"setWeight": 25}, {"pause": {}}]
    metadata = {"canaryMetadata": {"labels": {"role": "canary"}}, "stableMetadata": {"labels": {"role": "stable"}, "annotations": {"a": "b"}}}
    by_role = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "by-role"},
        "spec": {"selector": {"role": "canary"}, "ports": [{"port": 80}]},
    }
    played = world(by_role, rollout({"canary": {"steps": steps, **metadata}}))
    played.advance(1.0)
    do(played, commands.set_image(played.rollout, {"*": "app:v2"}))
    played.advance(10.0)
    endpoints = played.store.get(EndpointSlice, "by-role")
    assert endpoints is not None and len(endpoints.endpoints) == 1
    hashes = {rs.pod_hash for rs in played.store.objects(ReplicaSet)}
    assert {rs.template.labels.get("role") for rs in played.store.objects(ReplicaSet)} == {"canary", "stable"}
    do(played, commands.promote(played.rollout))
    played.advance(40.0)
    assert played.rollout.status.phase == "Healthy"
    assert {rs.pod_hash for rs in played.store.objects(ReplicaSet)} == hashes
    roles = {rs.template.images[0]: rs.template.labels.get("role") for rs in played.store.objects(ReplicaSet)}
    assert roles == {"app:v1": None, "app:v2": "stable"}
    endpoints = played.store.get(EndpointSlice, "by-role")
    assert endpoints is not None and endpoints.endpoints == ()
    assert {pod.labels.get("role") for pod in played.store.objects(Pod)} == {"stable"}


@pytest.mark.parametrize("kind", ["required", "preferred"])
def test_undo_takes_an_injected_anti_affinity_along(kind: str) -> None:
    """The rule is no part of the hash, until `undo` copies the template in which it stands."""
    rule: dict[str, Any] = {f"{kind}DuringSchedulingIgnoredDuringExecution": {"weight": 5} if kind == "preferred" else {}}
    played = world(rollout({"canary": {"steps": [], "antiAffinity": rule}}))
    for image in ("app:v2", "app:v3"):
        do(played, commands.set_image(played.rollout, {"*": image}))
        played.advance(played.now_s + 30.0)
    sets = played.store.objects(ReplicaSet)
    assert [bool(rs.template.spec.get("affinity")) for rs in sorted(sets, key=lambda rs: rs.revision)] == [False, True, True]
    do(played, commands.undo(played.rollout, sets, 2))
    played.advance(played.now_s + 30.0)
    assert len(played.store.objects(ReplicaSet)) == 4
    assert played.rollout.spec.template.images == ("app:v2",)
