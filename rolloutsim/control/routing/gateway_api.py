"""The Gateway API plugin: weights of an HTTPRoute's backends, and rules by header (argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi 0.15).

Its peculiarities are kept: any rule that leads to the canary Service alone is taken for one of its own, and stable gets 100 - `weight`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.routing.router import Plain
from rolloutsim.manifest.objects import HTTPRoute, Service
from rolloutsim.manifest.traffic_routing import GatewayApiRouting, HeaderMatch, SetHeaderRoute

Json = Mapping[str, Any]
NO_BACKENDS = "backendRef was not found in httpRoute"


class GatewayApi(Plain):
    """The plugin within one pass; routes are written in every pass."""

    def __init__(self, ctx: Context, spec: GatewayApiRouting, managed: Sequence[str]) -> None:
        canary = ctx.rollout.spec.strategy.canary
        assert canary is not None
        self._ctx, self._spec, self._managed = ctx, spec, managed
        self._canary, self._stable = canary.canary_service, canary.stable_service

    def verify_weight(self, weight: int) -> bool | None:
        """Always so."""
        return True

    # --- weights ---------------------------------------------------------------------------------------------------------------

    def set_weight(self, weight: int) -> None:
        """Write `weight` and 100 - `weight` to every backend of the two names in every rule but the plugin's own (setHTTPRouteWeight)."""
        shares = {self._canary: weight, self._stable: 100 - weight}
        for name in self._spec.names:
            route = self._route(name, "set weight")
            rules, found = list(route.spec.get("rules") or ()), set[str]()
            for i, rule in enumerate(rules):
                if not self._is_own(rule):
                    found |= shares.keys() & _names(rule)
                    rules[i] = _weighted(rule, shares)
            if len(found) < len(shares):
                raise PassFailed(f"failed to set weight via plugin: {NO_BACKENDS}")
            if weight > 100:
                raise PassFailed(f"failed to set weight via plugin: {_refused(name, rules, 100 - weight)}")
            self._follow_experiment(rules)
            self._ctx.update_route(route, {**route.spec, "rules": rules}, self._labels(route, weight))

    def _follow_experiment(self, rules: list[Json]) -> None:
        """Add an Experiment's Services to the first rule with either Service, and take them out when it has ended (HandleExperiment)."""
        at = next(i for i, rule in enumerate(rules) if _names(rule) & {self._stable, self._canary})
        added, stored = self._ctx.additional_destinations, self._ctx.status.weights
        before = {destination.service_name for destination in stored.additional} if stored is not None else set()
        present = list(rules[at]["backendRefs"])
        if self._ctx.status.current_experiment and added:
            rest = 100 - min(100, sum(destination.weight for destination in added))
            stable = [i for i, ref in enumerate(present) if ref["name"] == self._stable]
            for i in stable[:1]:
                present[i] = {**present[i], "weight": rest}
            namespace = self._ctx.rollout.meta.namespace
            for destination in added:
                service = self._ctx.services.get(destination.service_name)
                if service is not None and service.meta.name not in _names(rules[at]):
                    present.append({"name": service.meta.name, "namespace": namespace, "port": _port(service), "weight": destination.weight})
            rules[at] = {**rules[at], "backendRefs": present}
        elif not self._ctx.status.current_experiment and before & _names(rules[at]):
            kept = {**rules[at], "backendRefs": [ref for ref in present if ref["name"] not in before]}
            rules[at] = _weighted(kept, {self._stable: 100, self._canary: 0})

    def _labels(self, route: HTTPRoute, weight: int) -> Json:
        """The label that tells GitOps tools to leave the weights alone, while the weight is not 0 (ensureInProgressLabel)."""
        if self._spec.disable_in_progress_label:
            return route.meta.labels
        kept = {key: value for key, value in route.meta.labels.items() if key != self._spec.in_progress_label_key}
        return {**kept, self._spec.in_progress_label_key: self._spec.in_progress_label_value} if weight else kept

    # --- managed routes --------------------------------------------------------------------------------------------------------

    def set_header_route(self, route: SetHeaderRoute) -> None:
        """A rule to the canary for each rule that has both Services, with the headers on top of its matches; without `match` all are removed."""
        if route.match is None:
            self.remove_managed_routes()
            return
        headers = [_header(match) for match in route.match]
        for name in self._spec.names_with_headers:
            known = self._route(name, "set header route")
            rules = known.spec.get("rules") or ()
            sources = [rule for rule in rules if {self._canary, self._stable} <= _names(rule)]
            if not sources:
                raise PassFailed(f"failed to set header route via plugin: {NO_BACKENDS}")
            own = [self._header_rule(f"{route.name}-{i}" if i else route.name, rule, headers) for i, rule in enumerate(sources)]
            kept = [rule for rule in rules if not self._is_own(rule, [route.name], headers)]
            self._ctx.update_route(known, {**known.spec, "rules": kept + own})

    def _header_rule(self, name: str, source: Json, headers: list[Json]) -> Json:
        port = next(ref.get("port") for ref in source["backendRefs"] if ref["name"] == self._canary)
        matches = [{**match, "headers": [*(match.get("headers") or ()), *headers]} for match in source.get("matches") or [{}]]
        reference = {"group": "", "kind": "Service", "name": self._canary, "port": port}
        return {"name": name, "matches": matches, "filters": list(source.get("filters") or ()), "backendRefs": [reference]}

    def remove_managed_routes(self) -> None:
        """Remove the plugin's own rules, and with them every other rule that leads to the canary alone."""
        for name in self._spec.names_with_headers:
            route = self._route(name, "remove managed routes")
            rules = route.spec.get("rules") or ()
            kept = [rule for rule in rules if not self._is_own(rule)]
            if len(kept) < len(rules):
                self._ctx.update_route(route, {**route.spec, "rules": kept})

    def _is_own(self, rule: Json, managed: Sequence[str] | None = None, headers: Sequence[Json] = ()) -> bool:
        """Whether a rule has a managed name, or leads to the canary alone and asks for these headers (isHTTPManagedRule)."""
        for name in self._managed if managed is None else managed:
            if re.fullmatch(rf"{re.escape(name)}(-[+-]?[0-9]+)?", str(rule.get("name", ""))):
                return True
        if [ref["name"] for ref in rule.get("backendRefs") or ()] != [self._canary]:
            return False
        asked = [{header["name"] for header in match.get("headers") or ()} for match in rule.get("matches") or ()]
        return not headers or any({header["name"] for header in headers} <= names for names in asked)

    def _route(self, name: str, what: str) -> HTTPRoute:
        route = self._ctx.route(HTTPRoute, name)
        if route is None:
            raise PassFailed(f'failed to {what} via plugin: httproutes.gateway.networking.k8s.io "{name}" not found')
        return route


