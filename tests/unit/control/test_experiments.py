"""Experiments beside and within a Rollout."""

from __future__ import annotations

from rolloutsim.manifest.objects import EndpointSlice, Experiment, ReplicaSet
from rolloutsim.scenario import Pods, Version
from tests.unit.control.worlds import rollout, world


def test_a_standalone_experiment_runs_beside_a_rollout() -> None:
    template = {
        "metadata": {"labels": {"app": "trial"}},
        "spec": {"containers": [{"name": "app", "image": "app:v9", "ports": [{"containerPort": 80}]}]},
    }
    spec = {
        "duration": "20s",
        "progressDeadlineSeconds": 30,
        "scaleDownDelaySeconds": 5,
        "templates": [
            {"name": "one", "replicas": 2, "selector": {"matchLabels": {"app": "trial"}}, "template": template, "service": {"name": "trial"}},
        ],
    }
    trial = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment", "metadata": {"name": "trial"}, "spec": spec}
    played = world(trial, rollout({"canary": {}}))
    played.advance(5.0)
    found = played.store.get(Experiment, "trial")
    assert found is not None and found.status.phase == "Running"
    assert found.status.template_statuses[0].service_name == "trial"
    slice_ = played.store.get(EndpointSlice, "trial")
    assert slice_ is not None and len(slice_.endpoints) == 2
    played.advance(40.0)
    found = played.store.get(Experiment, "trial")
    assert found is not None and found.status.phase == "Successful"
    assert played.store.get(EndpointSlice, "trial") is None
    assert [rs.replicas for rs in played.store.objects(ReplicaSet) if rs.meta.owner == "trial"] == [0]
    late = {**trial, "spec": {**spec, "templates": [{**spec["templates"][0], "replicas": 1}]}}
    played = world(late, rollout({"canary": {}}), versions={"v9": Version(pods=Pods(ready=False))})
    played.advance(60.0)
    found = played.store.get(Experiment, "trial")
    assert found is not None
    assert (found.status.phase, found.status.message) == ("Failed", "Template 'one' exceeded its progressDeadlineSeconds (30)")
