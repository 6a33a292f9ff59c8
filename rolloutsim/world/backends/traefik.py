"""Traefik: the IngressRoutes of a host by priority, and the weighted services behind them (pkg/provider/kubernetes/crd/kubernetes_http.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.conditions.regexp import compiled
from rolloutsim.manifest.router_objects import IngressRoute, TraefikService
from rolloutsim.manifest.traefik_rules import Condition, alternatives
from rolloutsim.world.backends.known import Known, Pool, Read, endpoints_of, spread
from rolloutsim.world.backends.request import Request
from rolloutsim.world.store import Store

Json = Mapping[str, Any]
DEEPEST = 8


class Broken(Exception):
    """A weighted service that Traefik cannot build: the route that leads to it answers nothing."""


def ingress_route(store: Store, request: Request) -> Read:
    """Reads the rule of the highest priority that fits: its services by weight; one of them without pods breaks it (allowEmptyServices false)."""

    def read() -> Known:
        fitting = [route for of in store.objects(IngressRoute) for route in of.spec.get("routes") or () if _fits(request, route["match"])]
        if not fitting:
            return Known()
        route = max(fitting, key=lambda route: route.get("priority") or len(route["match"]))
        try:
            return spread(_pools(store, route.get("services") or (), DEEPEST))
        except Broken:
            return Known()

    return read


def _pools(store: Store, services: Any, deeper: int) -> Iterator[Pool]:
    for service in services:
        weight = service.get("weight", 1)
        if service.get("kind") != "TraefikService":
            endpoints = endpoints_of(store, service["name"])
            if not endpoints:
                raise Broken(service["name"])
            yield Pool(weight, endpoints)
            continue
        found = store.get(TraefikService, service["name"])
        if found is None or not deeper:
            raise Broken(service["name"])
        inner = list(_pools(store, (found.spec.get("weighted") or {}).get("services") or (), deeper - 1))
        whole = sum(pool.weight for pool in inner)
        yield from (Pool(weight * pool.weight / whole, pool.endpoints) for pool in inner if pool.weight)


def _fits(request: Request, rule: str) -> bool:
    return any(all(_holds(request, condition) for condition in parts) for parts in alternatives(rule))


def _holds(request: Request, condition: Condition) -> bool:
    name, arguments = condition.matcher, condition.arguments
    if name == "Host":
        found = request.host in arguments
    elif name == "Path":
        found = request.path in arguments
    elif name == "PathPrefix":
        found = request.path.startswith(arguments)
    elif name == "Method":
        found = "GET" in arguments
    else:
        value = request.header(arguments[0])
        found = value is not None and (value == arguments[1] if name == "Header" else compiled(arguments[1]).search(value) is not None)
    return found == condition.wanted
