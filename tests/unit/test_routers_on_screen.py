"""A canary with each router, from its manifests alone: init writes a scenario that runs, plan accepts it, and get shows it at its weight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolloutsim.cli import main

CANARY, STABLE = {"name": "web-canary", "port": 80}, {"name": "web-stable", "port": 80}
EXPRESSIONS = [{"serviceName": name, "servicePort": 80} for name in ("web-stable", "web-canary")]
ALB_BACKEND = {"service": {"name": "web-stable", "port": {"name": "use-annotation"}}}
ALB_PATHS = [{"path": "/*", "pathType": "ImplementationSpecific", "backend": ALB_BACKEND}]
TRAEFIK_RULE = {"match": "Host(`web.example`)", "kind": "Rule", "services": [{"name": "web", "kind": "TraefikService"}]}
ROUTERS: dict[str, tuple[dict[str, Any], str, list[tuple[str, str, dict[str, Any]]]]] = {
    "traefik": (
        {"traefik": {"weightedTraefikServiceName": "web"}},
        "traefik/weighted_services",
        [
            ("traefik.io/v1alpha1", "TraefikService", {"weighted": {"services": [STABLE, CANARY]}}),
            ("traefik.io/v1alpha1", "IngressRoute", {"routes": [TRAEFIK_RULE]}),
        ],
    ),
    "apisix": (
        {"apisix": {"route": {"name": "web"}}},
        "apisix/traffic_split",
        [
            (
                "apisix.apache.org/v2",
                "ApisixRoute",
                {"http": [{"name": "web", "match": {"hosts": ["web.example"], "paths": ["/*"]}, "backends": EXPRESSIONS}]},
            )
        ],
    ),
    "ambassador": (
        {"ambassador": {"mappings": ["web"]}},
        "envoy/weighted_clusters",
        [("getambassador.io/v2", "Mapping", {"host": "web.example", "prefix": "/", "service": "web-stable"})],
    ),
    "gateway-api": (
        {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "web", "namespace": "default"}}},
        "envoy/weighted_clusters",
        [("gateway.networking.k8s.io/v1", "HTTPRoute", {"hostnames": ["web.example"], "rules": [{"backendRefs": [STABLE, CANARY]}]})],
    ),
    "alb": (
        {"alb": {"ingress": "web", "servicePort": 80}},
        "alb/forward",
        [("networking.k8s.io/v1", "Ingress", {"ingressClassName": "alb", "rules": [{"host": "web.example", "http": {"paths": ALB_PATHS}}]})],
    ),
    "smi": ({"smi": {}}, "random", []),
}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:v1"}]}}


def manifests(name: str) -> list[dict[str, Any]]:
    routing, _, objects = ROUTERS[name]
    steps = [{"setWeight": 25}, {"pause": {"duration": "2m"}}]
    canary = {"canaryService": "web-canary", "stableService": "web-stable", "trafficRouting": routing, "steps": steps}
    spec = {"replicas": 4, "selector": {"matchLabels": {"app": "web"}}, "strategy": {"canary": canary}, "template": TEMPLATE}
    found: list[tuple[str, str, str, dict[str, Any]]] = [("argoproj.io/v1alpha1", "Rollout", "web", spec)]
    found += [("v1", "Service", service, {"selector": {"app": "web"}, "ports": [{"port": 80}]}) for service in ("web-stable", "web-canary")]
    found += [(version, kind, "web", spec) for version, kind, spec in objects]
    return [{"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec} for version, kind, name, spec in found]


@pytest.mark.parametrize("name", ROUTERS)
def test_each_router_is_proposed_planned_played_and_shown(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        assert not ended.value.code, out + err
        return out

    (tmp_path / "manifests.yaml").write_text(yaml.safe_dump_all(manifests(name)), encoding="utf-8")
    run("init", str(tmp_path))
    assert json.loads(run("plan", str(tmp_path), "--json", "-"))["verdict"] == "accepted"
    form = json.loads(run("run", str(tmp_path), "--json", "-"))
    at = next(row for row in form["shares"] if row["set_weight_percent"] == 25 and row["verdict"] in ("agrees", "undecided"))
    assert at["low_percent"] <= 25 <= at["high_percent"]
    assert form["phase"] == "Healthy"
    assert ROUTERS[name][1] in [assumption["value"] for assumption in form["assumptions"]]
    assert "ActualWeight:  25" in run("get", "rollout", "web", str(tmp_path), "--at", "100s", "--no-color")


def test_a_header_route_behind_a_prefix_holds_the_update_for_ever_when_weights_are_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """AWS tries the prefix first, and of the rules that name the canary's group the header route's is the last (GetTargetGroupMetadata)."""
    objects = manifests("alb")
    header = {"setHeaderRoute": {"name": "testers", "match": [{"headerName": "X", "headerValue": {"exact": "1"}}]}}
    canary = objects[0]["spec"]["strategy"]["canary"]
    canary["trafficRouting"] = {**canary["trafficRouting"], "managedRoutes": [{"name": "testers"}]}
    canary["steps"] = [{"setCanaryScale": {"replicas": 1}}, header, {"setWeight": 25}, {"pause": {}}]
    objects[-1]["spec"]["rules"] = [{"host": "web.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": ALB_BACKEND}]}}]
    spec = {
        "manifests": ["manifests.yaml"],
        "duration": "3m",
        "cluster": {"awsVerifyTargetGroup": True},
        "traffic": [{"name": "users", "to": "ingress/web.example", "rate": "50/s"}],
        "timeline": [{"at": "5s", "setImage": {"web": "web:v2"}}],
    }
    scenario = {"apiVersion": "rolloutsim.dev/v1alpha1", "kind": "Scenario", "metadata": {"name": "behind"}, "spec": spec}
    (tmp_path / "manifests.yaml").write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["run", str(tmp_path)])
    out, _ = capsys.readouterr()
    assert "users (web-stable) were answered mostly by v1 from 0.0 s." in out
    assert "2 -> setWeight 25" in out
    with pytest.raises(SystemExit):
        main(["get", "rollout", "web", str(tmp_path), "--at", "170s", "--no-color"])
    assert "Step:          2/4" in capsys.readouterr().out
