"""The JSON form of a plan; its keys are promised."""

from __future__ import annotations

from typing import Any

from rolloutsim.planning import Plan, RolloutPlan


def plan_form(plan: Plan) -> dict[str, Any]:
    """`rolloutsim plan --json`."""
    return {
        "verdict": plan.word,
        "controller_messages": list(plan.controller_messages),
        "diagnostics": [finding.to_dict() for finding in plan.findings],
        "weights": [row for rollout in plan.rollouts for row in _weights(rollout)],
        "rollouts": [_rollout(rollout) for rollout in plan.rollouts],
        "silenced": [{**one.finding.to_dict(), "reason": one.reason} for one in plan.silenced],
        "skipped": [{"file": skipped.place.file, "line": skipped.place.line, "why": skipped.why} for skipped in plan.skipped],
        "objects": plan.objects,
        "files": plan.files,
    }


def _rollout(rollout: RolloutPlan) -> dict[str, Any]:
    reached = rollout.weights
    return {
        "name": rollout.name,
        "file": rollout.place.file,
        "line": rollout.place.line,
        "strategy": rollout.strategy,
        "replicas": rollout.replicas,
        "peak_pods": rollout.peak_pods,
        "ceiling_pods": reached.ceiling_pods if reached else None,
        "peak_pods_with_router": reached.routed_peak_pods if reached else None,
        "smallest_replicas": reached.smallest_replicas if reached and not reached.is_routed else None,
        "tolerance_pp": reached.tolerance_pp if reached else None,
    }


def _weights(rollout: RolloutPlan) -> list[dict[str, Any]]:
    return [
        {
            "rollout": rollout.name,
            "step": row.step,
            "label": row.label,
            "set_weight_percent": _rounded(row.set_weight_percent),
            "canary_pods": row.canary_pods,
            "stable_pods": row.stable_pods,
            "share_percent": _rounded(row.share_percent),
            "distance_pp": _rounded(row.distance_pp),
            "reachable_below_percent": _rounded(row.below_percent),
            "reachable_above_percent": _rounded(row.above_percent),
        }
        for row in (rollout.weights.rows if rollout.weights else ())
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
