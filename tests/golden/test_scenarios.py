"""Every scenario prints what its expected.txt says, byte for byte, in any process; another seed gives another record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rolloutsim.cli import main
from tests.conftest import ROOT, SCENARIOS

FOLDERS = sorted(path.parent for path in SCENARIOS.glob("*/scenario.yaml"))


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, int]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return capsys.readouterr().out, int(ended.value.code or 0)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_prints_what_is_expected(folder: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> None:
    out, code = printed(capsys, "run", str(folder.relative_to(ROOT)))
    assert code == 0
    golden = folder / "expected.txt"
    if request.config.getoption("--update-golden"):
        golden.write_text(out, encoding="utf-8")
    assert out == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_holds_its_own_expectations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, code = printed(capsys, "check", str(folder.relative_to(ROOT)))
    assert code == 0, out


def test_same_seed_same_bytes_in_two_processes(tmp_path: Path) -> None:
    outputs = []
    for hash_seed in ("1", "2"):
        record = tmp_path / hash_seed
        arguments = ["run", "scenarios/notifications-canary", "--json", "-", "--out", str(record)]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-m", "rolloutsim", *arguments], capture_output=True, env=environment, cwd=ROOT, check=True)
        outputs.append((done.stdout, {file.name: file.read_bytes() for file in sorted(record.iterdir())}))
    assert outputs[0] == outputs[1]
    assert len(outputs[0][1]) >= 10


def test_another_seed_another_record(capsys: pytest.CaptureFixture[str]) -> None:
    found = [json.loads(printed(capsys, "run", "scenarios/notifications-canary", "--json", "-", "--seed", seed)[0]) for seed in ("7", "8")]
    assert found[0]["shares"] != found[1]["shares"]
    assert found[0]["errors"] != found[1]["errors"]


def test_the_tutorials_shares(capsys: pytest.CaptureFixture[str]) -> None:
    """1 of 4 pods at setWeight 25, 3 of 4 at 75; shares near 25 and 75 %, held by their intervals."""
    form = json.loads(printed(capsys, "run", "scenarios/notifications-canary", "--json", "-")[0])
    rows = [r for r in form["shares"] if r["stream"] == "users" and r["verdict"] is not None]
    assert [(r["set_weight_percent"], r["pods_new"], r["pods_stable"], r["verdict"]) for r in rows] == [
        (25.0, 1, 3, "agrees"),
        (75.0, 3, 1, "agrees"),
    ]
    for row in rows:
        assert row["low_percent"] <= row["set_weight_percent"] <= row["high_percent"]
        assert row["share_percent"] == pytest.approx(row["set_weight_percent"], abs=0.2)
    assert form["peak_pods"] == 4
    assert form["phase"] == "Healthy"
