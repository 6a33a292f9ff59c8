"""The README shows what the command prints."""

from __future__ import annotations

import re

from tests.conftest import ROOT, SCENARIOS


def test_the_output_is_the_output() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- output -->\n```\n(.*?)```", text, re.S)
    assert shown is not None
    assert shown[1] == (SCENARIOS / "notifications-canary" / "expected.txt").read_text(encoding="utf-8")
