"""Istio: weights of a VirtualService's routes, subsets of a DestinationRule, header and mirror routes (rollout/trafficrouting/istio/istio.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.operations import UpdateRoute
from rolloutsim.control.routing.router import Plain
from rolloutsim.manifest import istio_routes
from rolloutsim.manifest.istio_routes import service_of
from rolloutsim.manifest.objects import HASH_LABEL, DestinationRule, ReplicaSet, VirtualService
from rolloutsim.manifest.traffic_routing import IstioRouting, RouteMatch, SetHeaderRoute, SetMirrorRoute, VirtualServiceReference

Json = Mapping[str, Any]


def _conditions(match: RouteMatch) -> Json:
    """A condition of a mirror route as Istio writes it (createMirrorRoute)."""
    headers = {name: value.given for name, value in (match.headers or {}).items()}
    parts = {"method": match.method and match.method.given, "uri": match.path and match.path.given, "headers": headers}
    return {name: part for name, part in parts.items() if part}


class Istio(Plain):
    """The Istio router of one pass; every call reads the cached VirtualService, as the controller's lister does."""

    def __init__(self, ctx: Context, spec: IstioRouting, managed: Sequence[str]) -> None:
        self._ctx = ctx
        self._references, self._rule, self._managed = spec.references, spec.destination_rule, managed
        self._stable_service, self._canary_service = ctx.rollout.stable_and_canary()

    # --- hashes ----------------------------------------------------------------------------------------------------------------

    def update_hash(self, canary_hash: str, stable_hash: str) -> None:
        """Label the subsets; foreign subsets are dropped. Without Services the pass fails while a scaled ReplicaSet is not fully available."""
        ctx = self._ctx
        if self._rule is None:
            return
        waiting = self._unavailable(canary_hash, stable_hash)
        if waiting is not None:
            raise PassFailed(f"delaying destination rule switch: ReplicaSet {waiting.meta.name} not fully available")
        name = self._rule.name
        rule = ctx.route(DestinationRule, name)
        if rule is None:
            raise PassFailed(f'destinationrules.networking.istio.io "{name}" not found')
        hashes = {self._rule.canary_subset_name: canary_hash, self._rule.stable_subset_name: stable_hash}
        subsets = []
        for subset in rule.spec.get("subsets") or ():
            if subset["name"] in hashes:
                labels = {key: value for key, value in (subset.get("labels") or {}).items() if key != HASH_LABEL}
                pinned = hashes[subset["name"]]
                subsets.append({**subset, "labels": {**labels, HASH_LABEL: pinned} if pinned else labels})
        if subsets == list(rule.spec.get("subsets") or ()):
            return
        ctx.do(UpdateRoute(DestinationRule, name, {"spec": {**rule.spec, "subsets": subsets}}))
        text = ", ".join(f"{subset}: {pod_hash}" for subset, pod_hash in hashes.items())
        ctx.emit("UpdatedDestinationRule", f"DestinationRule {name} subset updated ({text})")

    def _unavailable(self, canary_hash: str, stable_hash: str) -> ReplicaSet | None:
        if self._canary_service or self._stable_service:
            return None
        wanted = (stable_hash,) if self._ctx.is_aborted else (canary_hash, stable_hash)
        for rs in (self._ctx.new, self._ctx.stable):
            if rs is not None and rs.pod_hash in wanted and rs.replicas > 0 and rs.status.available_replicas < rs.replicas:
                return rs
        return None

    # --- weights ---------------------------------------------------------------------------------------------------------------

    def set_weight(self, weight: int) -> None:
        """Write the weights of canary and stable into the chosen routes; other destinations lose theirs."""
        for reference in self._references:
            service = self._cached(reference)
            changed = {}
            for kind, indices in self._chosen(reference, service.spec).items():
                routes = list(service.spec[kind])
                weighted = [self._weighted(route, weight) if i in indices else route for i, route in enumerate(routes)]
                if weighted != routes:
                    changed[kind] = self._ordered(weighted) if kind == "http" else weighted
            if changed:
                self._write(service, changed, f"set to desiredWeight '{weight}'")

    def _chosen(self, reference: VirtualServiceReference, spec: Json) -> dict[str, list[int]]:
        """Indices of the routes that follow the weight, by kind of route.

        A managed mirror route that is there counts as listed, so that without a list of routes it is then the only one (generateVirtualServicePatches).
        """
        http = spec.get("http") or ()
        mirrors = [route["name"] for route in http if route.get("mirror") and route.get("name") in self._managed]
        return {
            **({"http": istio_routes.http_indices([*reference.routes, *mirrors], http)} if http else {}),
            **({"tls": istio_routes.l4_indices(reference.tls_routes, spec["tls"], "tls")} if spec.get("tls") else {}),
            **({"tcp": istio_routes.l4_indices(reference.tcp_routes, spec["tcp"], "tcp")} if spec.get("tcp") else {}),
        }

    def _weighted(self, route: Json, weight: int) -> Json:
        extra = set(self._rule.additional_subset_names) if self._rule is not None else set()
        kept = sum(d.get("weight", 0) for d in route.get("route") or () if d["destination"].get("subset") in extra)
        added = {d.service_name: d.weight for d in self._ctx.additional_destinations}
        left = max(0, 100 - weight - kept - sum(added.values()))
        patches: list[tuple[int, int | None]] = []
        destinations = list(route.get("route") or ())
        for i, destination in enumerate(destinations):
            role, host, wanted = self._role(destination["destination"]), service_of(destination["destination"]), None
            if not host:
                continue
            if role:
                wanted = weight if role == "canary" else left
            elif host in added:
                wanted = added.pop(host)
            elif destination["destination"].get("subset") in extra:
                continue
            if destination.get("weight", 0) != (wanted or 0):
                patches.append((i, wanted))
        # Removals shift the indices that later patches were made with (as in the source): the second of two may hit nothing and is added anew.
        for i, wanted in patches:
            if i >= len(destinations):
                destinations.append({"destination": {"host": service_of(route["route"][i]["destination"])}, "weight": wanted or 0})
            elif wanted is None:
                del destinations[i]
            else:
                destinations[i] = {**destinations[i], "weight": wanted}
        destinations += [{"destination": {"host": host}, "weight": share} for host, share in added.items()]
        return {**route, "route": destinations}

    def _role(self, destination: Json) -> str:
        host, subset, rule = service_of(destination), destination.get("subset"), self._rule
        if (self._canary_service and host == self._canary_service) or (rule is not None and subset == rule.canary_subset_name):
            return "canary"
        if (self._stable_service and host == self._stable_service) or (rule is not None and subset == rule.stable_subset_name):
            return "stable"
        return ""

    # --- managed routes --------------------------------------------------------------------------------------------------------

    def set_header_route(self, route: SetHeaderRoute) -> None:
        """Put a route by header on top: all of it to the canary; without `match` it is removed. Written in every pass of its step."""
        for reference in self._references:
            service = self._cached(reference)
            http = [r for r in service.spec.get("http") or () if r.get("name") != route.name]
            if route.match is not None:
                match = [{"headers": {m.header_name: m.header_value.given}} for m in route.match]
                destination = self._canary(service, reference)
                http.append({"name": route.name, "match": match, "route": [{"destination": destination, "weight": 100}]})
            self._write(service, {"http": self._ordered(http)}, f"set headerRoute '{route.name}'")

    def set_mirror_route(self, route: SetMirrorRoute) -> None:
        """Put a copy of the weighted route with a mirror to the canary on top; without `match` it is removed."""
        for reference in self._references:
            service = self._cached(reference)
            http = [r for r in service.spec.get("http") or () if r.get("name") != route.name]
            if route.match is not None:
                followed = self._followed(reference, http)
                if not followed:
                    raise PassFailed("[createMirrorRoute] no HTTP route of the VirtualService follows the weight")
                copied = [{k: v for k, v in d.items() if k != "weight" or v} for d in followed]
                mirror: dict[str, Any] = {"name": route.name, "match": [_conditions(match) for match in route.match], "route": copied}
                mirror["mirror"] = self._canary(service, reference)
                mirror["mirrorPercentage"] = {"value": 100.0 if route.percentage is None else float(route.percentage)}
                http.insert(0, mirror)
            self._write(service, {"http": self._ordered(http)}, f"set mirrorRoute '{route.name}'")

    def _followed(self, reference: VirtualServiceReference, http: Sequence[Json]) -> Sequence[Json]:
        """The destinations of the first HTTP route that follows the weight, none without one (getVirtualServiceSetWeightRoute)."""
        indices = istio_routes.http_indices(reference.routes, http)
        return (http[indices[0]].get("route") or ()) if indices else ()

    def remove_managed_routes(self) -> None:
        """Remove the managed routes that are there."""
        for reference in self._references:
            service = self._cached(reference)
            http = list(service.spec.get("http") or ())
            left = [route for route in http if route.get("name") not in self._managed]
            if len(left) < len(http):
                self._write(service, {"http": left}, "removed all managed routes.")

    def _canary(self, service: VirtualService, reference: VirtualServiceReference) -> Json:
        """The canary as a destination, with the port that the VirtualService gives the first one of its weighted route."""
        rule = self._ctx.route(DestinationRule, self._rule.name) if self._rule is not None else None
        destination: dict[str, Any] = {"host": rule.spec.get("host", "") if rule is not None else self._canary_service}
        if self._rule is not None:
            destination["subset"] = self._rule.canary_subset_name
        known = self._followed(reference, service.spec.get("http") or ())
        if known and known[0]["destination"].get("port"):
            destination["port"] = known[0]["destination"]["port"]
        return destination

    def _ordered(self, http: list[Json]) -> list[Json]:
        managed = [route for name in self._managed for route in http if route.get("name") == name]
        return managed + [route for route in http if route.get("name") not in self._managed]

    # --- objects ---------------------------------------------------------------------------------------------------------------

    def _cached(self, reference: VirtualServiceReference) -> VirtualService:
        found = self._ctx.route(VirtualService, reference.short_name)
        assert found is not None  # the spec is invalid without it, and such a pass does not come this far
        return found

    def _write(self, service: VirtualService, changed: Json, text: str) -> None:
        self._ctx.update_route(service, {**service.spec, **changed})
        self._ctx.emit("Updated VirtualService", f"VirtualService `{service.meta.name}` {text}")
