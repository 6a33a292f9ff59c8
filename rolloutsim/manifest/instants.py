"""Instants of manifests (RFC 3339) in simulation time."""

from __future__ import annotations

import math
import re
from datetime import datetime

from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.rollout import RolloutSpec

_FRACTION = re.compile(r"[.,][0-9]+(?=Z|[+-])")
_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})")


def whole_instant(text: str) -> datetime | None:
    """An instant cut to its second, as the controller has it (rollout/controller.go, remarshalRollout: metav1.Time has no fraction); None if it is none.

    Go reads RFC 3339 more strictly than the API server checks it: T and Z are capital letters there (time.Parse).
    """
    whole = _FRACTION.sub("", text, count=1)
    try:
        return datetime.fromisoformat(whole) if _RFC_3339.fullmatch(whole) else None
    except ValueError:
        return None


def with_restart_instant(spec: RolloutSpec, start_at: str, fraction_s: float) -> RolloutSpec:
    """The spec with the instant of its restartAt in seconds from t = 0, which is the second of `start_at` plus `fraction_s`."""
    restart = whole_instant(spec.restart_at) if spec.restart_at is not None else None
    if restart is None or spec.restart_at_s is not None:
        return spec
    start = datetime.fromisoformat(start_at)
    return replace(spec, restart_at_s=math.floor((restart - start.replace(microsecond=0)).total_seconds()) - fraction_s)
