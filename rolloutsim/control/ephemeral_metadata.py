"""Ephemeral metadata: labels and annotations that pods carry as long as they play a role (rollout/ephemeralmetadata.go).

They are put into the ReplicaSet's template and onto its living pods in place; the pod hash stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.control.context import Context
from rolloutsim.control.operations import RelabelPods, UpdateReplicaSet
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import PodTemplate, ReplicaSet

Metadata = Mapping[str, Mapping[str, str]]


def reconcile(ctx: Context) -> None:
    """The canary's (preview's) metadata to new, stable's (active's) to stable or to a promoted new, none to the others."""
    canary = ctx.rollout.spec.strategy.canary
    if canary is not None:
        new_metadata, stable_metadata = canary.canary_metadata, canary.stable_metadata
    else:
        new_metadata, stable_metadata = ctx.blue_green.preview_metadata, ctx.blue_green.active_metadata
    promoted = ctx.status.stable_rs in ("", ctx.new.pod_hash)
    ctx.new = _synced(ctx, ctx.new, stable_metadata if promoted else new_metadata)
    if ctx.stable is not None:
        ctx.stable = ctx.new if promoted else _synced(ctx, ctx.stable, stable_metadata)
    for rs in ctx.others:
        _synced(ctx, rs, None)


def _synced(ctx: Context, rs: ReplicaSet, metadata: Mapping[str, Any] | None) -> ReplicaSet:
    """The ReplicaSet with just this metadata put in."""
    wanted = {key: dict(metadata[key]) for key in ("labels", "annotations") if metadata and metadata.get(key)}
    present = {key: dict(value) for key, value in rs.ephemeral_metadata.items()}
    if wanted == present:
        return rs
    template = _with(rs.template, present, wanted)
    ctx.do(UpdateReplicaSet(rs.meta.name, {"template": template, "ephemeral_metadata": wanted}))
    ctx.do(RelabelPods(rs.meta.name, template.labels))
    return replace(rs, template=template, ephemeral_metadata=wanted)


def _with(template: PodTemplate, before: Metadata, after: Metadata) -> PodTemplate:
    def merged(key: str, present: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in present.items() if name not in before.get(key, {})}
        return {**kept, **after.get(key, {})}

    return replace(template, labels=merged("labels", template.labels), annotations=merged("annotations", template.annotations))
