"""AWS load balancer controller: actions in annotations of an Ingress, and what AWS has made of them (rollout/trafficrouting/alb/alb.go)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.operations import UpdateRoute
from rolloutsim.control.routing.router import Plain
from rolloutsim.manifest.alb_annotations import ALB_PREFIX, MANAGED, USE_ANNOTATION
from rolloutsim.manifest.load_balancer import LoadBalancer
from rolloutsim.manifest.objects import AlbStatus, Ingress, IngressRule
from rolloutsim.manifest.traffic_routing import AlbRouting, HeaderMatch, SetHeaderRoute

Annotations = dict[str, str]
LONGEST_STICKINESS_S = 604_800
ADDRESS = 0xC000_0000_00
"""Where the event of a header route prints the address of a value: Go's heap begins there."""


class Alb(Plain):
    """The ALB router of one pass. Several Ingresses are gone through in order, and the first that needs no change ends the call."""

    def __init__(self, ctx: Context, spec: AlbRouting, managed: Sequence[str]) -> None:
        self._ctx, self._spec, self._managed = ctx, spec, managed
        self._stable, self._canary = ctx.rollout.stable_and_canary(prefer_ping_pong=True)
        canary = ctx.rollout.spec.strategy.canary
        assert canary is not None
        self._action = spec.root_service or canary.stable_service

    # --- weights ---------------------------------------------------------------------------------------------------------------

    def set_weight(self, weight: int) -> None:
        """Write the forward action of the root (or stable) Service: canary, experiments, and the rest for stable."""
        added = [(destination.service_name, destination.weight) for destination in self._ctx.additional_destinations]
        shares = [(self._canary, weight), *added]
        shares.append((self._stable, 100 - sum(share for _, share in shares)))
        for name in self._spec.names:
            ingress = self._ingress(name)
            assert self._action in {rule.service for rule in ingress.rules}  # else the spec is invalid
            key = self._key("actions", self._action)
            annotations = self._with_managed({**ingress.meta.annotations, key: self._forward(shares)}, added=(key,))
            if not self._patch(ingress, f"Updating Ingress `{name}` to desiredWeight '{weight}'", annotations):
                return

    def _forward(self, shares: Sequence[tuple[str, int]]) -> str:
        port = str(self._spec.service_port)
        config: dict[str, Any] = {"TargetGroups": [{"ServiceName": name, "ServicePort": port, "Weight": share} for name, share in shares]}
        sticky = self._spec.stickiness_config
        if sticky is not None and sticky.enabled:
            if not 1 <= sticky.duration_seconds <= LONGEST_STICKINESS_S:
                raise PassFailed("TargetGroupStickinessConfig's duration must be between 1 and 604800 seconds (7 days)!")
            config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky.duration_seconds}
        return _json({"Type": "forward", "ForwardConfig": config})

    # --- header routes ---------------------------------------------------------------------------------------------------------

    def set_header_route(self, route: SetHeaderRoute) -> None:
        """An action and its conditions, and a path `/*` that leads to it before the other paths of each host; without `match` they go."""
        keys = (self._key("actions", route.name), self._key("conditions", route.name))
        for name in self._spec.names:
            ingress = self._ingress(name)
            others = {key: value for key, value in ingress.meta.annotations.items() if key not in keys}
            if route.match is None:
                annotations = self._with_managed(others, removed=keys)
                rules = _without(ingress.rules, route.name)
            else:
                values = (self._forward([(self._canary, 100)]), _conditions(route.match))
                annotations = self._with_managed({**others, **dict(zip(keys, values, strict=True))}, added=keys)
                rules = _with_path(ingress.rules, route.name)
            told = "".join(f"{{%!d(string={match.header_name}) {ADDRESS}}}" for match in route.match or ())
            text = f"Updating Ingress `{name}` to headerRoute '&{{%!d(string={route.name}) [{told}]}}'"
            if not self._patch(ingress, text, annotations, _sorted(rules, self._managed)):
                return

    def remove_managed_routes(self) -> None:
        """Take away the actions, conditions and paths of all managed routes; the list of managed annotations is written in any case."""
        if not self._managed:
            return
        keys = tuple(self._key(kind, name) for name in self._managed for kind in ("actions", "conditions"))
        for name in self._spec.names:
            ingress = self._ingress(name)
            others = {key: value for key, value in ingress.meta.annotations.items() if key not in keys}
            rules = ingress.rules
            for route in self._managed:
                rules = _without(rules, route)
            if not self._patch(ingress, f"Updating Ingress `{name}` removing managed routes", self._with_managed(others, removed=keys), rules):
                return

    # --- verification ----------------------------------------------------------------------------------------------------------

    def verify_weight(self, weight: int) -> bool | None:
        """Whether AWS has the weights; only with `--aws-verify-target-group`, at a setWeight step or at the end, and once to learn of the ALBs."""
        ctx = self._ctx
        if ctx.load_balancers is None:
            ctx.albs = None
            return None
        if not self._is_due(weight) and ctx.status.albs is not None:
            return None
        wanted = {d.service_name: d.weight for d in ctx.additional_destinations} | {self._canary: weight}
        balancers = {name: ctx.load_balancers.get(name) for name in self._spec.names}
        ctx.albs = tuple(self._status(name, balancer) for name, balancer in balancers.items())
        found = [balancer for balancer in balancers.values() if balancer is not None]
        verified = sum(self._has(balancer, service, share) for balancer in found for service, share in wanted.items())
        return verified == len(self._spec.names) + len(ctx.additional_destinations)

    def _is_due(self, weight: int) -> bool:
        """ShouldVerifyWeight (utils/rollout): not in every pass, since AWS limits the rate of its API."""
        ctx = self._ctx
        if not ctx.status.stable_rs or ctx.is_fully_promoted:
            return False
        return weight == ctx.max_weight if ctx.step is None else ctx.step.set_weight is not None

    def _has(self, balancer: LoadBalancer, service: str, wanted: int) -> bool:
        current, arn = balancer.weight(service), balancer.target_group_arn(service)
        if current is None:
            return False
        if current == wanted:
            self._ctx.emit("TargetGroupVerified", f"Service {service} (TargetGroup {arn}) verified: canary weight {wanted} set")
            return True
        text = f"Service {service} (TargetGroup {arn}) not verified: canary weight {wanted} not yet set (current: {current})"
        self._ctx.emit("TargetGroupUnverified", text, "Warning")
        return False

    def _status(self, name: str, balancer: LoadBalancer | None) -> AlbStatus:
        if balancer is None:
            return AlbStatus()
        groups = {service: balancer.target_group_arn(service) for service in (self._canary, self._stable) if balancer.weight(service) is not None}
        return AlbStatus(name, balancer.arn, groups.get(self._canary, ""), groups.get(self._stable, ""))

    # --- the Ingress -----------------------------------------------------------------------------------------------------------

    def _ingress(self, name: str) -> Ingress:
        found = self._ctx.ingresses.get(name)
        assert found is not None  # the spec is invalid without it, and such a pass does not come this far
        return found

    def _key(self, kind: str, name: str) -> str:
        return f"{self._spec.annotation_prefix or ALB_PREFIX}/{kind}.{name}"

    def _with_managed(self, annotations: Annotations, *, added: Sequence[str] = (), removed: Sequence[str] = ()) -> Annotations:
        """The annotations with the list of those that Rollouts manage brought up to date (modifyManagedAnnotation)."""
        try:
            managed = json.loads(annotations.get(MANAGED) or "{}")
            own = [key for key in managed.get(self._ctx.rollout.meta.name) or () if key not in removed]
        except (ValueError, AttributeError, TypeError) as error:
            raise PassFailed(f"annotation {MANAGED} cannot be read: {error}") from error
        managed[self._ctx.rollout.meta.name] = own + [key for key in added if key not in own]
        return {**annotations, MANAGED: _json(dict(sorted(managed.items())))}

    def _patch(self, ingress: Ingress, text: str, annotations: Annotations, rules: tuple[IngressRule, ...] | None = None) -> bool:
        """Write what differs, with the event that says so; False if nothing does."""
        rules = ingress.rules if rules is None else rules
        if annotations == ingress.meta.annotations and rules == ingress.rules:
            return False
        self._ctx.emit("PatchingALBIngress", text)
        changes: dict[str, Any] = {"annotations": annotations} if rules == ingress.rules else {"annotations": annotations, "rules": rules}
        self._ctx.do(UpdateRoute(Ingress, ingress.meta.name, changes))
        self._ctx.ingresses[ingress.meta.name] = replace(ingress, meta=replace(ingress.meta, annotations=annotations), rules=rules)
        return True


