"""Canaries with plugin steps, from the files of a user to the end of the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutsim.control.phase import client_phase
from rolloutsim.manifest.init import propose_scenario
from rolloutsim.manifest.objects import Rollout
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.record import Record
from rolloutsim.record_files import save
from rolloutsim.simulation import simulate
from tests.unit.test_bad_input import WHOLE

STEPS = "[{setWeight: 25}, {plugin: {name: org/smoke, config: {url: x}}}, {setWeight: 50}, {plugin: {name: verify}}]"
PLUGINS = "  duration: 3m\n  plugins: {org/smoke: {errors: 1}, verify: {phase: %s, after: 20s, message: p95 is 900 ms}}\n"


def played(tmp_path: Path, phase: str) -> Record:
    path = tmp_path / "scenario.yaml"
    path.write_text(WHOLE.replace("[{setWeight: 25}, {pause: {}}]", STEPS) + PLUGINS % phase, encoding="utf-8")
    return simulate(load_scenario([path]))


def ended(record: Record) -> tuple[str, str]:
    rollout = record.at(record.end_s)["Rollout", "app"]
    assert isinstance(rollout, Rollout)
    return client_phase(rollout)


def steps_s(record: Record) -> list[tuple[str, int]]:
    """Steps as they were completed, each with the seconds since the one before, rounded."""
    done = [(h.t_s, h.event.message) for h in record.events if h.event.reason == "RolloutStepCompleted"]
    before = [5.0, *(t_s for t_s, _ in done)]
    return [(text.partition("(")[2][:-1], round(t_s - start)) for (t_s, text), start in zip(done, before, strict=False)]


def test_plugins_that_succeed_carry_the_canary_to_its_end(tmp_path: Path) -> None:
    """An error costs 30 s + 5 s, a run of 20 s is noticed after as many; both from the whole second of the call."""
    record = played(tmp_path, "Successful")
    assert ended(record) == ("Healthy", "")
    texts, took = zip(*steps_s(record), strict=True)
    assert texts == ("setWeight: 25", "plugin: org/smoke", "setWeight: 50", "plugin: verify")
    assert took[1] in (34, 35)
    assert took[3] in (34, 35)


def test_a_plugin_that_fails_takes_the_canary_back(tmp_path: Path) -> None:
    record = played(tmp_path, "Failed")
    message = "RolloutAborted: Rollout aborted update to revision 2: Step Plugin 4 (verify) failed: p95 is 900 ms"
    assert ended(record) == ("Degraded", message)
    assert [text for text, _ in steps_s(record)] == ["setWeight: 25", "plugin: org/smoke", "setWeight: 50"]
    told = [h.event.message for h in record.events if h.event.reason == "StepPluginTransition"]
    assert told == [
        "Step plugin org/smoke (step 2) transitioned to Error",
        "Step plugin verify (step 4) transitioned to Running",
        "Step plugin verify (step 4) transitioned to Failed",
        "Step plugin org/smoke (step 2) aborted (Successful)",
    ]
    images = {rs.template.images[0]: rs.replicas for (kind, _), rs in record.at(record.end_s).items() if kind == "ReplicaSet"}  # type: ignore[union-attr]
    assert images == {"app:v1": 3, "app:v2": 0}


def test_a_record_with_plugins_is_saved(tmp_path: Path) -> None:
    save(played(tmp_path, "Failed"), tmp_path / "out")
    assert '"operation": "Abort"' in (tmp_path / "out" / "changes.jsonl").read_text(encoding="utf-8").replace('":"', '": "')


def test_init_proposes_a_line_for_each_plugin_and_it_is_played(tmp_path: Path) -> None:
    manifests = WHOLE.partition("---\napiVersion: rolloutsim")[0].replace("[{setWeight: 25}, {pause: {}}]", STEPS)
    path = tmp_path / "scenario.yaml"
    (tmp_path / "app.yaml").write_text(manifests, encoding="utf-8")
    path.write_text(WHOLE.replace("[{setWeight: 25}, {pause: {}}]", STEPS) + PLUGINS % "Failed", encoding="utf-8")
    proposed = propose_scenario(load_scenario([path]).objects, ["app.yaml"])
    lines = [line.strip() for line in proposed.splitlines()]
    assert [line for line in lines if line.startswith(("org/smoke", "verify"))] == [
        "org/smoke: {phase: Successful, after: 30s}",
        "verify: {phase: Successful, after: 30s}",
    ]
    path.write_text(proposed, encoding="utf-8")
    assert ended(simulate(load_scenario([path]))) == ("Healthy", "")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_run(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(WHOLE.replace("[{setWeight: 25}, {pause: {}}]", STEPS) + PLUGINS % "Successful", encoding="utf-8")
    scenario = load_scenario([path])
    assert simulate(scenario, seed=seed).changes == simulate(scenario, seed=seed).changes
