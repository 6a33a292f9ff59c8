"""A plan as annotations of GitHub Actions: workflow commands, one a line."""

from __future__ import annotations

from rolloutsim.planning import Plan

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def plan_annotations(plan: Plan) -> str:
    """Lines `::error file=...,line=...,col=...,title=CODE title::message`; GitHub shows them at the line in the change."""
    lines = []
    for finding in plan.findings:
        place = finding.place
        where = {"file": place.file, "line": place.line, "col": place.column, "title": f"{finding.code} {finding.diagnostic.title}"}
        properties = ",".join(f"{key}={_escaped(str(value), ':', ',')}" for key, value in where.items() if value is not None)
        text = f"{place.path}: {finding.message}. {finding.remedy}" if place.path else f"{finding.message}. {finding.remedy}"
        lines.append(f"::{_LEVELS[finding.severity]} {properties}::{_escaped(text)}\n")
    return "".join(lines)


def _escaped(text: str, *more: str) -> str:
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
