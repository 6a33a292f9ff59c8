"""Every diagnostic has a manifest that has it, at the right line, and one that nearly has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rolloutsim.diagnostics.catalogue import catalogue
from rolloutsim.planning import Plan, plan
from tests.diagnostics.changes import BASES, HERE, changed

CASES: list[dict[str, Any]] = [case for path in sorted((HERE / "cases").glob("*.yaml")) for case in yaml.safe_load(path.read_text(encoding="utf-8"))]
IDS = [f"{case['code']}-{i}" for i, case in enumerate(CASES)]
OF_VERDICTS = {"RS001", "RS002", "RS003"}


def planned(tmp_path: Path, text: str) -> Plan:
    file = tmp_path / "manifests.yaml"
    file.write_text(text, encoding="utf-8")
    return plan(file)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_manifest_that_has_it(tmp_path: Path, case: dict[str, Any]) -> None:
    found = planned(tmp_path, changed(case["base"], case["has"]))
    of_code = [finding for finding in found.findings if finding.code == case["code"]]
    assert of_code, [f"{f.code} {f.place}" for f in found.findings]
    assert case["at"] in {f.place.path for f in of_code}
    assert all(f.place.line and f.place.source for f in of_code)
    assert case.get("says", "") in " ".join(f.message for f in of_code)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_manifest_that_nearly_has_it(tmp_path: Path, case: dict[str, Any]) -> None:
    found = planned(tmp_path, changed(case["base"], case["nearly"]))
    assert case["code"] not in {f.code for f in found.findings}, [f"{f.place}: {f.message}" for f in found.findings]


@pytest.mark.parametrize("base", BASES)
def test_the_bases_have_nothing(tmp_path: Path, base: str) -> None:
    found = planned(tmp_path, changed(base, {}))
    assert found.word == "accepted"
    assert [f"{f.code} {f.place}: {f.message}" for f in found.findings] == []


def test_every_diagnostic_has_a_case_and_is_complete() -> None:
    known = catalogue()
    assert {case["code"] for case in CASES} == set(known) - OF_VERDICTS
    assert len(known) >= 90
    for diagnostic in known.values():
        assert diagnostic.severity in ("error", "warning", "note")
        assert len(diagnostic.title) < 80
        assert diagnostic.explanation.endswith(".") and diagnostic.remedy.endswith(".") and diagnostic.source
