"""The JSON forms that scripts rely on; their keys are promised."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rolloutsim.gate import Checked
    from rolloutsim.report.result import Result

SHARE_KEYS = [
    "service",
    "from_s",
    "to_s",
    "step",
    "set_weight_percent",
    "revision",
    "image",
    "requests",
    "share_percent",
    "low_percent",
    "high_percent",
    "covers",
    "verdict",
    "stream",
    "label",
    "reason",
    "pods_new",
    "pods_stable",
    "experiment",
]


def run_form(result: Result) -> dict[str, Any]:
    """`rolloutsim run --json`."""
    record = result.record
    shares = [{key: _rounded(row[key]) for key in SHARE_KEYS} for row in result.shares.to_dict()]
    return {
        "scenario": record.header.scenario,
        "rollout": record.header.rollout,
        "seed": record.header.seed,
        "phase": result.phase,
        "duration_s": _rounded(result.duration.seconds),
        "waited_for_human_s": _rounded(result.duration.waited_for_human_s),
        "peak_pods": result.capacity.peak_pods,
        "shares": shares,
        "errors": _deeply_rounded(result.harm.to_dict()),
        "judgements": _deeply_rounded([judged.to_dict() for judged in result.judgements]),
        "steps": _deeply_rounded([{"step": s.step, "label": s.label, "from_s": s.from_s, "seconds": s.seconds} for s in result.duration.steps]),
        "switches": [
            {"at_s": _rounded(t), "service": s, "from": result.tags.get(a, ""), "to": result.tags.get(b, "")} for t, s, a, b in _switches(result)
        ],
        "loops": _deeply_rounded([loop._asdict() for loop in record.loops]),
        "assumptions": [assumption._asdict() for assumption in record.assumptions],
        "versions": dict(record.header.versions),
    }


def _switches(result: Result) -> tuple[tuple[float, str, str, str], ...]:
    return result.duration.switches


def check_form(checked: Checked) -> dict[str, Any]:
    """`rolloutsim check --json`."""
    return {
        "passed": checked.passed,
        "expectations": [_deeply_rounded(e._asdict()) for e in checked.expectations],
        "regressions": [_deeply_rounded(r._asdict()) for r in checked.regressions],
    }


def dumps(form: Any) -> str:
    """JSON text with a line end; NaN never leaves."""
    return json.dumps(form, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _deeply_rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _deeply_rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_deeply_rounded(item) for item in value]
    return _rounded(value)
