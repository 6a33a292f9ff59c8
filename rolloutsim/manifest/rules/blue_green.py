"""Rules on the blue-green strategy, and on anti-affinity, which both strategies have (validation.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, invalid
from rolloutsim.manifest.go_printing import printed

SAME_SERVICES = "This rollout uses the same service for the {} and {} services, but two different services are required."
_FIELD, _PATH = "spec.strategy", "spec.strategy.blueGreen"


def blue_green_violations(blue_green: Mapping[str, Any], history_limit: int) -> Iterator[Violation]:
    """Rules of `spec.strategy.blueGreen`; the real fields are named without `blueGreen`."""
    active, preview = blue_green.get("activeService", ""), blue_green.get("previewService", "")
    if active == preview:
        yield invalid(f"{_FIELD}.activeService", active, SAME_SERVICES.format("active", "preview"), f"{_PATH}.activeService")
    limit = blue_green.get("scaleDownDelayRevisionLimit")
    if limit is not None and limit > history_limit:
        text = "This rollout's revision history limit can not be smaller than the rollout's scale down limit"
        yield invalid(f"{_FIELD}.scaleDownDelayRevisionLimit", limit, text, f"{_PATH}.scaleDownDelayRevisionLimit")
    yield from anti_affinity_violations(blue_green, _PATH)


def anti_affinity_violations(strategy: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """Rules of `antiAffinity`."""
    affinity = strategy.get("antiAffinity")
    if affinity is None:
        return
    kinds = ("preferredDuringSchedulingIgnoredDuringExecution", "requiredDuringSchedulingIgnoredDuringExecution")
    preferred, needed = (affinity.get(kind) for kind in kinds)
    if (preferred is None) == (needed is None):
        flags = " ".join(f"antiAffinity.{kind[0].upper()}{kind[1:]}: {printed(kind in affinity)}" for kind in kinds)
        yield invalid(f"{_FIELD}.antiAffinity", flags, "AntiAffinity must have exactly one strategy listed", f"{path}.antiAffinity")
    if preferred is not None and not 1 <= preferred["weight"] <= 100:
        at = f"{path}.antiAffinity.{kinds[0]}.weight"
        yield invalid(f"{_FIELD}.antiAffinity.weight", preferred["weight"], "AntiAffinity weight must be between 1-100", at)
