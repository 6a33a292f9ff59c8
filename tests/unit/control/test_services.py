"""Which ReplicaSet a Service selects, and when (rollout/service.go and service/service.go of argo-rollouts 1.9.1)."""

from __future__ import annotations

from rolloutsim.control import commands
from rolloutsim.manifest.objects import Pod, ReplicaSet, Service
from rolloutsim.scenario import Pods, Version
from rolloutsim.world.world import World
from tests.unit.control.worlds import INGRESS, SERVICES, do, edit, image, routed, service, world

NGINX = {"nginx": {"stableIngress": "web"}}


def selected(made: World, name: str) -> str:
    """The image whose pods a Service selects; "" for all."""
    found = made.store.get(Service, name)
    assert found is not None
    images = {rs.pod_hash: rs.template.images[0].rpartition(":")[2] for rs in made.store.objects(ReplicaSet)}
    return images[found.pod_hash] if found.pod_hash else ""


def switches(made: World, name: str) -> list[tuple[float, str]]:
    return [(change.t_s, change.object.pod_hash) for change in made.record.history("Service", name)]


def test_services_are_adopted_when_all_pods_of_the_first_revision_are_available() -> None:
    made = world(routed(NGINX), *SERVICES, INGRESS, versions={"v1": Version(pods=Pods(start=5.0))}, healthy=False)
    made.store.update(Pod, made.store.objects(Pod)[0].meta.name, {"ready": True, "ready_since_s": made.now_s, "word": "Running"})
    made.advance(4.0)
    assert [selected(made, name) for name in ("stable", "canary")] == ["", ""]
    made.advance(8.0)
    assert [selected(made, name) for name in ("stable", "canary")] == ["v1", "v1"]
    assert made.store.get(Service, "stable").managed_by == "app"


def test_the_canary_service_follows_the_first_available_pod_and_the_stable_one_the_promotion() -> None:
    made = world(routed(NGINX, [{"setWeight": 50}, {"pause": {}}]), *SERVICES, INGRESS)
    image(made, "v2", 0.5)
    assert selected(made, "canary") == "v1"
    made.advance(2.5)
    assert [selected(made, name) for name in ("stable", "canary")] == ["v1", "v2"]
    do(made, commands.promote(made.rollout))
    made.advance(10.0)
    assert [selected(made, name) for name in ("stable", "canary")] == ["v2", "v2"]


def test_an_abort_without_a_router_moves_the_canary_service_back() -> None:
    canary = {"canaryService": "canary", "stableService": "stable", "steps": [{"setWeight": 50}, {"pause": {}}]}
    manifest = routed({}, [])
    manifest["spec"]["strategy"] = {"canary": canary}
    made = world(manifest, *SERVICES)
    image(made, "v2", 5.0)
    assert selected(made, "canary") == "v2"
    do(made, commands.abort(made.rollout))
    made.advance(made.now_s + 5.0)
    assert selected(made, "canary") == "v1"


def test_with_both_pairs_the_alb_weighs_ping_and_pong_and_the_canary_pair_still_follows() -> None:
    backend = {"service": {"name": "root", "port": {"name": "use-annotation"}}}
    rules = [{"host": "a", "http": {"paths": [{"path": "/*", "pathType": "ImplementationSpecific", "backend": backend}]}}]
    alb = {**INGRESS, "metadata": {"name": "web"}, "spec": {"ingressClassName": "alb", "rules": rules}}
    routing = {"alb": {"ingress": "web", "servicePort": 80, "rootService": "root"}}
    manifest = routed(routing, pingPong={"pingService": "ping", "pongService": "pong"})
    made = world(manifest, *SERVICES, *service("root", "ping", "pong"), alb)
    image(made, "v2", 5.0)
    assert [selected(made, name) for name in ("ping", "pong", "stable", "canary")] == ["v1", "v2", "v1", "v2"]
    (ingress,) = [change.object for change in made.record.history("Ingress", "web")][-1:]
    action = ingress.meta.annotations["alb.ingress.kubernetes.io/actions.root"]
    assert '"ServiceName":"pong","ServicePort":"80","Weight":20' in action
    assert '"ServiceName":"ping","ServicePort":"80","Weight":80' in action


def test_a_service_that_is_no_longer_listed_loses_the_hash_at_the_next_resync() -> None:
    made = world(routed(NGINX), *SERVICES, *service("other"), INGRESS)
    edit(made, {"strategy": {"canary": {"canaryService": "other"}}}, 5.0)
    assert selected(made, "other") == "v1"
    assert selected(made, "canary") == "v1"
    made.advance(made.now_s + 900.0)
    found = made.store.get(Service, "canary")
    assert found is not None
    assert (found.selector, found.managed_by) == ({"app": "app"}, None)
    assert selected(made, "other") == "v1"
