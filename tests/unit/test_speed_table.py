"""README shows the table of speeds as it is generated: its rows and columns; the figures are the machine's."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.speed.table import BEGIN, END, ROWS, head


def test_the_rows_are_those_that_are_measured() -> None:
    shown = re.search(f"{BEGIN}\n(.*?){END}", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert shown is not None
    rows = [line.split("|")[1].strip() for line in shown[1].splitlines() if line.startswith("| ")]
    assert rows == head() and len(rows) == 1 + len(ROWS)
