"""A merge patch of a Rollout's spec, as `kubectl edit` and `kubectl patch --type merge` make it (RFC 7386)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from rolloutsim.errors import InputError, Problem
from rolloutsim.manifest.decode import camel
from rolloutsim.manifest.documents import Document
from rolloutsim.manifest.kinds import decode_rollout
from rolloutsim.manifest.objects import PodTemplate, Rollout, RolloutSpec


def to_json(value: Any) -> Any:
    """A typed value as the API's JSON; what is absent or empty is left out."""
    if isinstance(value, PodTemplate):
        metadata = {"labels": dict(value.labels), **({"annotations": dict(value.annotations)} if value.annotations else {})}
        return {"metadata": metadata, "spec": value.spec}
    if is_dataclass(value) and not isinstance(value, type):
        found = {camel(f.name): to_json(getattr(value, f.name)) for f in fields(value) if not f.metadata.get("internal")}
        return {key: item for key, item in found.items() if item is not None and item != ""}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return {key: to_json(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386: mappings are merged, null removes, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def patched_spec(rollout: Rollout, patch: Mapping[str, Any]) -> RolloutSpec:
    """The spec of a Rollout after a merge patch `{"spec": ...}`; InputError if the result cannot be read.

    A restartAt that the patch gives still has to be put into simulation time (`instants`).
    """
    own = to_json(rollout.spec)
    if rollout.spec.workload_ref is not None:
        del own["template"]  # it stands in the workload
    spec = merged(own, patch.get("spec") or {})
    data = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": rollout.meta.name}, "spec": spec}
    problems: list[Problem] = []
    decoded = decode_rollout(Document("the patch", data), problems)
    if problems or decoded is None:
        raise InputError(problems)
    template = rollout.spec.template if decoded.spec.template == rollout.spec.template else decoded.spec.template
    given = "restartAt" in (patch.get("spec") or {})
    return replace(decoded.spec, template=template, restart_at_s=None if given else rollout.spec.restart_at_s)
