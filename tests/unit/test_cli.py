"""The command line: exit codes, streams, and that nothing a user made is overwritten."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from rolloutsim.cli import main
from tests.conftest import ROOT, SCENARIOS


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return int(ended.value.code or 0), out, err

    return call


CANARY = "scenarios/notifications-canary"


@pytest.mark.parametrize("command", ["run", "get", "list", "status", "check", "replay", "schema", "init"])
def test_help_has_a_sentence_and_an_example(run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Example: rolloutsim" in " ".join(out.split()) or command in ("get", "list")


def test_json_to_standard_output_is_all_there_is(run) -> None:
    code, out, _ = run("run", CANARY, "--json", "-")
    form = json.loads(out)
    assert code == 0
    assert {"shares", "phase", "duration_s", "peak_pods", "errors", "assumptions", "seed", "versions"} <= set(form)
    keys = [
        "service",
        "from_s",
        "to_s",
        "step",
        "set_weight_percent",
        "revision",
        "image",
        "requests",
        "share_percent",
        "low_percent",
        "high_percent",
        "covers",
        "verdict",
    ]
    assert all(set(keys) <= set(row) for row in form["shares"])
    assert {row["covers"] for row in form["shares"]} == {"bound", "connections"}


def test_wrong_input_is_exit_2_with_all_problems(run, tmp_path: Path) -> None:
    code, out, err = run("run", str(tmp_path / "none"))
    assert (code, out) == (2, "")
    assert "no such file" in err
    code, _, err = run("run", CANARY, "--set", "Rollout:spec.replicas=many", "--set", "Scenario:spec.seed=-1")
    assert code == 2
    assert "2 problems" in err
    assert run("run", CANARY, "--nonsense")[0] == 2
    assert run("nothing")[0] == 2
    assert run("get", "rollout", "x", CANARY, "--at", "soon")[0] == 2
    assert run("get", "rollout", "notifications-service-canary", CANARY, "--at", "-5s")[0] == 2


def test_check_exit_codes(run, tmp_path: Path) -> None:
    assert run("check", CANARY)[0] == 0
    assert run("check", CANARY, "--set", "Scenario:spec.expect=[{pods: {atMost: 3}}]")[0] == 1
    few = [
        "--set",
        "Scenario:spec.traffic=[{name: users, to: service/notifications, rate: 1/s}]",
        "--set",
        "Scenario:spec.expect=[{share: {step: 0}}]",
    ]
    code, out, _ = run("check", CANARY, *few)
    assert code == 3
    assert "undecided" in out
    assert "are needed" in out
    junit = tmp_path / "report.xml"
    code, out, _ = run("check", "scenarios/notifications-canary", "scenarios/notifications-bluegreen", "--junit", str(junit), "--json", "-")
    suites = ElementTree.parse(junit).getroot()
    assert [suite.get("name") for suite in suites] == ["notifications-canary", "notifications-bluegreen"]
    assert [form["passed"] for form in json.loads(out)] == [True, True]


def test_check_says_where_an_expectation_stands_in_sarif(run, tmp_path: Path) -> None:
    log = tmp_path / "report.sarif"
    code, out, _ = run("check", CANARY, "--set", "Rollout:spec.replicas=6", "--sarif", str(log))
    assert code == 1 and "FAILED" in out
    results = json.loads(log.read_text(encoding="utf-8"))["runs"][0]["results"]
    scenario = Path(CANARY, "scenario.yaml").read_text(encoding="utf-8").splitlines()
    assert results and {result["ruleId"] for result in results} <= {"expectation", "undecided"}
    for result in results:
        region = result["locations"][0]["physicalLocation"]["region"]
        assert scenario[region["startLine"] - 1].lstrip().startswith("- ")
        assert "wanted" in result["message"]["text"]
    assert run("check", CANARY, "--sarif", str(log))[0] == 0
    assert json.loads(log.read_text(encoding="utf-8"))["runs"][0]["results"] == []


def test_a_defect_is_said_in_a_line(run, monkeypatch: pytest.MonkeyPatch) -> None:
    import rolloutsim.planning

    monkeypatch.setattr(rolloutsim.planning, "plan", lambda *_, **__: [][0])
    code, out, err = run("plan", CANARY)
    assert (code, out) == (1, "")
    assert err.startswith("Error: IndexError in ") and "defect" in err and "Traceback" not in err


def test_baseline(run, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert run("check", CANARY, "--baseline", str(baseline))[0] == 2
    assert run("check", CANARY, "--baseline", str(baseline), "--update-baseline")[0] == 0
    assert run("check", CANARY, "--baseline", str(baseline))[0] == 0
    code, out, _ = run("check", CANARY, "--baseline", str(baseline), "--set", "Rollout:spec.replicas=2", "--set", "Scenario:spec.expect=[]")
    assert code == 1
    assert "worse than the baseline: distance from setWeight" in out
    mine = tmp_path / "mine.json"
    mine.write_text("{}")
    code, _, err = run("check", CANARY, "--baseline", str(mine), "--update-baseline")
    assert code == 2
    assert "never overwritten" in err
    assert mine.read_text() == "{}"
    assert run("check", CANARY, "--update-baseline")[0] == 2


def test_out_writes_a_new_folder_only(run, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    code, _, err = run("run", CANARY, "--out", str(tmp_path / "full"))
    assert code == 2
    assert "never overwritten" in err
    assert run("run", CANARY, "--out", str(tmp_path / "new"))[0] == 0
    assert (tmp_path / "new" / "record.json").exists()


def test_json_replaces_only_what_it_wrote(run, tmp_path: Path) -> None:
    own, mine = tmp_path / "own.json", tmp_path / "mine.json"
    mine.write_text('{"mine": 1}')
    for _ in range(2):
        assert run("run", CANARY, "--json", str(own))[0] == 0
    assert run("run", CANARY, "--json", str(mine))[0] == 2
    assert mine.read_text() == '{"mine": 1}'


@pytest.mark.parametrize(
    "command", [["get", "rollout", "notifications-service-canary"], ["status", "notifications-service-canary"], ["list", "rollouts"]]
)
def test_views_have_a_json_form(run, command: list[str]) -> None:
    code, out, _ = run(*command, CANARY, "--at", "44s", "--json", "-")
    form = json.loads(out)
    form = form[0] if isinstance(form, list) else form
    assert code == 0
    assert (form["phase"], form["step"], form["current"], form["replica_sets"][-1]["tags"]) == ("Paused", "1/4", 4, ["canary"])


def test_schema_accepts_every_scenario(run) -> None:
    schema = json.loads(run("schema")[1])
    for path in SCENARIOS.glob("*/scenario.yaml"):
        document = yaml.safe_load(path.read_text())
        jsonschema.validate(document, schema)
        document["spec"]["nonsense"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, schema)


@pytest.mark.parametrize("name", ["notifications-canary", "notifications-bluegreen"])
def test_init_writes_what_runs(run, tmp_path: Path, name: str) -> None:
    for path in (SCENARIOS / name).glob("*.yaml"):
        if path.name != "scenario.yaml":
            shutil.copy(path, tmp_path)
    assert run("init", str(tmp_path))[0] == 0
    assert run("run", str(tmp_path))[0] == 0
    assert run("check", str(tmp_path))[0] == 0
    code, _, err = run("init", str(tmp_path))
    assert code == 2
    assert "never overwritten" in err


def test_replay_reads_no_answers(run, tmp_path: Path) -> None:
    recording = {
        "name": "small",
        "manifests": [
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "app"}, "spec": {"selector": {"app": "app"}, "ports": [{"port": 80}]}},
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Rollout",
                "metadata": {"name": "app"},
                "spec": {
                    "replicas": 2,
                    "selector": {"matchLabels": {"app": "app"}},
                    "strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}},
                    "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [{"name": "app", "image": "app:v1"}]}},
                },
            },
        ],
        "until": 20,
        "executed": [{"t": 5, "do": "set-image", "image": "app:v2", "done": 5.01}],
        "views": [{"t": 15}],
    }
    path = tmp_path / "small.json"
    path.write_text(json.dumps(recording))
    code, out, _ = run("replay", str(path), "--timelines", str(tmp_path / "out"))
    assert code == 0
    assert "nothing recorded to compare with" in out
    played = json.loads((tmp_path / "out" / "small.json").read_text())
    assert {"timeline", "events", "views", "revisions", "until"} <= set(played)
    assert "CanaryPauseStep" in played["views"][0]["text"]
    (tmp_path / "bad.json").write_text("[]")
    assert run("replay", str(tmp_path / "bad.json"))[0] == 1
    assert run("replay", str(tmp_path / "empty"))[0] == 1


def test_each_version_of_several_updates_has_its_own_share(run) -> None:
    text = run("run", str(SCENARIOS / "third-image"))[1]
    assert "v2 answered 50.0 % of the users requests at setWeight 50 and v3 answered 50.0 % at setWeight 50: both agree." in text
    assert [line.split()[5] for line in text.splitlines() if "0 setWeight 50 " in line] == ["v2", "v3"]
