"""How well a played timeline agrees with a recording: each field of each object is one series, a step function of time.

A series agrees when each side's state at each moment is found on the other side within a second, up to half a second in all: a change may come
a little early or late, but no lasting state may be wrong, missing or added. Events count as the set of what was said; views as printed lines,
without the random ends of pod names, ages, and the order of pods.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
Key = tuple[str, ...]
Steps = list[tuple[float, float, str]]

WITHIN_S, SLACK_S = 1.0, 0.5
FIELDS = {
    "Rollout": [
        "phase",
        "message",
        "step",
        "current",
        "stable",
        "abort",
        "promoteFull",
        "weights",
        "active",
        "preview",
        "replicas",
        "updated",
        "ready",
        "available",
        "pauses",
        "conditions",
    ],
    "ReplicaSet": ["spec", "replicas", "ready", "available", "scaleDownDeadline", "deleted"],
    "Service": ["hash"],
    "Ingress": ["annotations", "deleted"],
    "VirtualService": ["http"],
    "Endpoints": ["ready"],
}
NOTHING = "-"


def compare(recorded: Json, played: Json) -> list[tuple[Key, str]]:
    """Every series of either side with the first difference in words ("": it agrees)."""
    left, right = _series(recorded), _series(played)
    sets_left, sets_right = {**_events(recorded), **_views(recorded)}, {**_events(played), **_views(played)}
    out = [(key, _difference(left.get(key, []), right.get(key, []))) for key in sorted({*left, *right})]
    for key in sorted({*sets_left, *sets_right}):
        a, b = sets_left.get(key, set()), sets_right.get(key, set())
        out.append((key, "" if a == b else f"only recorded {sorted(a - b)[:2]}, only simulated {sorted(b - a)[:2]}"))
    return out


def _text(field: str, state: Json) -> str:
    value = state.get(field)
    if field == "pauses":
        value = [reason for reason, _ in value or ()]
    elif field == "scaleDownDeadline":
        value = value is not None
    elif field == "conditions":
        value = {name: entry[:2] for name, entry in (value or {}).items()}
    elif field == "weights" and value:
        value = {side: (value.get(side) or {}).get("weight") for side in ("canary", "stable")}
    return json.dumps(value, sort_keys=True) if value else NOTHING


def _series(document: Json) -> dict[Key, Steps]:
    changes: dict[Key, list[tuple[float, str]]] = {}
    for sample in sorted(document["timeline"], key=lambda sample: float(sample["t"])):
        for field in FIELDS.get(sample["kind"], ()):
            own = changes.setdefault((sample["kind"], sample["name"], field), [])
            text = _text(field, sample["state"])
            if not own or own[-1][1] != text:
                own.append((float(sample["t"]), text))
    out: dict[Key, Steps] = {}
    for key, own in changes.items():
        ends = [t for t, _ in own[1:]] + [max(float(document["until"]), own[-1][0])]
        out[key] = [(t, end, text) for (t, text), end in zip(own, ends, strict=True)]
    return out


def _events(document: Json) -> dict[Key, set[str]]:
    said: dict[Key, set[str]] = {}
    for event in document.get("events") or ():
        if event["reason"] != "RolloutAddedToInformer":  # its text holds the namespace
            text = event["message"].removeprefix("(combined from similar events): ")
            said.setdefault(("Events", event["on"], event["reason"]), set()).add(text)
    return said


def _views(document: Json) -> dict[Key, set[str]]:
    out: dict[Key, set[str]] = {}
    for view in document.get("views") or ():
        text = view.get("text")
        if text is None:
            continue
        for revision, pod_hash in (document.get("revisions") or {}).items():
            text = text.replace(pod_hash, revision)
        lines = Counter(_bare(line) for line in text.splitlines())
        out["View", f"{float(view['t']):.0f}s", "text"] = {f"{n}x {line}" for line, n in lines.items()}
    return out


def _bare(line: str) -> str:
    """A printed line without what is random or moves: namespace, ends of pod names, ages, branches."""
    line = re.sub(r"^Namespace:.*", "Namespace:", line.rstrip())
    line = re.sub(r"(-rev\d+(?:-[\w.-]*?)?)-[a-z0-9]{5}(?=\s)", r"\1-*", line)
    line = re.sub(r"delay:\S+", "delay:*", re.sub(r"\s+(\d+[smhd])+(?=\s|$)", " AGE", line))
    return re.sub(r"\s+", " ", line.replace("├", "└").replace("│", " ")).strip()


def _difference(recorded: Steps, played: Steps) -> str:
    missing, what = _uncovered(recorded, played)
    added, that = _uncovered(played, recorded)
    if max(missing, added) <= SLACK_S:
        return ""
    return "; ".join(part for part in (what and f"recorded {what}", that and f"simulated {that}") if part)


def _uncovered(steps: Steps, other: Steps) -> tuple[float, str]:
    """Seconds of `steps` whose state `other` does not have within the tolerance, and the first such state."""
    total, first = 0.0, ""
    for start, end, text in steps:
        missing, at = 0.0, start
        for low, high in sorted((a - WITHIN_S, b + WITHIN_S) for a, b, found in other if found == text):
            if high > at:
                missing += max(0.0, min(low, end) - at)
                at = max(at, min(high, end))
        missing += max(0.0, end - at)
        if missing > 0.1 and not first:
            first = f"{text[:120]} at {start:.2f} s"
        total += missing
    return total, first
