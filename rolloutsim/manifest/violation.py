"""A rule that a Rollout breaks, as field path and words of the real controller (k8s.io/apimachinery, util/validation/field)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Violation(NamedTuple):
    """A rule that a Rollout breaks: `path` is where it stands in the YAML, `field` and `detail` are the controller's words."""

    path: str
    field: str
    detail: str

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}"


def invalid(field: str, value: Any, detail: str, path: str = "") -> Violation:
    """The violation of a value that a rule refuses."""
    return Violation(path or field, field, f"Invalid value: {go(value)}: {detail}")


def go(value: Any) -> str:
    """A value as the Kubernetes field errors print it: text quoted, everything else as compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
