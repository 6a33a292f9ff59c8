"""Pod templates and label selectors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

_SLEEP = re.compile(r"\bsleep\s+(\d+(?:\.\d+)?)\b")


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

    @cached_property
    def pre_stop_s(self) -> float:
        """How long the longest preStop hook of its containers sleeps; a hook that does something else is taken to be done at once."""
        return max((_slept_s(c.get("lifecycle") or {}) for c in self.spec.get("containers") or ()), default=0.0)

    @cached_property
    def grace_s(self) -> float | None:
        """`terminationGracePeriodSeconds`, if it is given."""
        given = self.spec.get("terminationGracePeriodSeconds")
        return None if given is None else float(given)

    def __hash__(self) -> int:
        return hash(self.canonical)

    def with_images(self, images: Mapping[str, str]) -> PodTemplate:
        """The template with the image of each named container replaced (`*` names all)."""

        def changed(container: Mapping[str, Any]) -> Mapping[str, Any]:
            image = images.get(container.get("name", ""), images.get("*"))
            return container if image is None else {**container, "image": image}

        lists = {key: [changed(c) for c in self.spec[key]] for key in ("containers", "initContainers") if self.spec.get(key)}
        return replace(self, spec={**self.spec, **lists})


def _slept_s(lifecycle: Mapping[str, Any]) -> float:
    """Seconds that a `preStop` sleeps, by its `sleep` or by the command that it runs."""
    hook = lifecycle.get("preStop") or {}
    if "sleep" in hook:
        return float((hook["sleep"] or {}).get("seconds") or 0)
    command = " ".join(str(word) for word in (hook.get("exec") or {}).get("command") or ())
    return sum(float(seconds) for seconds in _SLEEP.findall(command))
