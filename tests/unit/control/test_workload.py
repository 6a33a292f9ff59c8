"""A Rollout that takes its template from a Deployment: `spec.workloadRef` (rollout/templateref.go, rollout/scale_utils.go)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolloutsim.answers.duration import duration
from rolloutsim.answers.share import share
from rolloutsim.control import commands
from rolloutsim.control.commands import Patch
from rolloutsim.control.hashes import step_hash
from rolloutsim.control.observed import Now, Observed
from rolloutsim.control.operations import PatchRolloutStatus, ScaleWorkload, UpdateRollout
from rolloutsim.control.phase import client_phase
from rolloutsim.control.rollout import reconcile
from rolloutsim.errors import InputError, Problem
from rolloutsim.manifest.bundle import bundle
from rolloutsim.manifest.deployment import WORKLOAD_GENERATION, Deployment, workload_generation
from rolloutsim.manifest.documents import parse
from rolloutsim.manifest.objects import Meta, ReplicaSet, Rollout, RolloutStatus
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.record import Record
from rolloutsim.scenario import Scenario
from rolloutsim.simulation import simulate
from rolloutsim.views.rollout import get_rollout

TEMPLATE = {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [{"name": "app", "image": "app:v1"}]}}
SELECTOR = {"matchLabels": {"app": "app"}}
REFERENCE = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "old"}
STEPS = {"canary": {"steps": [{"setWeight": 20}, {"pause": {"duration": 60}}, {"setWeight": 60}, {"pause": {"duration": 60}}]}}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "app"}, "spec": {"selector": {"app": "app"}, "ports": [{"port": 80}]}}


def deployment(**spec: Any) -> dict[str, Any]:
    whole = {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "old"}, "spec": whole}


def rollout(**spec: Any) -> dict[str, Any]:
    whole = {"replicas": 5, "workloadRef": REFERENCE, "strategy": STEPS, **spec}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "app"}, "spec": {k: v for k, v in whole.items() if v}}


def scenario(tmp_path: Path, *manifests: dict[str, Any], timeline: Any = None, **spec: Any) -> Scenario:
    timeline = [{"at": "30s", "setImage": {"app": "app:v2"}}] if timeline is None else timeline
    whole = {"timeline": timeline, "until": {"phase": "Healthy", "limit": "20m"}, "cluster": {"pods": {"start": "5s"}}, **spec}
    document = {"apiVersion": "rolloutsim.dev/v1alpha1", "kind": "Scenario", "metadata": {"name": "app"}, "spec": whole}
    path = tmp_path / "scenario.yaml"
    path.write_text(yaml.safe_dump_all([document, *manifests]))
    return load_scenario([path])


def problems(tmp_path: Path, *manifests: dict[str, Any], **spec: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        scenario(tmp_path, *manifests, **spec)
    return [f"{problem.place.path}: {problem.found}; {problem.rule}" for problem in caught.value.problems]


def sizes(record: Record) -> list[int]:
    """The Deployment's spec.replicas, each value once in a row."""
    found = [change.object.replicas for change in record.history("Deployment") if isinstance(change.object, Deployment)]
    return [n for i, n in enumerate(found) if i == 0 or n != found[i - 1]]


def last(record: Record) -> Rollout:
    return record.rollouts()[-1][1]


# --- end to end ----------------------------------------------------------------------------------------------------------------------


def test_a_canary_by_workload_ref_shares_as_one_with_its_own_template(tmp_path: Path) -> None:
    streams = [{"name": "users", "to": "service/app", "rate": "100/s"}]
    referring = simulate(scenario(tmp_path, deployment(), rollout(), SERVICE, traffic=streams, detail="counts"))
    own = simulate(scenario(tmp_path, rollout(workloadRef=None, template=TEMPLATE, selector=SELECTOR), SERVICE, traffic=streams, detail="counts"))
    rows, expected = share(referring).rows, share(own).rows
    assert [row.label for row in rows] == [row.label for row in expected]
    assert [(row.pods_new, row.pods_stable) for row in rows] == [(row.pods_new, row.pods_stable) for row in expected]
    for row, wanted in zip(rows, expected, strict=True):
        # The news goes by way of the Deployment, a few hundredths of a second longer: some requests fall to the other side of a border.
        assert row.from_s == pytest.approx(wanted.from_s, abs=0.2)
        assert row.share_percent == pytest.approx(wanted.share_percent, abs=1.0)
    took, wanted_time = duration(referring), duration(own)
    assert took.started_s == pytest.approx(wanted_time.started_s, abs=0.05)
    assert took.seconds == pytest.approx(wanted_time.seconds, abs=0.5)


