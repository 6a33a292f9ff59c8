"""A plan as SARIF 2.1.0, which code hosts show as code scanning alerts."""

from __future__ import annotations

from importlib import metadata
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from rolloutsim.diagnostics.catalogue import catalogue
from rolloutsim.diagnostics.diagnostic import Diagnostic, Finding
from rolloutsim.errors import printable
from rolloutsim.planning import Plan

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def plan_sarif(plan: Plan) -> dict[str, Any]:
    """One run of the tool: its rules, and a result for each finding; silenced ones carry their suppression."""
    rules = list(catalogue().values())
    index = {rule.code: i for i, rule in enumerate(rules)}
    results = [_result(finding, index) for finding in plan.findings]
    for one in plan.silenced:
        suppression = {"kind": "inSource", **({"justification": one.reason} if one.reason else {})}
        results.append({**_result(one.finding, index), "suppressions": [suppression]})
    driver = {"name": "rolloutsim", "version": metadata.version("rolloutsim"), "rules": [_rule(rule) for rule in rules]}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}]}


def _rule(diagnostic: Diagnostic) -> dict[str, Any]:
    words = "".join(word.capitalize() for word in "".join(c if c.isalnum() else " " for c in diagnostic.title).split())
    return {
        "id": diagnostic.code,
        "name": words,
        "shortDescription": {"text": diagnostic.title},
        "fullDescription": {"text": diagnostic.explanation},
        "help": {"text": f"{diagnostic.remedy} Source: {diagnostic.source}."},
        "defaultConfiguration": {"level": diagnostic.severity},
    }


def _result(finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    place = finding.place
    region: dict[str, Any] = {}
    if place.line is not None:
        region = {"region": {"startLine": place.line, **({"startColumn": place.column} if place.column else {})}}
    names = [{"fullyQualifiedName": printable(f"{finding.thing} {place.path}".strip())}]
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(place.file)}, **region}, "logicalLocations": names}
    return {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": finding.severity,
        "message": {"text": printable(f"{finding.message}. {finding.remedy}")},
        "locations": [location],
    }


def _uri(file: str) -> str:
    """A path as a URI reference, relative where the path is."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
