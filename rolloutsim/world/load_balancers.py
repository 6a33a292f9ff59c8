"""The AWS load balancer controller, and AWS behind it: rules and targets of an Ingress' load balancer follow late, each on a way of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import simpy

from rolloutsim.manifest.alb_annotations import ALB_PREFIX, USE_ANNOTATION
from rolloutsim.manifest.load_balancer import ListenerRule
from rolloutsim.manifest.objects import Endpoint, Ingress, IngressRule, LoadBalancer, Meta, Object
from rolloutsim.randomness import generator
from rolloutsim.scenario.lag import Pace
from rolloutsim.world.backends.known import endpoints_of
from rolloutsim.world.lag.follower import Follower, Seen
from rolloutsim.world.lag.gates import State, Take
from rolloutsim.world.lag.pipeline import pipeline
from rolloutsim.world.store import Store

Rules = tuple[ListenerRule, ...]
Targets = Mapping[str, tuple[Endpoint, ...]]


class LoadBalancers:
    """Keeps a LoadBalancer for each Ingress that `is_alb` says is one, from `pace` after the Ingress was made."""

    def __init__(
        self,
        env: simpy.Environment,
        store: Store,
        is_alb: Callable[[Ingress], bool],
        pace: Pace,
        key: tuple[int, int],
        second_fraction_s: float = 0.0,
    ) -> None:
        self._env, self._store, self._is_alb, self._pace = env, store, is_alb, pace
        self._key, self._fraction_s = key, second_fraction_s
        self._followers: dict[str, tuple[Follower[Rules], Follower[Targets]]] = {}
        store.watch("Ingress", self._ingress_changed)
        store.watch("EndpointSlice", self._endpoints_changed)

    def _ingress_changed(self, _: str, name: str, ingress: Object | None) -> None:
        if isinstance(ingress, Ingress) and self._is_alb(ingress):
            if name not in self._followers:
                self._followers[name] = self._follow(ingress)
            for follower in self._followers[name]:
                follower.look()

    def _endpoints_changed(self, _: str, __: str, ___: Object | None) -> None:
        for _rules, targets in self._followers.values():
            targets.look()

    def _follow(self, ingress: Ingress) -> tuple[Follower[Rules], Follower[Targets]]:
        env, store, name = self._env, self._store, ingress.meta.name
        target_type = ingress.meta.annotations.get(f"{ALB_PREFIX}/target-type", "instance")
        built: Rules = ()

        def rules() -> Rules:
            nonlocal built
            present = store.get(Ingress, name)
            built = built if present is None else listener_rules(present, built)
            return built

        def targets() -> Targets:
            services = dict.fromkeys(service for rule in rules() for service, _ in rule.weights)
            return {service: endpoints_of(store, service) for service in services}

        def write(since_s: float, **changes: Any) -> None:
            if store.get(LoadBalancer, name) is None:
                store.create(LoadBalancer(Meta(name, ingress.meta.namespace), target_type=target_type, since_s=since_s, **changes))
            else:
                store.update(LoadBalancer, name, {**changes, "since_s": since_s})

        nothing: tuple[Rules, Targets] = ((), {})
        of_rules = Follower(env, _first(nothing[0], rules), self._gates("rules", name), lambda state, since_s: write(since_s, rules=state))
        of_targets = Follower(env, _first(nothing[1], targets), self._gates("targets", name), lambda state, since_s: write(since_s, targets=state))
        return of_rules, of_targets

    def _gates(self, part: str, name: str) -> Callable[[Take[Seen[State]]], Take[Seen[State]]]:
        draws = generator(*self._key, "aws", part, name)
        return lambda then: pipeline(self._env, self._pace, draws, self._fraction_s, then)


def _first(nothing: State, read: Callable[[], State]) -> Callable[[], State]:
    """Reads nothing at first: AWS begins without the load balancer."""
    asked = False

    def found() -> State:
        nonlocal asked
        if not asked:
            asked = True
            return nothing
        return read()

    return found


def listener_rules(ingress: Ingress, before: Rules = ()) -> Rules:
    """The rules of an Ingress in the order in which the listener tries them; those of before if an annotation cannot be read.

    Of each host exact paths come first, then prefixes, longer ones first, then all others as they stand (pkg/ingress/model_build_listener_rules.go,
    sortIngressPaths).
    """
    hosts = dict.fromkeys(rule.host for rule in ingress.rules)
    try:
        return tuple(
            _listener_rule(ingress, rule)
            for host in hosts
            for rule in sorted((rule for rule in ingress.rules if rule.host == host), key=lambda rule: _order(rule))
        )
    except (ValueError, KeyError, TypeError):
        return before


def _order(rule: IngressRule) -> tuple[int, int]:
    if rule.path_type == "Exact":
        return 0, 0
    return (1, -len(rule.path)) if rule.path_type == "Prefix" else (2, 0)


def _listener_rule(ingress: Ingress, rule: IngressRule) -> ListenerRule:
    weights: tuple[tuple[str, int], ...] = ((rule.service, 1),)
    if rule.port == USE_ANNOTATION:
        weights = tuple(_weights(json.loads(ingress.meta.annotations[f"{ALB_PREFIX}/actions.{rule.service}"])))
    headers = tuple(_headers(json.loads(ingress.meta.annotations.get(f"{ALB_PREFIX}/conditions.{rule.service}", "[]"))))
    return ListenerRule(rule.service, rule.host, _patterns(rule), headers, weights)


def _weights(action: Any) -> Iterator[tuple[str, int]]:
    """The Services of a forward action with their weights; keys may begin with a small letter, too."""
    config = _get(action, "forwardConfig")
    for group in _get(config, "targetGroups"):
        yield str(_get(group, "serviceName")), int(group.get("Weight", group.get("weight", 1)))


def _headers(conditions: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    for condition in conditions:
        config = _get(condition, "httpHeaderConfig")
        yield str(_get(config, "httpHeaderName")), tuple(map(str, _get(config, "values")))


def _get(tree: Any, key: str) -> Any:
    return tree[key] if key in tree else tree[key[0].upper() + key[1:]]


def _patterns(rule: IngressRule) -> tuple[str, ...]:
    """The path patterns of a rule (buildPathPatterns)."""
    if rule.path_type == "Prefix":
        return ("/*",) if rule.path == "/" else (rule.path.rstrip("/"), f"{rule.path.rstrip('/')}/*")
    return (rule.path,)