def test_set_image_and_undo_change_the_deployment_and_not_the_rollout(tmp_path: Path) -> None:
    timeline = [{"at": "30s", "setImage": {"app": "app:v2"}}, {"when": {"phase": "Paused"}, "undo": {}}]
    record = simulate(scenario(tmp_path, deployment(), rollout(), timeline=timeline))
    assert [deed.printed for deed in record.deeds] == ['deployment "old" image updated', "rollout 'app' undo"]
    images = [change.object.template.images for change in record.history("Deployment") if isinstance(change.object, Deployment)]
    assert images == [("app:v1",), ("app:v2",), ("app:v1",)]
    assert {state.spec.template.images for _, state in record.rollouts()} == {()}
    assert {state.meta.generation for _, state in record.rollouts()} == {2}
    assert last(record).status.workload_observed_generation == workload_generation(last(record).meta.annotations) == 3
    assert last(record).status.phase == "Healthy"
    assert [change.object.revision for change in record.history("ReplicaSet") if isinstance(change.object, ReplicaSet)][-1] in (2, 3)


def test_until_the_deployment_is_observed_clients_read_progressing(tmp_path: Path) -> None:
    record = simulate(scenario(tmp_path, deployment(), rollout()))
    t_s, state = next((t_s, state) for t_s, state in record.rollouts() if workload_generation(state.meta.annotations) == 2)
    assert 30 < t_s < 30.2
    assert state.status.phase == "Healthy"
    assert client_phase(state) == ("Progressing", "waiting for rollout spec update to be observed for the reference workload")
    assert "waiting for rollout spec update to be observed for the reference workload" in get_rollout(record, "app", t_s, colour=False)
    unannotated = replace(state, meta=Meta("app", generation=2))
    assert client_phase(unannotated)[0] == "Healthy"
    unknown = replace(state, status=replace(state.status, workload_observed_generation=None))
    assert client_phase(unknown)[0] == "Healthy"


@pytest.mark.parametrize(
    ("when", "expected"),
    [(None, [5]), ("never", [5]), ("onsuccess", [5, 0]), ("progressively", [5, 4, 3, 2, 1, 0])],
)
def test_the_deployment_is_scaled_down_as_asked(tmp_path: Path, when: str | None, expected: list[int]) -> None:
    reference = {**REFERENCE, **({"scaleDown": when} if when else {})}
    cluster = {"pods": {"start": {"lognormal": {"median": "10s", "p95": "40s"}}}}
    manifests = (deployment(replicas=5), rollout(workloadRef=reference))
    record = simulate(scenario(tmp_path, *manifests, timeline=[], start={"state": "empty"}, cluster=cluster))
    found = sizes(record)
    assert found[0] == 5
    assert found[-1] == expected[-1]
    assert found == sorted(found, reverse=True)
    if when == "progressively":
        assert len(found) > 2
        for change in record.history("Deployment"):
            ready = [state.status.ready_replicas for t_s, state in record.rollouts() if t_s <= change.t_s]
            assert isinstance(change.object, Deployment)
            assert change.object.replicas >= 5 - (ready[-1] if ready else 0)
    else:
        assert found == expected
    if when == "onsuccess":
        healthy_s = next(t_s for t_s, state in record.rollouts() if state.status.phase == "Healthy")
        assert all(change.t_s >= healthy_s for change in record.history("Deployment") if getattr(change.object, "replicas", 5) == 0)
    assert last(record).status.workload_observed_generation == len(found)


def test_an_absent_size_is_written_without_the_template(tmp_path: Path) -> None:
    record = simulate(scenario(tmp_path, deployment(), rollout(replicas=None)))
    assert last(record).spec.replicas == 1
    assert {state.spec.template.images for _, state in record.rollouts()} == {()}
    edited = simulate(scenario(tmp_path, deployment(), rollout(), timeline=[{"at": "5s", "edit": {"spec": {"replicas": 2}}}]))
    assert (last(edited).spec.replicas, last(edited).status.phase) == (2, "Healthy")