def _refused(name: str, rules: Sequence[Json], weight: int) -> str:
    """The API server's answer to a weight below 0 (minimum of BackendRef.weight in the HTTPRoute's schema)."""
    at = next((i, k) for i, rule in enumerate(rules) for k, ref in enumerate(rule.get("backendRefs") or ()) if ref.get("weight", 0) < 0)
    field = f"spec.rules[{at[0]}].backendRefs[{at[1]}].weight"
    what = f'HTTPRoute.gateway.networking.k8s.io "{name}" is invalid'
    return f"{what}: {field}: Invalid value: {weight}: {field} in body should be greater than or equal to 0"


def _port(service: Service) -> int:
    """The port named http, else the first, else 8080."""
    named = [port["port"] for port in service.ports if port.get("name") == "http"]
    return int((named or [port["port"] for port in service.ports] or [8080])[0])


def _names(rule: Json) -> set[str]:
    return {ref["name"] for ref in rule.get("backendRefs") or ()}


def _weighted(rule: Json, shares: Mapping[str, int]) -> Json:
    """The rule with the weights of these backends."""
    references = rule.get("backendRefs") or ()
    return {**rule, "backendRefs": [{**ref, "weight": shares[ref["name"]]} if ref["name"] in shares else ref for ref in references]}


def _header(match: HeaderMatch) -> Json:
    """A header as the Gateway API matches it: exact, or by a regular expression (getHTTPHeaderRouteRuleList)."""
    value = match.header_value
    if value.exact:
        return {"name": match.header_name, "type": "Exact", "value": value.exact}
    return {"name": match.header_name, "type": "RegularExpression", "value": f"{value.prefix}.*" if value.prefix else value.regex}
