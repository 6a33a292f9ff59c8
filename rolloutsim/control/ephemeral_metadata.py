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
    canary, blue_green = ctx.rollout.spec.strategy.canary, ctx.rollout.spec.strategy.blue_green
    if canary is not None:
        new_metadata, stable_metadata = canary.canary_metadata, canary.stable_metadata
    elif blue_green is not None:
        new_metadata, stable_metadata = blue_green.preview_metadata, blue_green.active_metadata
    else:  # pragma: no cover  (refused before)
        return
    if ctx.new is not None:
        promoted = ctx.status.stable_rs in ("", ctx.new.pod_hash)
        changed = _synced(ctx, ctx.new, stable_metadata if promoted else new_metadata)
        if not promoted and ctx.stable is not None:
            ctx.stable = _synced(ctx, ctx.stable, stable_metadata)
        elif promoted and ctx.stable is not None:
            ctx.stable = changed
        ctx.new = changed
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
