"""Objects of traffic routers that cannot be read, or that ask for what is not simulated: refused with the line, never ignored."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rolloutsim.errors import InputError
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.manifest.traefik_rules import BadRule, alternatives, hosts_of_rule
from tests.unit.test_bad_input import ROLLOUT, WHOLE

KINDS = {
    "IngressRoute": "traefik.io/v1alpha1",
    "TraefikService": "traefik.containo.us/v1alpha1",
    "ApisixRoute": "apisix.apache.org/v2",
    "Mapping": "getambassador.io/v2",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "TrafficSplit": "split.smi-spec.io/v1alpha2",
}
RULE = "name: r, backends: [{serviceName: app}]"
BAD = {
    "a Traefik matcher": ("IngressRoute", "routes: [{match: 'HostRegexp(`a`)'}]", "spec.routes[0].match: HostRegexp(`a`): HostRegexp is not one of Host,"),
    "a Traefik rule cut short": ("IngressRoute", "routes: [{match: 'Host(`a`'}]", ") is missing"),
    "a Traefik rule without its text": ("IngressRoute", "routes: [{match: Host(a)}]", "a stands where a text in backquotes is wanted"),
    "a Traefik rule with something on top": ("IngressRoute", "routes: [{match: 'Host(`a`) Path(`b`)'}]", "Path ( `b` ) is left over"),
    "a Traefik rule in another tongue": ("IngressRoute", "routes: [{match: 'Host(`a`) ~ 1'}]", "~ 1 cannot be read"),
    "a Traefik rule with too little": ("IngressRoute", "routes: [{match: 'Header(`a`)'}]", "Header has 1 arguments"),
    "a Traefik rule with a bad expression": ("IngressRoute", "routes: [{match: 'HeaderRegexp(`a`, `(`)'}]", "proxies read RE2"),
    "sticky clients": ("IngressRoute", "routes: [{match: 'Host(`a`)', services: [{name: app, sticky: {cookie: {}}}]}]", "routes[0].services[0].sticky: sticky"),
    "sticky clients of a TraefikService": ("TraefikService", "weighted: {sticky: {cookie: {}}}", "sticky clients of a TraefikService"),
    "APISIX by query": ("ApisixRoute", "http: [{RULE, match: {exprs: [{subject: {scope: Query, name: a}, op: Equal}]}}]", "the scope Query"),
    "an APISIX operator": ("ApisixRoute", "http: [{RULE, match: {exprs: [{subject: {scope: Header, name: a}, op: GreaterThan}]}}]", "known are Equal"),
    "a bad APISIX expression": ("ApisixRoute", "http: [{RULE, match: {exprs: [{subject: {scope: Header, name: a}, op: RegexMatch, value: '('}]}}]", "RE2"),
    "an APISIX expression of nothing": ("ApisixRoute", "http: [{RULE, match: {exprs: [{subject: {scope: Header, name: a}, op: RegexMatch}]}}]", "value is text"),
    "upstreams of APISIX": ("ApisixRoute", "http: [{RULE, upstreams: [{name: u}]}]", "spec.http[0].upstreams"),
    "an APISIX rule without a name": ("ApisixRoute", "http: [{}]", "name is required here"),
    "a Mapping by pattern": ("Mapping", "prefix: /a.*, prefix_regex: true, service: app", "prefixes that are regular expressions"),
    "a Mapping of nothing": ("Mapping", "prefix: /", "service is required here"),
    "a Mapping's bad header": ("Mapping", "prefix: /, service: app, headers: {a: 3}", "spec.headers.a: a whole number (3); a is text, or true"),
    "a Mapping's bad expression": ("Mapping", "prefix: /, service: app, regex_headers: {a: '('}", "RE2"),
    "an HTTPRoute by query": ("HTTPRoute", "rules: [{matches: [{queryParams: [{name: a, value: b}]}]}]", "spec.rules[0].matches[0].queryParams"),
    "an HTTPRoute's type of path": ("HTTPRoute", "rules: [{matches: [{path: {type: Prefix, value: /}}]}]", "it is Exact, PathPrefix, RegularExpression"),
    "an HTTPRoute's bad expression": ("HTTPRoute", "rules: [{matches: [{headers: [{name: a, type: RegularExpression, value: '('}]}]}]", "RE2"),
    "a TrafficSplit for some": ("TrafficSplit", "service: app, matches: [{kind: HTTPRouteGroup, name: g}]", "a TrafficSplit for some requests only"),
}  # fmt: skip


def told(folder: Path, text: str) -> str:
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario([folder / "s.yaml"])
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize("name", BAD)
def test_is_refused_with_place_and_reason(name: str, tmp_path: Path) -> None:
    kind, spec, words = BAD[name]
    spec = spec.replace("RULE", RULE)
    found = told(tmp_path, f"{WHOLE}---\napiVersion: {KINDS[kind]}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{{spec}}}\n")
    assert words in found, found
    assert "s.yaml:" in found


GOOD = {
    "IngressRoute": "routes: [{match: '(Host(`a`) || Host(`b`, `c`)) && !Header(`x`, `y`)', services: [{name: app, sticky: null}]}]",
    "ApisixRoute": "http: [{RULE, match: {exprs: [{subject: {scope: Header, name: a}, op: NotIn, set: [b]}]}}]",
    "Mapping": "prefix: /, service: app, headers: {a: true, b: c}, regex_headers: {d: e.*}, prefix_regex: false",
    "HTTPRoute": "rules: [{matches: [{path: {value: /}, headers: [{name: a, value: b}]}], backendRefs: [{name: app, port: 80}]}]",
    "TrafficSplit": "service: app, backends: [{service: app, weight: 1}]",
}


@pytest.mark.parametrize("kind", GOOD)
def test_is_taken(kind: str, tmp_path: Path) -> None:
    text = f"{WHOLE}---\napiVersion: {KINDS[kind]}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{{GOOD[kind].replace('RULE', RULE)}}}\n"
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    assert load_scenario([tmp_path / "s.yaml"]).objects.routes


PLUGINS = {
    "acme/router: {}": "the router plugin acme/router",
    "argoproj-labs/gatewayAPI: []": "is a mapping",
    "argoproj-labs/gatewayAPI: {}": "the plugin needs httpRoute or httpRoutes",
    "argoproj-labs/gatewayAPI: {httpRoute: web, grpcRoutes: [{name: g}]}": "gatewayAPI.grpcRoutes: grpcRoutes; the plugin's HTTPRoutes are simulated",
    "argoproj-labs/gatewayAPI: {httpRouteSelector: {}}": "Name httpRoutes.",
    "argoproj-labs/gatewayAPI: {httpRoute: 3}": "httpRoute is text",
    "argoproj-labs/gatewayAPI: {httpRoutes: web}": "httpRoutes is a list",
    "argoproj-labs/gatewayAPI: {httpRoutes: [{}]}": "a mapping with a name",
    "argoproj-labs/gatewayAPI: {httpRoutes: [{name: web, useHeaderRoutes: 1}]}": "useHeaderRoutes is true or false",
    "argoproj-labs/gatewayAPI: {httpRoute: web, disableInProgressLabel: 1}": "disableInProgressLabel is true or false",
    "argoproj-labs/gatewayAPI: {httpRoute: web, httpRout: web}": "Did you mean httpRoute?",
}


@pytest.mark.parametrize("plugins", PLUGINS)
def test_plugins_are_the_gateway_apis_with_http_routes(plugins: str, tmp_path: Path) -> None:
    document = yaml.safe_load(ROLLOUT)
    document["spec"]["strategy"]["canary"]["trafficRouting"] = {"plugins": yaml.safe_load(f"{{{plugins}}}")}
    assert PLUGINS[plugins] in told(tmp_path, WHOLE.replace(ROLLOUT, yaml.safe_dump(document)))


ALB_INGRESS = """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, annotations: {alb.ingress.kubernetes.io/load-balancer-name: x, %s}}
spec:
  ingressClassName: alb
  rules: [{host: a, http: {paths: [{path: /*, pathType: ImplementationSpecific, backend: {service: {name: app, port: {name: use-annotation}}}}]}}]
"""


def alb(annotation: str = "a: b", routing: str = "", cluster: str = "") -> str:
    router = f"canaryService: c, stableService: app, trafficRouting: {{alb: {{ingress: web, servicePort: 80{routing}}}}}, steps"
    text = WHOLE.replace("service/app", "ingress/a") + ALB_INGRESS % annotation
    text = text.replace("  timeline", f"  cluster: {{{cluster}}}\n  timeline") if cluster else text
    text = text.replace("    canary:\n      steps: [{setWeight: 25}, {pause: {}}]", f"    canary: {{{router}: [{{setWeight: 25}}, {{pause: {{}}}}]}}")
    return text + "---\napiVersion: v1\nkind: Service\nmetadata: {name: c}\nspec: {selector: {app: app}, ports: [{port: 80}]}\n"


STICKY = ", stickinessConfig: {enabled: true, durationSeconds: 60}"


def test_what_of_an_alb_is_not_simulated_is_refused_and_the_rest_is_taken(tmp_path: Path) -> None:
    stickiness = "alb.ingress.kubernetes.io/target-group-attributes: 'stickiness.enabled=true'"
    assert "this way of balancing is not simulated yet" in told(tmp_path, alb(stickiness))
    least = "alb.ingress.kubernetes.io/target-group-attributes: load_balancing.algorithm.type=least_outstanding_requests"
    assert "this way of balancing is not simulated yet" in told(tmp_path, alb(least))
    assert "sticky target groups are not simulated yet" in told(tmp_path, alb(routing=STICKY))
    for text in (alb(), alb(cluster="awsVerifyTargetGroup: true"), alb(routing=STICKY).replace("10/s", "10/s, dataPlane: alb/forward")):
        (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
        assert load_scenario([tmp_path / "s.yaml"]).objects.ingresses


def test_aws_is_asked_of_canaries_with_the_alb_router_only(tmp_path: Path) -> None:
    found = told(tmp_path, WHOLE.replace("  timeline", "  cluster: {awsVerifyTargetGroup: true}\n  timeline"))
    assert "spec.cluster.awsVerifyTargetGroup: true; what the controller then asks AWS is simulated for canaries with the ALB router" in found


def test_rules_of_traefik_are_read_into_alternatives() -> None:
    read = alternatives('Host(`a`) && (PathPrefix(`/x`) || !Headers("h", `v`))')
    assert [[(c.matcher, c.arguments, c.wanted) for c in parts] for parts in read] == [
        [("Host", ("a",), True), ("PathPrefix", ("/x",), True)],
        [("Host", ("a",), True), ("Header", ("h", "v"), False)],
    ]
    assert hosts_of_rule("Host(`a`) || Path(`/b`)") == ("a", "*")
    assert hosts_of_rule("Host(") == ()
    for text in ("", "Host(`a`) &&", "!"):
        with pytest.raises(BadRule):
            alternatives(text)
