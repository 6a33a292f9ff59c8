"""Ambassador: a canary Mapping beside each Mapping while the weight is above 0 (rollout/trafficrouting/ambassador/ambassador.go)."""

from __future__ import annotations

from rolloutsim.control.context import Context
from rolloutsim.control.operations import Sleep
from rolloutsim.control.routing.router import Plain
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import Meta
from rolloutsim.manifest.router_objects import Mapping
from rolloutsim.manifest.traffic_routing import AmbassadorRouting

LONGEST_STEM = 246
PROPAGATION_S = 5.0
"""The pass stands still for so long between weight 0 and the deletion."""


class Ambassador(Plain):
    """The Ambassador router of one pass."""

    def __init__(self, ctx: Context, spec: AmbassadorRouting) -> None:
        self._ctx, self._names = ctx, spec.mappings

    def set_weight(self, weight: int) -> None:
        """Create or weigh the canary Mappings; at 0 give them 0, wait, and delete them. The Mappings are handled side by side."""
        ctx = self._ctx
        ctx.emit("CanaryMappingWeightUpdate", f"Set canary mapping weight to {weight}")
        drained = []
        for name in self._names:
            twin = ctx.route(Mapping, f"{name[:LONGEST_STEM]}-canary")
            if twin is not None:
                ctx.update_route(twin, {**twin.spec, "weight": weight})
                drained.append(twin)
            elif weight:
                ctx.create_route(self._twin(name, weight))
        if drained and not weight:
            ctx.do(Sleep(PROPAGATION_S))
            for twin in drained:
                ctx.delete_route(twin)

    def _twin(self, name: str, weight: int) -> Mapping:
        """The Mapping's copy that leads to the canary Service: nobody owns it, and labels and annotations stay behind (buildCanaryMapping)."""
        canary, mapping = self._ctx.rollout.spec.strategy.canary, self._ctx.route(Mapping, name)
        assert canary is not None
        assert mapping is not None  # the spec is invalid without it, and such a pass does not come this far
        meta = Meta(f"{name[:LONGEST_STEM]}-canary", mapping.meta.namespace)
        service = str(mapping.spec.get("service", "")).replace(canary.stable_service, canary.canary_service, 1)
        return replace(mapping, meta=meta, spec={**mapping.spec, "service": service, "weight": weight})
