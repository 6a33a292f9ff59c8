"""A plan as SARIF: a rule for each diagnostic, a result for each finding."""

from __future__ import annotations

from typing import Any

from rolloutsim.diagnostics.catalogue import catalogue
from rolloutsim.diagnostics.diagnostic import Diagnostic, Finding
from rolloutsim.planning import Plan
from rolloutsim.report import sarif


def plan_sarif(plan: Plan) -> dict[str, Any]:
    """The log; silenced findings carry their suppression."""
    rules = list(catalogue().values())
    index = {rule.code: i for i, rule in enumerate(rules)}
    results = [_result(finding, index) for finding in plan.findings]
    for one in plan.silenced:
        suppression = {"kind": "inSource", **({"justification": one.reason} if one.reason else {})}
        results.append({**_result(one.finding, index), "suppressions": [suppression]})
    return sarif.log([_rule(rule) for rule in rules], results)


def _rule(diagnostic: Diagnostic) -> dict[str, Any]:
    help_ = f"{diagnostic.remedy} Source: {diagnostic.source}."
    return sarif.rule(diagnostic.code, diagnostic.title, diagnostic.explanation, help_, diagnostic.severity)


def _result(finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    text = f"{finding.message}. {finding.remedy}"
    return sarif.result(finding.code, index[finding.code], finding.severity, text, finding.place, finding.thing)
