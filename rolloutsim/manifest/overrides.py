"""`--set PATH=VALUE`: change a value of a scenario or manifest before it is read.

`Scenario:spec.seed=3` and `Rollout/NAME:spec.replicas=5` name the document; without a prefix it is the one document that has the path.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import yaml

from rolloutsim.errors import Place, Problem
from rolloutsim.manifest.documents import Document, shown

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def split_path(path: str) -> list[str | int]:
    """`spec.steps[0].setWeight` -> ["spec", "steps", 0, "setWeight"]."""
    return [match[1] if match[1] is not None else int(match[2]) for match in _PART.finditer(path)]


def apply_overrides(documents: list[Document], overrides: Sequence[str], problems: list[Problem]) -> list[Document]:
    """The documents with every override carried out; an override that fits no document, or two, is a problem."""
    documents = list(documents)
    for override in overrides:
        place = Place(f"--set {shown(override)}")
        target, equals, text = override.partition("=")
        if not equals or not target:
            problems.append(Problem(place, "no PATH=VALUE", "an override is PATH=VALUE", "For example --set Rollout:spec.replicas=5."))
            continue
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            problems.append(Problem(place, f"the value {shown(text)}", "a value is YAML", "Quote it."))
            continue
        prefix, colon, path = target.rpartition(":")
        path = "spec.seed" if path == "seed" and not prefix else path
        kind, _, name = ("Scenario" if path == "spec.seed" and not colon else prefix).partition("/")
        fitting = [i for i, document in enumerate(documents) if _fits(document, kind, name, path, anywhere=bool(kind))]
        if len(fitting) != 1:
            found = "no document has this path" if not fitting else f"{len(fitting)} documents have this path"
            remedy = "Check the path." if not fitting else "Name the document: KIND/NAME:PATH=VALUE."
            problems.append(Problem(place, found, "an override changes exactly one document", remedy))
            continue
        document = documents[fitting[0]]
        data = copy.deepcopy(document.data)
        if _set(data, split_path(path), value):
            documents[fitting[0]] = replace(document, data=data)
        else:
            problems.append(
                Problem(place, "a path through something that is no mapping or list", "each part of a path exists or is new", "Check the path.")
            )
    return documents


def _fits(document: Document, kind: str, name: str, path: str, *, anywhere: bool) -> bool:
    data = document.data
    if not isinstance(data, dict) or (kind and data.get("kind") != kind):
        return False
    metadata = data.get("metadata")
    if name and (not isinstance(metadata, dict) or metadata.get("name") != name):
        return False
    return anywhere or _has(data, split_path(path))


def _has(data: Any, parts: list[str | int]) -> bool:
    for part in parts:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return False
    return bool(parts)


def _set(data: Any, parts: list[str | int], value: Any) -> bool:
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if isinstance(data, dict) and isinstance(part, str):
            if last:
                data[part] = value
                return True
            if data.get(part) is None:
                data[part] = {}
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            if last:
                data[part] = value
                return True
            data = data[part]
        else:
            return False
    return False
