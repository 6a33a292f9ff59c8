"""Which data plane carries a stream: what the manifests imply, what the scenario names, and what nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.errors import InputError
from rolloutsim.manifest.data_plane import choose
from rolloutsim.manifest.meta import Meta
from rolloutsim.manifest.objects import Ingress, IngressRule, Rollout
from rolloutsim.manifest.rollout import CanaryStrategy, RolloutSpec, Strategy
from rolloutsim.manifest.router_objects import ApisixRoute, HTTPRoute, IngressRoute, Mapping, RouterObject, VirtualService
from rolloutsim.manifest.traffic_routing import AlbRouting, NginxRouting, SmiRouting, TrafficRouting
from rolloutsim.scenario import Stream
from tests.conftest import SCENARIOS
from tests.unit.test_bad_input import WHOLE

ROUTED = Rollout(
    Meta("shop"),
    RolloutSpec(
        strategy=Strategy(
            canary=CanaryStrategy(
                stable_service="shop", canary_service="shop-canary", traffic_routing=TrafficRouting(nginx=NginxRouting(stable_ingress="shop"))
            )
        )
    ),
)
BY_ALB, BY_SMI = (
    Rollout(Meta("shop"), RolloutSpec(strategy=Strategy(canary=CanaryStrategy(stable_service="shop", traffic_routing=routing))))
    for routing in (TrafficRouting(alb=AlbRouting(80, ingress="shop")), TrafficRouting(smi=SmiRouting()))
)
PLAIN = Rollout(Meta("shop"), RolloutSpec())


def ingress(class_name: str = "", **annotations: str) -> Ingress:
    rules = (IngressRule("shop.example", "/", "shop"), IngressRule("shop.example", "/preview", "shop-preview"))
    return Ingress(Meta("shop", annotations=annotations), class_name, rules)


@pytest.mark.parametrize(
    ("to", "rollout", "class_name", "plane", "target"),
    [
        ("service/shop", ROUTED, "nginx", "kube-proxy/iptables", "shop"),
        ("ingress/shop.example", ROUTED, "nginx", "ingress-nginx/canary_weight", "shop"),
        ("ingress/shop.example/preview", ROUTED, "nginx", "ingress-nginx/round_robin", "shop-preview"),
        ("ingress/shop.example", PLAIN, "nginx-internal", "ingress-nginx/round_robin", "shop"),
        ("ingress/shop.example", PLAIN, "", "ingress-nginx/round_robin", "shop"),
        ("ingress/shop.example", PLAIN, "traefik", "traefik/server_weights_wrr", "shop"),
        ("ingress/shop.example", PLAIN, "haproxy", "haproxy/roundrobin", "shop"),
        ("ingress/shop.example", PLAIN, "alb", "alb/forward", "shop"),
        ("ingress/shop.example", BY_ALB, "", "alb/forward", "shop"),
        ("service/shop", BY_SMI, "", "random", "shop"),
        ("service/other", BY_SMI, "", "kube-proxy/iptables", "other"),
    ],
)
def test_the_manifests_imply_it(to: str, rollout: Rollout, class_name: str, plane: str, target: str) -> None:
    found = choose(Stream(to=to, rate=1), rollout, [ingress(class_name)], [])
    assert (found.plane, found.target) == (plane, target)
    assert found.reason


def test_the_annotation_of_old_is_a_class() -> None:
    found = choose(Stream(to="ingress/shop.example", rate=1), PLAIN, [ingress(**{"kubernetes.io/ingress.class": "haproxy"})], [])
    assert found.plane == "haproxy/roundrobin"


def test_a_virtual_service_comes_before_an_ingress() -> None:
    route = VirtualService(Meta("shop"), {"hosts": ["shop.example"], "http": []})
    found = choose(Stream(to="ingress/shop.example", rate=1), PLAIN, [ingress("nginx")], [route])
    assert (found.plane, found.via) == ("envoy/weighted_clusters", "virtual service")
    assert "VirtualService shop" in found.reason


@pytest.mark.parametrize(
    ("route", "plane", "via", "lag"),
    [
        (IngressRoute(Meta("r"), {"routes": [{"match": "Host(`a`)"}]}), "traefik/weighted_services", "ingress route", "traefik/weighted_services"),
        (ApisixRoute(Meta("r"), {"http": [{"match": {"hosts": ["a"]}}]}), "apisix/traffic_split", "apisix route", "apisix/traffic_split"),
        (Mapping(Meta("r"), {"host": "a"}), "envoy/weighted_clusters", "mapping", "emissary"),
        (HTTPRoute(Meta("r"), {"hostnames": ["a"]}), "envoy/weighted_clusters", "http route", "gateway-api"),
    ],
)
def test_each_routers_object_implies_its_proxy_and_its_lag(route: RouterObject, plane: str, via: str, lag: str) -> None:
    found = choose(Stream(to="ingress/a", rate=1), PLAIN, [], [route])
    assert (found.plane, found.via, found.lag) == (plane, via, lag)
    named = choose(Stream(to="ingress/a", rate=1, data_plane="haproxy/roundrobin"), PLAIN, [], [route])
    assert named.lag == "haproxy/roundrobin"


def test_a_name_changes_the_split_and_not_what_is_read() -> None:
    found = choose(Stream(to="ingress/shop.example", rate=1, data_plane="random"), ROUTED, [ingress("nginx")], [])
    assert (found.plane, found.via) == ("random", "canary ingress")


def test_what_was_implied_is_said_with_its_reason_and_what_was_named_is_not() -> None:
    implied = rs.simulate(rs.load(SCENARIOS / "abort-routed")).assumptions[0]
    assert implied.value == "ingress-nginx/canary_weight"
    assert implied.key == "traffic[0].dataPlane"
    assert "trafficRouting.nginx" in implied.source
    named = rs.load(SCENARIOS / "abort-routed", set=("Scenario:spec.traffic.dataPlane=envoy/weighted_clusters",))
    said = [row for row in rs.simulate(named).assumptions if row.key.startswith("traffic")]
    assert [row.key for row in said] == ["traffic[0].failover"]  # who is named has defaults of its own
    assert "503" in said[0].value


INGRESS = """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app}
spec:
  ingressClassName: gce
  rules: [{host: app.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}]}}]
"""


def problems(folder: Path, text: str) -> str:
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        rs.load(folder / "s.yaml")
    (problem,) = caught.value.problems
    return str(problem)


def test_an_unknown_class_is_refused_unless_the_scenario_names_a_data_plane(tmp_path: Path) -> None:
    text = (WHOLE + INGRESS).replace("to: service/app", "to: ingress/app.example")
    found = problems(tmp_path, text)
    assert "s.yaml:23 spec.traffic[0].to: Ingress app has the class gce; known are classes with one of the words nginx, traefik" in found
    (tmp_path / "s.yaml").write_text(text.replace("rate: 10/s", "rate: 10/s, dataPlane: random"), encoding="utf-8")
    assert rs.load(tmp_path / "s.yaml").spec.traffic[0].data_plane == "random"


def test_an_unknown_name_is_refused_with_those_near_it(tmp_path: Path) -> None:
    found = problems(tmp_path, WHOLE.replace("rate: 10/s", "rate: 10/s, dataPlane: envoy/weighted_cluster"))
    assert "s.yaml:23 spec.traffic[0].dataPlane: envoy/weighted_cluster; there is no such data plane; near it are envoy/weighted_clusters" in found
