"""Pod templates and label selectors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """`matchLabels` and `matchExpressions` (key, operator, values)."""

    match_labels: Mapping[str, str] = field(default_factory=dict)
    match_expressions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class PodTemplate:
    """A pod template: labels and annotations typed, the pod spec as the JSON tree that the user wrote (never changed in place)."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def canonical(self) -> str:
        """The template as canonical JSON; equal templates have equal text."""
        tree = {"labels": dict(self.labels), "annotations": dict(self.annotations), "spec": self.spec}
        return json.dumps(tree, sort_keys=True, separators=(",", ":"))

    @cached_property
    def images(self) -> tuple[str, ...]:
        """Images of the main containers, in order."""
        return tuple(str(container.get("image", "")) for container in self.spec.get("containers") or ())

    def __hash__(self) -> int:
        return hash(self.canonical)

    def with_images(self, images: Mapping[str, str]) -> PodTemplate:
        """The template with the image of each named container replaced (`*` names all)."""

        def changed(container: Mapping[str, Any]) -> Mapping[str, Any]:
            image = images.get(container.get("name", ""), images.get("*"))
            return container if image is None else {**container, "image": image}

        lists = {key: [changed(c) for c in self.spec[key]] for key in ("containers", "initContainers") if self.spec.get(key)}
        return replace(self, spec={**self.spec, **lists})
