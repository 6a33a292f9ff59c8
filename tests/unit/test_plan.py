"""`plan`: the verdict, the weights, its forms and exit codes, and comments that silence."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import rolloutsim as rs
from rolloutsim.answers.reachable import reachable, reachable_shares, smallest_replicas
from rolloutsim.control.replicas import target
from rolloutsim.diagnostics.subject import subjects
from rolloutsim.planning import Landscape, plan
from rolloutsim.report.plan_screen import Paper, plan_screen
from tests.conftest import SCENARIOS
from tests.diagnostics.changes import HERE, changed
from tests.unit.test_cli import run  # noqa: F401

HOLE = {
    "spec.replicas": 5,
    "spec.strategy.canary.maxSurge": 0,
    "spec.strategy.canary.maxUnavailable": 1,
    "spec.strategy.canary.steps[2].setWeight": 90,
}


def written(tmp_path: Path, text: str, name: str = "app.yaml") -> str:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_the_tutorial_is_accepted_and_its_weights_are_reached(run) -> None:  # noqa: F811
    code, out, _ = run("plan", "scenarios/notifications-canary", "--json", "-")
    form = json.loads(out)
    assert code == 0
    assert form["verdict"] == "accepted" and form["controller_messages"] == []
    rows = [(r["step"], r["set_weight_percent"], r["canary_pods"], r["stable_pods"], r["share_percent"]) for r in form["weights"]]
    assert rows == [(0, 25.0, 1, 3, 25.0), (2, 75.0, 3, 1, 75.0)]
    assert form["rollouts"][0]["peak_pods"] == 4
    assert {"code", "severity", "file", "line", "path", "message", "remedy"} <= set(form["diagnostics"][0])
    assert form["skipped"] == []


def test_a_scenario_beside_the_manifests_needs_no_word(run) -> None:  # noqa: F811
    assert run("plan", "scenarios/notifications-canary")[2] == ""


def test_what_is_no_manifest_is_skipped_with_a_word(run, tmp_path: Path) -> None:  # noqa: F811
    written(tmp_path, changed("basic", {}))
    for i in range(5):
        written(tmp_path, "image: {tag: v1}\n", f"values-{i}.yaml")
    kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [app.yaml]\npatches: [{path: ./replicas.yaml}]\n"
    written(tmp_path, kustomization, "kustomization.yaml")
    written(tmp_path, "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: app}\nspec: {replicas: 5}\n", "replicas.yaml")
    code, out, err = run("plan", str(tmp_path))
    assert code == 0 and out.startswith("accepted")
    notes = err.splitlines()
    assert len(notes) == 3
    for words in ("and 2 more: no Kubernetes object", "a patch of a kustomization", "kustomize build"):
        assert any(words in note for note in notes), words


def test_an_error_is_exit_code_1(run, tmp_path: Path) -> None:  # noqa: F811
    code, out, _ = run("plan", written(tmp_path, changed("basic", HOLE)))
    assert code == 1
    assert out.startswith("accepted") and "error RS102" in out
    line = next(i for i, text in enumerate(out.splitlines()) if text.strip() == "- setWeight: 90")
    carets, _, message = out.splitlines()[line + 1].strip().partition(" ")
    assert carets == "^" * len("setWeight: 90")
    assert message == "setWeight 90 with 5 replicas and maxSurge 0 gives 0 new pods"


@pytest.mark.parametrize("width", [80, 118])
def test_the_screen_fits_its_paper(width: int) -> None:
    for file in sorted((HERE / "real").glob("*.yaml")):
        screen = plan_screen(plan(file), Paper(width, all_findings=True))
        wide = [line for line in screen.splitlines() if len(line) > width and len(line.split()) > 2]
        assert not wide, wide


def test_all_that_the_gates_have_against_it_is_said_at_once(tmp_path: Path) -> None:
    found = plan(written(tmp_path, changed("routed", {"spec.strategy.canary.steps[0].setWeight": 101, "Service/app-canary:": None})))
    said = [f.message for f in found.findings if f.code == "RS002"]
    assert len(said) == 2 and all(any(words in text for text in said) for words in ("SetWeight needs", 'service "app-canary" not found'))
    assert len(found.controller_messages) == 1 and "SetWeight needs" in found.controller_messages[0]


@pytest.mark.parametrize(
    ("changes", "word", "code"),
    [({"spec.replica": 3}, "refused", "RS001"), ({"spec.strategy.canary.steps[0].setWeight": 101}, "invalid", "RS002")],
)
def test_what_the_gates_say_is_a_finding_too(run, tmp_path: Path, changes: dict, word: str, code: str) -> None:  # noqa: F811
    ended, out, _ = run("plan", written(tmp_path, changed("basic", changes)), "--json", "-")
    form = json.loads(out)
    assert ended == 1
    assert form["verdict"] == word
    assert code in {d["code"] for d in form["diagnostics"]}
    if word == "invalid":
        words = "spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100"
        assert form["controller_messages"] == [f'The Rollout "app" is invalid: {words}']


@pytest.mark.parametrize("text", ["a: [", "hello: world\n", "", "{{ if .Values.x }}\nkind: Rollout\n{{ end }}\n"])
def test_no_manifest_is_exit_code_2(run, tmp_path: Path, text: str) -> None:  # noqa: F811
    code, out, err = run("plan", written(tmp_path, text))
    assert (code, out) == (2, "")
    assert "problem" in err
    assert ("render it first" in err) == ("{{" in text)


def test_no_file_is_exit_code_2(run) -> None:  # noqa: F811
    assert run("plan", "nowhere.yaml")[0] == 2


def test_standard_input_lists_and_several_rollouts(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    import io
    import sys

    import yaml

    items = list(yaml.safe_load_all(changed("basic", {})))
    items += list(yaml.safe_load_all(changed("routed", {"metadata.name": "second"})))
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code, out, _ = run("plan", "-", "--json", "-")
    form = json.loads(out)
    assert code == 0 and form["objects"] == len(items)
    assert [r["name"] for r in form["rollouts"]] == ["app", "second"]
    assert {(r["rollout"], r["step"]) for r in form["weights"]} == {("app", 0), ("app", 2), ("second", 0), ("second", 2)}


def test_the_same_objects_in_two_folders_are_told_apart(tmp_path: Path) -> None:
    written(tmp_path, changed("basic", {}), "staging/app.yaml")
    written(tmp_path, changed("basic", HOLE), "prod/app.yaml")
    written(tmp_path, "image: {tag: v1}\n", "prod/values.yaml")
    found = plan(tmp_path)
    assert len(found.rollouts) == 2
    assert {f.place.file for f in found.findings if f.code == "RS102"} == {str(tmp_path / "prod/app.yaml")}
    assert [s.why for s in found.skipped] == ["no Kubernetes object (it has no apiVersion and kind)"]


# --- silencing -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("above", [True, False])
def test_a_comment_silences_and_is_counted(tmp_path: Path, above: bool) -> None:
    text = changed("basic", HOLE)
    comment = "# rolloutsim: ignore RS102 the batch may wait"
    where = "      - setWeight: 90\n"
    assert where in text
    silenced = text.replace(where, f"      {comment}\n{where}" if above else f"{where.rstrip()}  {comment}\n")
    found = plan(written(tmp_path, silenced))
    assert "RS102" not in {f.code for f in found.findings}
    assert [(s.finding.code, s.reason) for s in found.silenced] == [("RS102", "the batch may wait")]
    assert "silenced: 1 (RS102 the batch may wait)" in str(found)


def test_a_comment_on_the_value_before_does_not_silence_the_next_line(tmp_path: Path) -> None:
    text = changed("basic", {**HOLE, "spec.strategy.canary.steps[1]": {"setWeight": 50}})
    where = "      - setWeight: 50\n"
    found = plan(written(tmp_path, text.replace(where, where.rstrip() + "  # rolloutsim: ignore RS102 no\n")))
    assert {"RS102", "RS003"} <= {f.code for f in found.findings}


def test_what_the_gates_say_cannot_be_silenced(tmp_path: Path) -> None:
    text = changed("basic", {"spec.strategy.canary.steps[0].setWeight": 101})
    found = plan(written(tmp_path, text.replace("setWeight: 101", "setWeight: 101  # rolloutsim: ignore RS002 no")))
    assert {"RS002", "RS003"} <= {f.code for f in found.findings}


# --- forms ---------------------------------------------------------------------------------------------------------------------------


def test_sarif_has_rules_places_and_suppressions(run, tmp_path: Path) -> None:  # noqa: F811
    text = changed("basic", {**HOLE, "spec.template.spec.containers[0].readinessProbe": None})
    text = text.replace("      - setWeight: 90\n", "      - setWeight: 90  # rolloutsim: ignore RS102 known\n")
    target_file = tmp_path / "out.sarif"
    code, _, _ = run("plan", written(tmp_path, text), "--sarif", str(target_file))
    log = json.loads(target_file.read_text(encoding="utf-8"))
    jsonschema.validate(log, SARIF_SUBSET)
    results = log["runs"][0]["results"]
    assert code == 0
    assert [(r["ruleId"], r.get("suppressions")) for r in results] == [
        ("RS208", None),
        ("RS102", [{"kind": "inSource", "justification": "known"}]),
    ]
    assert all(log["runs"][0]["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in results)
    assert run("plan", str(tmp_path / "app.yaml"), "--sarif", str(target_file))[0] == 0  # ours is written again


SARIF_SUBSET = {
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "tool": {"required": ["driver"], "properties": {"driver": {"required": ["name", "rules"]}}},
                    "results": {
                        "items": {
                            "required": ["ruleId", "message", "locations"],
                            "properties": {
                                "level": {"enum": ["error", "warning", "note", "none"]},
                                "message": {"required": ["text"]},
                                "locations": {
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "region": {"properties": {"startLine": {"minimum": 1}, "startColumn": {"minimum": 1}}}
                                                },
                                            }
                                        },
                                    }
                                },
                            },
                        }
                    },
                },
            },
        },
    },
}
"""As much of the SARIF 2.1.0 schema as a code host asks for."""


def test_github_annotations(run, tmp_path: Path) -> None:  # noqa: F811
    file = written(tmp_path, changed("basic", HOLE))
    code, out, _ = run("plan", file, "--github")
    assert code == 1
    assert out.startswith("::error file=") and ",title=RS102 " in out and "%0A" not in out
    assert out == run("plan", file, "--format", "github")[1]


def test_explain_lists_and_explains(run) -> None:  # noqa: F811
    assert "RS102  error" in run("explain")[1]
    code, out, _ = run("explain", "rs102")
    assert code == 0 and "source:" in out and "do:" in out
    code, _, err = run("explain", "RS1022")
    assert code == 2 and "RS102" in err


def test_from_python() -> None:
    found = rs.plan(SCENARIOS / "weight-out-of-reach")
    assert found.word == "accepted" and found.holds
    assert "setWeight 10" in str(found)


# --- weights -------------------------------------------------------------------------------------------------------------------------


def rollout_of(tmp_path: Path, base: str, changes: dict):
    documents = plan_documents(written(tmp_path, changed(base, changes)))
    return subjects(Landscape.of(documents), 5.0)[0].rollout


def plan_documents(path: str):
    from rolloutsim.manifest.bundle import read_manifests

    return read_manifests([path], [])


@pytest.mark.parametrize("tolerance", [0.0, 1.0, 5.0])
def test_the_smallest_replica_count_is_the_smallest(tmp_path: Path, tolerance: float) -> None:
    rollout = rollout_of(tmp_path, "basic", {"spec.strategy.canary.steps": [{"setWeight": w} for w in (5, 30, 60)]})
    smallest = smallest_replicas(rollout, tolerance)

    def misses(n: int) -> list[int]:
        pods = {w: target(n, w, 1) for w in (5, 30, 60)}
        return [w for w, (canary, stable) in pods.items() if abs(100 * canary / (canary + stable) - w) > tolerance]

    assert misses(smallest) == []
    assert all(misses(n) for n in range(1, smallest))


def test_nearest_reachable_weights_enclose_the_wanted_one(tmp_path: Path) -> None:
    rollout = rollout_of(tmp_path, "basic", {"spec.replicas": 3, "spec.strategy.canary.steps": [{"setWeight": w} for w in range(1, 100)]})
    found = reachable(rollout)
    assert found is not None
    for row in found.rows:
        assert row.below_percent <= row.set_weight_percent <= row.above_percent
        assert {row.below_percent, row.above_percent} <= set(reachable_shares(3, 1))
        assert row.share_percent in reachable_shares(3, 1)


@pytest.mark.parametrize(
    ("changes", "pods", "peak"),
    [
        ({}, [(1, 4), (2, 4)], 8),
        ({"spec.strategy.canary.dynamicStableScale": True}, [(1, 4), (2, 2)], 6),
        ({"spec.strategy.canary.minPodsPerReplicaSet": 2}, [(2, 4), (2, 4)], 8),
        ({"spec.strategy.canary.steps[1]": {"setCanaryScale": {"replicas": 3}}}, [(1, 4), (3, 4), (3, 4)], 8),
    ],
)
def test_with_a_router_the_share_is_the_weight_and_the_pods_are_counted(tmp_path: Path, changes: dict, pods: list, peak: int) -> None:
    found = reachable(rollout_of(tmp_path, "routed", changes))
    assert found is not None and found.is_routed
    assert [(row.canary_pods, row.stable_pods) for row in found.rows] == pods
    assert [row.share_percent for row in found.rows if row.label.startswith("setWeight")] == [10.0, 50.0]
    assert found.peak_pods == peak


@pytest.mark.parametrize("weight", [-1, 101, 200])
def test_what_is_no_weight_has_no_pods(tmp_path: Path, weight: int) -> None:
    manifests = changed("routed", {"spec.strategy.canary.steps[0]": {"setWeight": weight}})
    found = plan(written(tmp_path, manifests))
    assert found.word == "invalid" and [rollout.weights for rollout in found.rollouts] == [None]
    assert "at the peak" not in plan_screen(found)


@pytest.mark.parametrize("rules", ["[null]", "[{host: a.example}, null]"])
def test_a_rule_of_an_ingress_that_is_null_leads_nowhere(tmp_path: Path, rules: str) -> None:
    ingress = f"---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: app}}\nspec: {{rules: {rules}}}\n"
    found = plan(written(tmp_path, changed("routed", {"spec.strategy.canary.trafficRouting": {"nginx": {"stableIngress": "app"}}}) + ingress))
    assert found.word == "invalid" and "has no rules using service app-stable backend" in found.controller_messages[0]


def test_a_kind_of_another_group_is_another_kind(tmp_path: Path) -> None:
    knative = "---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: app-canary}\nspec: {selector: [], ports: x}\n"
    found = plan(written(tmp_path, changed("routed", {"Service/app-canary:": None}) + knative))
    assert found.word == "invalid" and 'service "app-canary" not found' in found.controller_messages[0]
