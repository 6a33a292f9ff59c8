"""SARIF 2.1.0, which code hosts show as code scanning alerts: one run of the tool, its rules and its results."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from rolloutsim.errors import Place, printable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def log(rules: Sequence[dict[str, Any]], results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A log of one run."""
    try:
        version = metadata.version("rolloutsim")
    except metadata.PackageNotFoundError:  # a source tree that is not installed
        version = "0"
    driver = {"name": "rolloutsim", "version": version, "rules": list(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(results)}],
    }


def rule(code: str, title: str, explanation: str, help_: str, level: str) -> dict[str, Any]:
    """A rule; its name is made of its title's words."""
    words = "".join(word.capitalize() for word in "".join(c if c.isalnum() else " " for c in title).split())
    return {
        "id": code,
        "name": words,
        "shortDescription": {"text": title},
        "fullDescription": {"text": explanation},
        "help": {"text": help_},
        "defaultConfiguration": {"level": level},
    }


def result(code: str, index: int, level: str, text: str, place: Place, thing: str) -> dict[str, Any]:
    """A result at a place; `thing` is the object that the place belongs to."""
    region: dict[str, Any] = {}
    if place.line is not None:
        region = {"region": {"startLine": place.line, **({"startColumn": place.column} if place.column else {})}}
    names = [{"fullyQualifiedName": printable(f"{thing} {place.path}".strip())}]
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(place.file)}, **region}, "logicalLocations": names}
    return {"ruleId": code, "ruleIndex": index, "level": level, "message": {"text": printable(text)}, "locations": [location]}


def _uri(file: str) -> str:
    """A path as a URI reference, relative where the path is."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
