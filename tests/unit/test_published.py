"""The published schema of scenario files is the one that would be generated now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from rolloutsim.manifest.schema import PUBLISHED, scenario_schema
from tests.conftest import SCENARIOS


def fields(tree: Any, path: str = "") -> Iterator[str]:
    """Every property and every allowed word; how a schema is put together is left to the library that writes it."""
    if isinstance(tree, dict):
        for name, value in tree.get("properties", {}).items():
            yield f"{path}.{name}"
            yield from fields(value, f"{path}.{name}")
        for key in ("$defs", "enum"):
            yield from (f"{path}#{name}" for name in tree.get(key, ()))
        for key, value in tree.items():
            if key != "properties":
                yield from fields(value, f"{path}.{key}" if key not in ("anyOf", "oneOf", "allOf", "items") else path)
    elif isinstance(tree, list):
        for item in tree:
            yield from fields(item, path)


def test_the_published_schema_has_the_fields_of_the_model() -> None:
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert sorted(set(fields(published))) == sorted(set(fields(scenario_schema()))), "rolloutsim schema > rolloutsim/scenario/scenario.schema.json"


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*/scenario.yaml")), ids=lambda file: file.parent.name)
def test_the_published_schema_takes_the_scenarios(file: Any) -> None:
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        if document and document.get("kind") == "Scenario":
            jsonschema.validate(document, published)


def test_the_published_schema_refuses_a_misspelt_field() -> None:
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    document = {"apiVersion": "rolloutsim.dev/v1alpha1", "kind": "Scenario", "metadata": {"name": "a"}, "spec": {"trafic": []}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, published)