def _json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON as Go writes it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _conditions(matches: Sequence[HeaderMatch]) -> str:
    """All headers must fit, each by one of its values (upsertCondition)."""
    values: dict[str, list[str]] = {}
    for match in matches:
        values.setdefault(match.header_name, []).append(match.header_value.exact)
    conditions = [{"field": "http-header", "httpHeaderConfig": {"httpHeaderName": name, "values": texts}} for name, texts in values.items()]
    return _json(conditions)


def _with_path(rules: tuple[IngressRule, ...], action: str) -> tuple[IngressRule, ...]:
    """A path to the action before the others of each host, unless there is one (CreateAnnotationBasedPath)."""
    if action in {rule.service for rule in rules}:
        return rules
    found: list[IngressRule] = []
    for i, rule in enumerate(rules):
        if i == 0 or rules[i - 1].host != rule.host:
            found.append(IngressRule(rule.host, "/*", action, USE_ANNOTATION, "ImplementationSpecific"))
        found.append(rule)
    return tuple(found)


def _without(rules: tuple[IngressRule, ...], action: str) -> tuple[IngressRule, ...]:
    """The first path to the action of each host taken away (RemovePathByServiceName)."""
    found, gone = [], set()
    for rule in rules:
        if rule.service == action and rule.host not in gone:
            gone.add(rule.host)
        else:
            found.append(rule)
    return tuple(found)


def _sorted(rules: tuple[IngressRule, ...], managed: Sequence[str]) -> tuple[IngressRule, ...]:
    """Within each host the managed routes first, in their order (SortHttpPaths)."""
    order = {name: i for i, name in enumerate(managed)}
    hosts = {host: i for i, host in enumerate(dict.fromkeys(rule.host for rule in rules))}
    return tuple(sorted(rules, key=lambda rule: (hosts[rule.host], order.get(rule.service, len(order)))))
