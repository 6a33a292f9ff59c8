"""APISIX: weights of an ApisixRoute's backends, and a second ApisixRoute for each header route (rollout/trafficrouting/apisix/apisix.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.routing.router import Plain
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import ApisixRoute
from rolloutsim.manifest.traffic_routing import ApisixRouting, HeaderMatch, SetHeaderRoute

Json = Mapping[str, Any]


class Apisix(Plain):
    """The APISIX router of one pass; the route is written in every pass, as it reads no cache."""

    def __init__(self, ctx: Context, spec: ApisixRouting, managed: Sequence[str]) -> None:
        canary = ctx.rollout.spec.strategy.canary
        assert canary is not None
        self._ctx, self._name, self._managed = ctx, spec.route.name, managed
        self._rules = (spec.route.name,) if spec.route.rules is None else spec.route.rules
        self._canary, self._stable = canary.canary_service, canary.stable_service

    def set_weight(self, weight: int) -> None:
        """Write `weight` and 100 - `weight` to the first backend of each name in the rules that follow it."""
        route = self._route()
        http = _http(route)
        for at in self._indices(http):
            http[at] = _weighted(_weighted(http[at], self._canary, weight), self._stable, 100 - weight)
        self._ctx.update_route(route, {**route.spec, "http": http})

    def set_header_route(self, route: SetHeaderRoute) -> None:
        """A copy of the route, owned by the Rollout, whose rules lead to the canary alone; without `match` it is deleted."""
        own, known = self._route(), self._ctx.route(ApisixRoute, route.name)
        if known is not None and known.meta.owner != self._ctx.rollout.meta.name:
            raise PassFailed(f"duplicate ApisixRoute [{route.name}] already exists")
        if route.match is None:
            if known is not None:
                self._ctx.delete_route(known)
            return
        http = _http(own if known is None else known)
        for at in self._indices(http):
            rule = _weighted(http[at], self._canary, 100)
            rule["backends"] = [backend for backend in rule["backends"] if backend["serviceName"] != self._stable]
            if known is None:
                rule["priority"] = rule.get("priority", 0) + 1
            rule["match"] = {**(rule.get("match") or {}), "exprs": [e for match in route.match for e in _expressions(match)]}
            http[at] = rule
        if known is None:
            meta = replace(own.meta, name=route.name, owner=self._ctx.rollout.meta.name)
            self._ctx.create_route(replace(own, meta=meta, spec={**own.spec, "http": http}))
        else:
            self._ctx.update_route(known, {**known.spec, "http": http})

    def remove_managed_routes(self) -> None:
        """Delete the header routes that the Rollout owns."""
        for name in self._managed:
            route = self._ctx.route(ApisixRoute, name)
            if route is not None and route.meta.owner == self._ctx.rollout.meta.name:
                self._ctx.delete_route(route)

    def _route(self) -> ApisixRoute:
        route = self._ctx.route(ApisixRoute, self._name)
        if route is None:
            raise PassFailed(f'apisixroutes.apisix.apache.org "{self._name}" not found')
        return route

    def _indices(self, http: Sequence[Json]) -> list[int]:
        """Where the rules stand that follow the weight."""
        found = []
        for name in self._rules:
            at = next((i for i, rule in enumerate(http) if rule["name"] == name), None)
            if at is None:
                raise PassFailed(f"Apisix http route rule {name} not found")
            found.append(at)
        return found


def _http(route: ApisixRoute) -> list[Json]:
    if route.spec.get("http") is None:
        raise PassFailed("spec.http was not found in Apisix Route manifest")
    return list(route.spec["http"])


def _weighted(rule: Json, service: str, weight: int) -> dict[str, Any]:
    """The rule with a weight at the first backend of a name."""
    if rule.get("backends") is None:
        raise PassFailed("Apisix http route backends not found")
    backends = list(rule["backends"])
    at = next((i for i, backend in enumerate(backends) if backend["serviceName"] == service), None)
    if at is None:
        raise PassFailed(f"apisix route {service} backend was not found")
    backends[at] = {**backends[at], "weight": weight}
    return {**rule, "backends": backends}


def _expressions(match: HeaderMatch) -> list[Json]:
    """What must hold of a header: all expressions of a rule must (apisixExprs)."""
    subject, value = {"scope": "Header", "name": match.header_name}, match.header_value
    patterns = [value.regex] if value.regex else []
    patterns += [f"^{value.prefix}.*"] if value.prefix else []
    exact: list[Json] = [{"subject": subject, "op": "Equal", "value": value.exact}] if value.exact else []
    return exact + [{"subject": subject, "op": "RegexMatch", "value": pattern} for pattern in patterns]
