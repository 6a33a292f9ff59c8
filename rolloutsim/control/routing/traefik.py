"""Traefik: the weights of both Services in a TraefikService, written in every pass (rollout/trafficrouting/traefik/traefik.go)."""

from __future__ import annotations

from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.routing.router import Plain
from rolloutsim.manifest.objects import TraefikService
from rolloutsim.manifest.traffic_routing import TraefikRouting


class Traefik(Plain):
    """The Traefik router of one pass; services beside the two keep their weights, so that a total may pass 100."""

    def __init__(self, ctx: Context, spec: TraefikRouting) -> None:
        self._ctx, self._name = ctx, spec.weighted_traefik_service_name

    def set_weight(self, weight: int) -> None:
        """Write `weight` and 100 - `weight` to the first service of each name; both must be listed."""
        ctx, canary = self._ctx, self._ctx.rollout.spec.strategy.canary
        assert canary is not None
        route = ctx.route(TraefikService, self._name)
        if route is None:
            raise PassFailed(f'traefikservices.traefik.containo.us "{self._name}" not found')
        weighted = route.spec.get("weighted") or {}
        if weighted.get("services") is None:
            raise PassFailed("spec.weighted.services was not found in traefik service manifest")
        services = list(weighted["services"])
        for role, name, share in (("canary", canary.canary_service, weight), ("stable", canary.stable_service, 100 - weight)):
            at = next((i for i, service in enumerate(services) if service["name"] == name), None)
            if at is None:
                raise PassFailed(f"traefik {role} service was not found")
            services[at] = {**services[at], "weight": share}
        ctx.update_route(route, {**route.spec, "weighted": {**weighted, "services": services}})
