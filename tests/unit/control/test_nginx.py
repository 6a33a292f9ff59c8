"""The nginx router's canary Ingress."""

from __future__ import annotations

from rolloutsim.manifest.objects import Ingress
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
