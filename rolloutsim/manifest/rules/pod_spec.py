"""Kubernetes' rules on a pod spec, as far as they are likely to bite (kubernetes v1.34, pkg/apis/core/validation; spec/validation.md 3.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, required

Tree = Mapping[str, Any]


def pod_spec_violations(spec: Tree, field: str) -> Iterator[Violation]:
    """Rules of a pod spec, after Kubernetes has put in its defaults."""
    if not spec.get("containers"):
        yield required(f"{field}.containers")