@pytest.mark.parametrize("refers", [True, False])
def test_manifests_with_a_namespace_are_played_in_it(tmp_path: Path, refers: bool) -> None:
    played = rollout() if refers else rollout(workloadRef=None, template=TEMPLATE, selector=SELECTOR)
    within = [{**manifest, "metadata": {**manifest["metadata"], "namespace": "prod"}} for manifest in (played, deployment())]
    record = simulate(scenario(tmp_path, *within, SERVICE))
    assert (last(record).status.phase, record.header.namespace) == ("Healthy", "prod")
    assert get_rollout(record, "app", record.end_s, colour=False).splitlines()[1] == "Namespace:       prod"


# --- what is refused -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ReplicaSet", "PodTemplate"])
def test_other_kinds_that_the_controller_knows_are_not_simulated(tmp_path: Path, kind: str) -> None:
    found = problems(tmp_path, rollout(workloadRef={**REFERENCE, "kind": kind}), timeline=[])
    assert found == [f"spec.workloadRef: {kind}; a template from a {kind} is not simulated yet, and never ignored"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ({"kind": "StatefulSet"}, "workload of type apps/StatefulSet is not supported"),
        ({"name": "other"}, 'deployments.apps "default/other" not found'),
    ],
)
def test_what_the_controller_refuses_is_said_once_in_its_words(tmp_path: Path, reference: dict[str, str], words: str) -> None:
    found = problems(tmp_path, deployment(), rollout(workloadRef={**REFERENCE, **reference}), timeline=[])
    assert found == [f'spec.workloadRef: The Rollout "app" is invalid: {words}; the controller would refuse it']


def test_another_version_is_refused_even_where_the_rules_are_not_asked(tmp_path: Path) -> None:
    other = rollout(workloadRef={**REFERENCE, "apiVersion": "apps/v1beta1"})
    assert any("names an apps/v1 Deployment" in problem for problem in problems(tmp_path, deployment(), other, timeline=[]))
    found: list[Problem] = []
    assert bundle(parse("m.yaml", yaml.safe_dump(rollout()), []), found, check_rules=False) is None
    assert [problem.found for problem in found] == ["apps/v1 Deployment old"]


def test_a_template_beside_the_reference_is_refused(tmp_path: Path) -> None:
    found = problems(tmp_path, deployment(), rollout(template=TEMPLATE))
    assert any("template must be empty for workload reference rollout" in problem for problem in found)


def test_a_deployment_that_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    broken = deployment(template={"metadata": {"labels": {"app": "app"}}, "spec": {"containers": []}})
    assert any(problem.startswith("spec.template.spec.containers") for problem in problems(tmp_path, broken, rollout()))


def test_a_deployment_with_pods_that_a_service_sends_requests_to_is_refused(tmp_path: Path) -> None:
    found = problems(tmp_path, deployment(replicas=3), rollout(), SERVICE)
    assert found == [
        "spec.manifests: Deployment old with 3 pods that Service app sends requests to; "
        "pods of a Deployment are not simulated: with them every share would be another"
    ]
    by_default = deployment()
    del by_default["spec"]["replicas"]
    assert "with 1 pods" in problems(tmp_path, by_default, rollout(), SERVICE)[0]


@pytest.mark.parametrize("strategy", [{"blueGreen": {"activeService": "app"}}, {"canary": {"stableService": "app", "canaryService": "next"}}])
def test_services_that_the_rollout_pins_reach_no_pod_of_the_deployment(tmp_path: Path, strategy: dict[str, Any]) -> None:
    second = {**SERVICE, "metadata": {"name": "next"}}
    manifests = (deployment(replicas=3), rollout(strategy=strategy), SERVICE, *([second] if "canary" in strategy else []))
    record = simulate(scenario(tmp_path, *manifests))
    assert last(record).status.phase == "Healthy"
    assert "Service app sends requests to" in problems(tmp_path, *manifests, start={"state": "empty"})[0]


def test_an_edit_of_the_reference_is_refused(tmp_path: Path) -> None:
    patch = {"spec": {"workloadRef": {"name": "other"}, "template": TEMPLATE}}
    found = problems(tmp_path, deployment(), rollout(), timeline=[{"at": "5s", "edit": patch}])
    assert [problem.partition(":")[0] for problem in found][:2] == ["spec.timeline[0].edit.spec.template", "spec.timeline[0].edit.spec.workloadRef"]


