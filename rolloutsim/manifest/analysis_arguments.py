"""Arguments that a Rollout hands to its runs (utils/analysis/factory.go, BuildArgumentsForRolloutAnalysisRun; spec/analysis.md 2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from rolloutsim.manifest.analysis import Argument, RunArgument
from rolloutsim.manifest.objects import Rollout
from rolloutsim.manifest.rollout_json import rollout_json


class ArgumentError(Exception):
    """A field of the Rollout that an argument asks for and that cannot be had, in the controller's words."""


def arguments(args: Iterable[RunArgument], rollout: Rollout, *, new_hash: str, stable_hash: str) -> list[Argument]:
    """Every argument as a plain value.

    Of several `fieldRef`s only the last one's error survives; an earlier bad path outside the metadata gives "" (as in the source).
    """
    found: list[Argument] = []
    error: ArgumentError | None = None
    for arg in args:
        value, source = arg.value, arg.value_from or {}
        if source.get("podTemplateHashValue") is not None:
            value = {"Latest": new_hash, "Stable": stable_hash}.get(str(source["podTemplateHashValue"]), value)
        elif source.get("fieldRef") is not None:
            path = str((source["fieldRef"] or {}).get("fieldPath") or "")
            if path.startswith("metadata"):
                value, error = _of_metadata(rollout, path), None
            else:
                try:
                    value, error = _of_rollout(rollout, path), None
                except ArgumentError as failed:
                    value, error = "", failed
        found.append(Argument(arg.name, value))
    if error is not None:
        raise error
    return found


def _of_metadata(rollout: Rollout, path: str) -> str:
    """As the downward API reads it (pkg/fieldpath): a missing key is "", an unsupported path an error."""
    meta = rollout.meta
    plain = {"metadata.name": meta.name, "metadata.namespace": meta.namespace, "metadata.uid": meta.uid}
    if path in plain:
        return plain[path]
    maps: dict[str, Mapping[str, str]] = {"metadata.labels": meta.labels, "metadata.annotations": _annotations(rollout)}
    if path in maps:
        return "\n".join(f'{key}="{maps[path][key]}"' for key in sorted(maps[path]))
    subscript = re.fullmatch(r"(metadata\.(?:labels|annotations))\['(.*)'\]", path)
    if subscript is not None:
        return maps[subscript[1]].get(subscript[2], "")
    raise ArgumentError(f"unsupported fieldPath: {path}")


def _annotations(rollout: Rollout) -> dict[str, str]:
    revision = {"rollout.argoproj.io/revision": str(rollout.revision)} if rollout.revision else {}
    return {**rollout.meta.annotations, **revision}


def _of_rollout(rollout: Rollout, path: str) -> str:
    """A value of the Rollout as JSON, found by names and indices (extractValueFromRollout)."""
    tree: Any = rollout_json(rollout)
    for part in filter(None, re.split(r"[.\[\]]+", path)):
        if isinstance(tree, list):
            if not re.fullmatch(r"[+-]?\d+", part):
                raise ArgumentError(f"invalid index '{part}'")
            if not -1 < int(part) < len(tree):
                raise ArgumentError(f"index {int(part)} out of range")
            tree = tree[int(part)]
        elif isinstance(tree, Mapping):
            tree = tree.get(part)
        else:
            raise ArgumentError(f"invalid path {path} in rollout")
    if tree is None:
        raise ArgumentError(f"invalid path {path} in rollout")
    if isinstance(tree, list | Mapping):
        raise ArgumentError(f"path {path} in rollout must terminate in a primitive value")
    return go_text(tree)


def go_text(value: Any) -> str:
    """A JSON value as Go prints it with %v: numbers in their shortest form, with an exponent from 1e+06 on (strconv 'g', shortest)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int | float):
        return str(value)
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) - 1 + exponent
    if -4 <= power < 6:
        return f"{Decimal(repr(float(value))).normalize():f}"
    head, rest = digits[0], "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{head}{'.' + rest if rest else ''}e{'-' if power < 0 else '+'}{abs(power):02d}"
