"""JSON Schema of the scenario file, for editors: `rolloutsim schema`."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rolloutsim.manifest.scenario_file import API_VERSION
from rolloutsim.scenario import ScenarioSpec
from rolloutsim.scenario.model import Model

PUBLISHED = Path(__file__).parent.parent / "scenario" / "scenario.schema.json"
"""The schema as a file of the package, for editors that read files."""


def scenario_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of a Scenario document, shorthand forms included."""
    spec = ScenarioSpec.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions = spec.pop("$defs", {})
    for model in _models(Model):
        schema = spec if model is ScenarioSpec else definitions.get(model.__name__, {})
        for name, text in _texts(model):
            found = schema.get("properties", {}).get(model.model_fields[name].alias, {})
            found.setdefault("description", text)
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


def _models(model: type[Model]) -> Iterator[type[Model]]:
    for kind in model.__subclasses__():
        yield kind
        yield from _models(kind)


def _texts(model: type[Model]) -> Iterator[tuple[str, str]]:
    """Fields and the texts beneath them: read here, as pydantic would read them at every start of any command."""
    for kind in model.__mro__[: model.__mro__.index(Model)]:
        (written,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        assert isinstance(written, ast.ClassDef)
        for field, text in zip(written.body, written.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                yield field.target.id, inspect.cleandoc(str(text.value.value))
