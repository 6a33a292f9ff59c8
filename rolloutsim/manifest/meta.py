"""Object metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Meta:
    """Object metadata; `owner` is the name of the controlling object."""

    name: str
    namespace: str = "default"
    uid: str = ""
    resource_version: int = 0
    generation: int = 1
    created_s: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
