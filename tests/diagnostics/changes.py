"""Well-made manifests, changed at some paths: what the cases of the diagnostics are written in."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
BASES: dict[str, list[dict[str, Any]]] = yaml.safe_load((HERE / "bases.yaml").read_text(encoding="utf-8"))
PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def changed(base: str, changes: Mapping[str, Any]) -> str:
    """The manifests of a base as YAML; `Kind/name:path` (or a path of the Rollout) -> new value, null removes, `add` appends objects."""
    things = copy.deepcopy(BASES[base])
    for key, value in changes.items():
        if key == "add":
            things += value
            continue
        name, colon, path = key.partition(":")
        kind = name if colon else "Rollout"
        thing = next(t for t in things if kind in (t["kind"], f"{t['kind']}/{t['metadata']['name']}"))
        if path == "" and colon:
            things.remove(thing)
        else:
            _set(thing, [k or int(i) for k, i in PART.findall(path if colon else key)], value)
    return yaml.safe_dump_all(things, sort_keys=False)


def _set(tree: Any, path: list[str | int], value: Any) -> None:
    for part, after in pairwise(path):
        if isinstance(tree, dict) and part not in tree:
            tree[part] = [] if isinstance(after, int) else {}
        tree = tree[part]
    last = path[-1]
    if value is None:
        del tree[last]
    elif isinstance(last, int) and last == len(tree):
        tree.append(value)
    else:
        tree[last] = value