# --- one pass ------------------------------------------------------------------------------------------------------------------------


def typed(tmp_path: Path, **reference: str) -> tuple[Rollout, Deployment]:
    objects = scenario(tmp_path, deployment(replicas=5), rollout(workloadRef={**REFERENCE, **reference})).objects
    assert objects.deployment is not None
    return objects.rollout, objects.deployment


def test_a_lost_workload_is_said_once_and_looked_for_every_twenty_seconds(tmp_path: Path) -> None:
    found, _ = typed(tmp_path)
    decided = reconcile(Observed(found), Now(7.0))
    assert (decided.wake_up_at_s, decided.error) == (27.0, None)
    (patch,) = decided.operations
    assert isinstance(patch, PatchRolloutStatus)
    assert patch.changes["message"] == 'InvalidSpec: The Rollout "app" is invalid: deployments.apps "default/old" not found'
    again = replace(found, status=replace(found.status, **patch.changes))
    assert reconcile(Observed(again), Now(27.0)).operations == ()


def test_an_update_of_the_rollout_carries_the_generation_along(tmp_path: Path) -> None:
    found, workload = typed(tmp_path)
    changes = [o.changes for o in reconcile(Observed(found, workload=workload), Now(0.0)).operations if isinstance(o, UpdateRollout)]
    assert [change["meta"].annotations for change in changes] == [{WORKLOAD_GENERATION: "1"}]


def test_a_selector_of_its_own_is_kept(tmp_path: Path) -> None:
    whole = rollout(selector={"matchLabels": {"app": "app"}})
    objects = scenario(tmp_path, deployment(selector={"matchLabels": {"app": "app"}}), whole).objects
    assert objects.rollout.spec.selector.match_labels == {"app": "app"}
    operations = reconcile(Observed(objects.rollout, workload=objects.deployment), Now(0.0)).operations
    assert any(isinstance(o, UpdateRollout) for o in operations)


@pytest.mark.parametrize(("ready", "size", "expected"), [(0, 5, None), (0, 7, None), (2, 5, 3), (7, 5, 0)])
def test_progressively_leaves_the_deployment_what_is_not_ready(tmp_path: Path, ready: int, size: int, expected: int | None) -> None:
    found, workload = typed(tmp_path, scaleDown="progressively")
    created = reconcile(Observed(found, workload=workload), Now(0.0)).operations[0]
    rs = replace(created.replica_set, replicas=size)  # type: ignore[union-attr]
    status = RolloutStatus(ready_replicas=ready, current_pod_hash=rs.pod_hash, current_step_hash=_step_hash(found), phase="Progressing")
    observed = Observed(replace(found, revision=1, normalised=True, status=status), (rs,), workload=workload)
    scaled = [o.replicas for o in reconcile(observed, Now(1.0)).operations if isinstance(o, ScaleWorkload)]
    assert scaled == ([] if expected is None else [expected])
    second = replace(observed, replica_sets=(replace(rs, revision=2),))
    assert not [o for o in reconcile(second, Now(1.0)).operations if isinstance(o, ScaleWorkload)]


def _step_hash(found: Rollout) -> str:
    assert found.spec.strategy.canary is not None
    return step_hash(found.spec.strategy.canary.steps)


def test_a_shrinking_first_revision_without_ready_pods_gives_the_deployment_its_size_back(tmp_path: Path) -> None:
    found, workload = typed(tmp_path, scaleDown="progressively")
    created = reconcile(Observed(found, workload=workload), Now(0.0)).operations[0]
    rs = replace(created.replica_set, replicas=7)  # type: ignore[union-attr]
    status = RolloutStatus(current_pod_hash=rs.pod_hash, current_step_hash=_step_hash(found), phase="Progressing")
    observed = Observed(replace(found, revision=1, normalised=True, status=status), (rs,), workload=replace(workload, replicas=2))
    assert [o.replicas for o in reconcile(observed, Now(1.0)).operations if isinstance(o, ScaleWorkload)] == [5]


def test_commands_patch_the_deployment(tmp_path: Path) -> None:
    found, workload = typed(tmp_path)
    answer = commands.set_image(found, {"app": "app:v2"}, workload)
    assert answer.patches == (Patch(workload_template=workload.template.with_images({"app": "app:v2"})),)
