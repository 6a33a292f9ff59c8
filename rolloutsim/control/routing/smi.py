"""Service Mesh Interface: a TrafficSplit that the Rollout owns (rollout/trafficrouting/smi/smi.go)."""

from __future__ import annotations

from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.routing.router import Plain
from rolloutsim.manifest.objects import Meta
from rolloutsim.manifest.router_objects import TrafficSplit
from rolloutsim.manifest.traffic_routing import SmiRouting


class Smi(Plain):
    """The SMI router of one pass."""

    def __init__(self, ctx: Context, spec: SmiRouting) -> None:
        self._ctx, self._spec = ctx, spec

    def set_weight(self, weight: int) -> None:
        """Create the TrafficSplit, or bring its backends to canary, experiments and the rest for stable."""
        ctx, canary = self._ctx, self._ctx.rollout.spec.strategy.canary
        assert canary is not None
        name = self._spec.traffic_split_name or ctx.rollout.meta.name
        added = [(destination.service_name, destination.weight) for destination in ctx.additional_destinations]
        shares = [(canary.canary_service, weight), *added]
        shares.append((canary.stable_service, 100 - sum(share for _, share in shares)))
        root = self._spec.root_service or canary.stable_service
        spec = {"service": root, "backends": [{"service": service, "weight": share} for service, share in shares]}
        known = ctx.route(TrafficSplit, name)
        if known is None:
            ctx.create_route(TrafficSplit(Meta(name, ctx.rollout.meta.namespace, owner=ctx.rollout.meta.name), spec))
            ctx.emit("TrafficSplitCreated", f"TrafficSplit `{name}` created")
        elif known.meta.owner != ctx.rollout.meta.name:
            raise PassFailed(f"Rollout does not own TrafficSplit `{name}`")
        elif known.spec != spec:
            ctx.update_route(known, spec)
