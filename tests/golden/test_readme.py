"""The README shows what the command prints."""

from __future__ import annotations

import re

import pytest

from rolloutsim.cli import main
from tests.conftest import ROOT, SCENARIOS


def test_the_output_is_the_output() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- output -->\n```\n(.*?)```", text, re.S)
    assert shown is not None
    assert shown[1] == (SCENARIOS / "notifications-canary" / "expected.txt").read_text(encoding="utf-8")


def test_the_plan_is_what_plan_prints(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as end:
        main(["plan", "scenarios/zero-canary-hole"])
    assert end.value.code == 1
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- plan -->\n```\n(.*?)```\n<!-- /plan -->", text, re.S)
    assert shown is not None
    assert shown[1] == capsys.readouterr().out
