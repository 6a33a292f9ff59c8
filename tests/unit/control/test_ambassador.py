"""Ambassador: the canary Mapping and its five seconds (rollout/trafficrouting/ambassador/ambassador.go of argo-rollouts 1.9.1)."""

from __future__ import annotations

from typing import Any

from rolloutsim.control import commands
from rolloutsim.manifest import router_objects
from rolloutsim.manifest.objects import ReplicaSet
from rolloutsim.scenario import Stream
from tests.unit.control.worlds import SERVICES, do, image, measured, messages, routed, specs, world

AMBASSADOR = {"ambassador": {"mappings": ["web"]}}


def mapping(name: str = "web", **spec: Any) -> dict[str, Any]:
    whole = {"hostname": "a", "prefix": "/", "service": "http://stable.default:80", **spec}
    return {
        "apiVersion": "getambassador.io/v3alpha1",
        "kind": "Mapping",
        "metadata": {"name": name, "labels": {"x": "y"}, "annotations": {"c": "d"}},
        "spec": whole,
    }


def test_ambassador_keeps_a_canary_mapping_while_the_weight_is_above_0() -> None:
    made = world(routed(AMBASSADOR), *SERVICES, mapping(), streams=(Stream(to="ingress/a", rate=100.0),))
    image(made, "v2", 60.0)
    twin = made.store.get(router_objects.Mapping, "web-canary")
    assert twin is not None
    assert (twin.meta.owner, twin.meta.labels, twin.meta.annotations) == (None, {}, {})
    assert twin.spec == {"hostname": "a", "prefix": "/", "service": "http://canary.default:80", "weight": 20}
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 12.0)
    assert [spec and spec["weight"] for spec in specs(made, router_objects.Mapping, "web-canary")] == [20, 0, None]
    assert specs(made, router_objects.Mapping) == [{"hostname": "a", "prefix": "/", "service": "http://stable.default:80"}]
    assert "Set canary mapping weight to 20" in messages(made, "CanaryMappingWeightUpdate")
    assert 15.0 < measured(made) < 25.0


def test_the_pass_that_takes_the_weight_away_stands_still_for_five_seconds() -> None:
    made = world(routed(AMBASSADOR), *SERVICES, mapping())
    image(made, "v2", 20.0)
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 10.0)
    at_0, gone = [change.t_s for change in made.record.history("Mapping", "web-canary")][-2:]
    assert 5.0 <= gone - at_0 < 5.1
    assert not [happening for happening in made.record.events if at_0 + 0.05 < happening.t_s < gone]


def test_at_the_end_new_is_stable_before_the_canary_mapping_goes() -> None:
    made = world(routed(AMBASSADOR, [{"setWeight": 50}]), *SERVICES, mapping())
    image(made, "v2", 60.0)
    assert [spec and spec["weight"] for spec in specs(made, router_objects.Mapping, "web-canary")] == [50, 100, 0, None]
    assert made.rollout.status.phase == "Healthy"
    assert {rs.template.images[0]: rs.replicas for rs in made.store.objects(ReplicaSet)} == {"app:v1": 0, "app:v2": 4}


def test_several_mappings_are_drained_side_by_side_and_long_names_are_cut() -> None:
    long = "m" * 250
    made = world(routed({"ambassador": {"mappings": ["web", long]}}), *SERVICES, mapping(), mapping(long))
    image(made, "v2", 20.0)
    assert {m.meta.name for m in made.store.objects(router_objects.Mapping)} == {"web", "web-canary", long, "m" * 246 + "-canary"}
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 10.0)
    at_0, gone = [change.t_s for change in made.record.history("Mapping", "m" * 246 + "-canary")][-2:]
    assert 5.0 <= gone - at_0 < 5.1


def test_a_mapping_with_a_weight_is_an_invalid_spec() -> None:
    made = world(routed(AMBASSADOR), *SERVICES, mapping(weight=3), healthy=False)
    made.advance(5.0)
    assert 'Ambassador mapping "web" can not define weight' in made.rollout.status.message
