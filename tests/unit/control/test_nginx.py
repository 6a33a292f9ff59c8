"""The nginx router's canary Ingress."""

from __future__ import annotations

import pytest

from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.observed import Now, Observed
from rolloutsim.control.operations import CreateRoute
from rolloutsim.control.routing.nginx import Nginx
from rolloutsim.manifest.objects import CanaryStrategy, Ingress, IngressRule, Meta, Rollout, RolloutSpec, Strategy
from rolloutsim.manifest.traffic_routing import NginxRouting
from tests.unit.control.worlds import INGRESS, image, rollout, service, world


def test_the_canary_ingress_is_the_stable_ones_twin() -> None:
    nginx = {
        "stableIngresses": ["web"],
        "annotationPrefix": "my.prefix",
        "additionalIngressAnnotations": {"canary-by-header": "X"},
        "canaryIngressAnnotations": {"a/b": "c"},
    }
    routing = {"nginx": nginx, "maxTrafficWeight": 1000}
    canary = {"canaryService": "canary", "stableService": "stable", "steps": [{"setWeight": 250}, {"pause": {}}], "trafficRouting": routing}
    made = world(rollout({"canary": canary}), *service("canary", "stable"), INGRESS)
    image(made, "v2", 4.0)
    found = made.store.get(Ingress, "app-web-canary")
    assert found is not None
    assert found.rules[0].service == "canary"
    assert found.meta.annotations == {
        "kubernetes.io/ingress.class": "nginx",
        "my.prefix/canary-by-header": "X",
        "a/b": "c",
        "my.prefix/canary": "true",
        "my.prefix/canary-weight": "250",
        "my.prefix/canary-weight-total": "1000",
    }


def test_a_foreign_canary_ingress_is_not_touched() -> None:
    canary = {"canaryService": "canary", "stableService": "stable", "steps": [], "trafficRouting": {"nginx": {"stableIngress": "web"}}}
    foreign = {**INGRESS, "metadata": {"name": "app-web-canary"}}
    made = world(rollout({"canary": canary}), *service("canary", "stable"), INGRESS, foreign)
    made.advance(30.0)
    assert made.store.get(Ingress, "app-web-canary").meta.annotations == {}
    assert made.rollout.status.weights is None


@pytest.mark.parametrize(
    ("ingresses", "words"),
    [
        ({}, "error retrieving stableIngress `web` from cache"),
        ({"web": Ingress(Meta("web"), "nginx", (IngressRule("a", "/", "other"),))}, "ingress `web` has no rules using service stable backend"),
    ],
)
def test_an_ingress_that_does_not_fit_fails_the_pass(ingresses: dict[str, Ingress], words: str) -> None:
    """Beside an ALB router nobody has looked whether nginx' Ingresses are there and lead to the stable Service (rollout/controller.go)."""
    strategy = Strategy(CanaryStrategy(canary_service="canary", stable_service="stable"))
    ctx = Context(Observed(Rollout(Meta("app"), RolloutSpec(strategy=strategy)), ingresses=ingresses), Now(0.0))
    with pytest.raises(PassFailed) as failed:
        Nginx(ctx, NginxRouting("web"), None).set_weight(10)
    assert str(failed.value) == words


def test_a_class_by_annotation_alone() -> None:
    """Without the annotation `kubernetes.io/ingress.class` the canary Ingress gets the stable one's class only."""
    stable = Ingress(Meta("web"), "nginx", (IngressRule("a", "/", "stable"),))
    strategy = Strategy(CanaryStrategy(canary_service="canary", stable_service="stable"))
    ctx = Context(Observed(Rollout(Meta("app"), RolloutSpec(strategy=strategy)), ingresses={"web": stable}), Now(0.0))
    Nginx(ctx, NginxRouting("web"), None).set_weight(10)
    (created,) = (o.route for o in ctx.operations if isinstance(o, CreateRoute))
    assert isinstance(created, Ingress)
    assert (created.class_name, dict(created.meta.annotations)) == (
        "nginx",
        {"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": "10"},
    )
