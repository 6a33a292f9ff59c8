"""JSON Schema of the scenario file, for editors: `rolloutsim schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rolloutsim.manifest.scenario_file import API_VERSION
from rolloutsim.scenario import ScenarioSpec

PUBLISHED = Path(__file__).parent.parent / "scenario" / "scenario.schema.json"
"""The schema as a file of the package, for editors that read files."""


def scenario_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of a Scenario document, shorthand forms included."""
    spec = ScenarioSpec.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions = spec.pop("$defs", {})
    for key in ("traffic", "timeline", "expect"):
        listed = spec["properties"][key]
        spec["properties"][key] = {"anyOf": [listed, listed["items"]], "default": []}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rolloutsim scenario",
        "type": "object",
        "additionalProperties": False,
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": "Scenario"},
            "metadata": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}},
            "spec": spec,
        },
        "$defs": definitions,
    }
