"""Which rule of a routing object takes a request, and who gets it: Traefik, APISIX, Ambassador, Gateway API."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.manifest import router_objects as kinds
from rolloutsim.manifest.meta import Meta
from rolloutsim.manifest.objects import Endpoint, EndpointSlice
from rolloutsim.manifest.router_objects import RouterObject
from rolloutsim.world.backends.ambassador import mappings
from rolloutsim.world.backends.apisix import apisix_route
from rolloutsim.world.backends.gateway_api import http_route
from rolloutsim.world.backends.request import Request
from rolloutsim.world.backends.traefik import ingress_route
from rolloutsim.world.store import Store

READS = {kinds.IngressRoute: ingress_route, kinds.ApisixRoute: apisix_route, kinds.Mapping: mappings, kinds.HTTPRoute: http_route}


def shares(kind: type[RouterObject], specs: list[Any], to: str = "a", headers: dict[str, str] | None = None, **more: Any) -> dict[str, float]:
    """The part of each Service, whose one pod has its name; `empty` has none."""
    store = Store(lambda: 0.0)
    for name in ("x", "y", "z"):
        store.create(EndpointSlice(Meta(name), (Endpoint(name, name),)))
    for i, spec in enumerate(specs):
        store.create(kind(Meta(f"r{i}"), spec))
    for name, spec in more.items():
        store.create(kinds.TraefikService(Meta(name), spec))
    known = READS[kind](store, Request.to(to, headers or {}))()
    return {endpoint.pod: round(weight, 6) for endpoint, weight in zip(known.endpoints, known.weights, strict=True)}


def traefik(match: str, *services: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"match": match, "services": list(services), **more}


@pytest.mark.parametrize(
    ("routes", "to", "headers", "wanted"),
    [
        ([traefik("Host(`a`)", {"name": "x"})], "a", {}, {"x": 1.0}),
        ([traefik("Host(`b`)", {"name": "x"})], "a", {}, {}),
        ([traefik("Host(`a`)", {"name": "x"}), traefik("Host(`a`) && PathPrefix(`/p`)", {"name": "y"})], "a/pq", {}, {"y": 1.0}),  # longer
        ([traefik("Host(`a`)", {"name": "x"}, priority=99), traefik("Host(`a`) && Path(`/p`)", {"name": "y"})], "a/p", {}, {"x": 1.0}),
        ([traefik("Host(`a`) && Header(`H`, `1`)", {"name": "x"}), traefik("Host(`a`)", {"name": "y"})], "a", {"h": "1"}, {"x": 1.0}),
        ([traefik("Host(`a`) && HeaderRegexp(`H`, `2`)", {"name": "x"}), traefik("Host(`a`)", {"name": "y"})], "a", {"h": "123"}, {"x": 1.0}),
        ([traefik("Host(`a`) && !Method(`GET`, `HEAD`)", {"name": "x"}), traefik("Host(`a`)", {"name": "y"})], "a", {}, {"y": 1.0}),
        ([traefik("Host(`a`)", {"name": "x", "weight": 3}, {"name": "y"})], "a", {}, {"x": 0.75, "y": 0.25}),
        ([traefik("Host(`a`)", {"name": "x", "weight": 3}, {"name": "empty", "weight": 0})], "a", {}, {}),  # one without pods breaks the route
        ([traefik("Host(`a`)", {"name": "t", "kind": "TraefikService"})], "a", {}, {"x": 0.2, "y": 0.8}),
        ([traefik("Host(`a`)", {"name": "nobody", "kind": "TraefikService"})], "a", {}, {}),
        ([traefik("Host(`a`)", {"name": "round", "kind": "TraefikService"})], "a", {}, {}),
    ],
)
def test_traefik(routes: list[Any], to: str, headers: dict[str, str], wanted: dict[str, float]) -> None:
    weighted = {"services": [{"name": "x", "weight": 20}, {"name": "y", "weight": 80}, {"name": "z", "weight": 0}]}
    around = {"services": [{"name": "round", "kind": "TraefikService"}]}
    assert shares(kinds.IngressRoute, [{"routes": routes}], to, headers, t={"weighted": weighted}, round={"weighted": around}) == wanted


def expression(op: str, **more: Any) -> dict[str, Any]:
    return {"subject": {"scope": "Header", "name": "H"}, "op": op, **more}


def rule(service: str, *exprs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": service, "backends": [{"serviceName": service}], "match": {"exprs": list(exprs), **more.pop("match", {})}, **more}


@pytest.mark.parametrize(
    ("rules", "to", "headers", "wanted"),
    [
        ([rule("x")], "a", {}, {"x": 1.0}),
        ([rule("x", match={"hosts": ["*.b"]})], "a", {}, {}),
        ([rule("x", match={"hosts": ["*.b"]})], "c.b", {}, {"x": 1.0}),
        ([rule("x"), rule("y", match={"paths": ["/p*"]})], "a/pq", {}, {"y": 1.0}),
        ([rule("x", match={"paths": ["/p*"]}, priority=9), rule("y", match={"paths": ["/p"]})], "a/p", {}, {"y": 1.0}),
        ([rule("x", match={"methods": ["POST"]}), rule("y")], "a", {}, {"y": 1.0}),
        ([rule("x"), rule("y", expression("Equal", value="1"), priority=1)], "a", {"h": "1"}, {"y": 1.0}),
        ([rule("x"), rule("y", expression("Equal", value="1"), priority=1)], "a", {"h": "2"}, {"x": 1.0}),
        ([rule("x"), rule("y", expression("NotEqual", value="1"), priority=1)], "a", {}, {"y": 1.0}),
        ([rule("x"), rule("y", expression("In", set=["1", "2"]), priority=1)], "a", {"h": "2"}, {"y": 1.0}),
        ([rule("x"), rule("y", expression("NotIn", set=["1", "2"]), priority=1)], "a", {"h": "2"}, {"x": 1.0}),
        ([rule("x"), rule("y", expression("RegexMatch", value="2"), priority=1)], "a", {"h": "123"}, {"y": 1.0}),
        ([rule("x"), rule("y", expression("RegexNotMatch", value="2"), priority=1)], "a", {"h": "123"}, {"x": 1.0}),
        ([{**rule("x"), "backends": [{"serviceName": "x", "weight": 25}, {"serviceName": "y"}]}], "a", {}, {"x": 0.2, "y": 0.8}),
        ([{**rule("x"), "backends": [{"serviceName": "x", "weight": 25}, {"serviceName": "empty", "weight": 75}]}], "a", {}, {"x": 0.25}),
    ],
)
def test_apisix(rules: list[Any], to: str, headers: dict[str, str], wanted: dict[str, float]) -> None:
    assert shares(kinds.ApisixRoute, [{"http": rules}], to, headers) == wanted


def mapping(service: str, prefix: str = "/", **more: Any) -> dict[str, Any]:
    return {"service": service, "prefix": prefix, **more}


@pytest.mark.parametrize(
    ("specs", "to", "headers", "wanted"),
    [
        ([mapping("https://x.ns.svc:443")], "a", {}, {"x": 1.0}),
        ([mapping("x", host="b")], "a", {}, {}),
        ([mapping("x", hostname="*.b")], "c.b", {}, {"x": 1.0}),
        ([mapping("x"), mapping("y", weight=20)], "a", {}, {"x": 0.8, "y": 0.2}),
        ([mapping("x"), mapping("y", weight=20), mapping("z")], "a", {}, {"x": 0.4, "y": 0.2, "z": 0.4}),
        ([mapping("x"), mapping("empty", weight=20)], "a", {}, {"x": 0.8}),
        ([mapping("x"), mapping("y", "/p/")], "a/p/q", {}, {"y": 1.0}),
        ([mapping("x"), mapping("y", "/p")], "a/pq", {}, {"x": 1.0}),
        ([mapping("x", precedence=1), mapping("y", "/p")], "a/p", {}, {"x": 1.0}),
        ([mapping("x"), mapping("y", method="POST")], "a", {}, {"x": 1.0}),
        ([mapping("x"), mapping("y", headers={"H": True})], "a", {"h": "any"}, {"y": 1.0}),
        ([mapping("x"), mapping("y", headers={"H": "1"})], "a", {"h": "2"}, {"x": 1.0}),
        ([mapping("x"), mapping("y", regex_headers={"H": "1."})], "a", {"h": "12"}, {"y": 1.0}),
        ([mapping("x"), mapping("y", regex_headers={"H": "1."})], "a", {"h": "123"}, {"x": 1.0}),
    ],
)
def test_ambassador(specs: list[Any], to: str, headers: dict[str, str], wanted: dict[str, float]) -> None:
    assert shares(kinds.Mapping, specs, to, headers) == wanted


def gateway(service: str, **match: Any) -> dict[str, Any]:
    return {"backendRefs": [{"name": service}], **({"matches": [match]} if match else {})}


def path(kind: str, value: str) -> dict[str, Any]:
    return {"path": {"type": kind, "value": value}}


@pytest.mark.parametrize(
    ("rules", "to", "headers", "wanted"),
    [
        ([gateway("x")], "a", {}, {"x": 1.0}),
        ([gateway("x")], "b", {}, {}),
        ([gateway("x", method="POST")], "a", {}, {}),
        ([gateway("x"), gateway("y", **path("PathPrefix", "/p"))], "a/p/q", {}, {"y": 1.0}),
        ([gateway("x"), gateway("y", **path("PathPrefix", "/p"))], "a/pq", {}, {"x": 1.0}),
        ([gateway("x", **path("PathPrefix", "/p")), gateway("y", **path("Exact", "/p"))], "a/p", {}, {"y": 1.0}),
        ([gateway("x"), gateway("y", **path("RegularExpression", "/p.*"))], "a/pq", {}, {"y": 1.0}),
        ([gateway("x"), gateway("y", headers=[{"name": "H", "value": "1"}])], "a", {"h": "1"}, {"y": 1.0}),
        ([gateway("x"), gateway("y", headers=[{"name": "H", "value": "1"}])], "a", {"h": "2"}, {"x": 1.0}),
        ([gateway("x"), gateway("y", headers=[{"name": "H", "type": "RegularExpression", "value": "1.*"}])], "a", {"h": "12"}, {"y": 1.0}),
        ([gateway("x"), gateway("y", headers=[{"name": "H", "type": "RegularExpression", "value": "1.*"}])], "a", {}, {"x": 1.0}),
        ([gateway("x"), gateway("y")], "a", {}, {"x": 1.0}),  # of equals the first
        ([{"backendRefs": [{"name": "x", "weight": 1}, {"name": "y", "weight": 3}, {"name": "empty"}]}], "a", {}, {"x": 0.2, "y": 0.6}),
    ],
)
def test_gateway_api(rules: list[Any], to: str, headers: dict[str, str], wanted: dict[str, float]) -> None:
    assert shares(kinds.HTTPRoute, [{"hostnames": ["a"], "rules": rules}], to, headers) == wanted
