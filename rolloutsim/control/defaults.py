"""What an absent field of a Rollout means to the controller (utils/defaults/defaults.go)."""

from __future__ import annotations

from rolloutsim.manifest.objects import BlueGreenStrategy, CanaryStrategy, RolloutSpec
from rolloutsim.quantities import scaled

REPLICAS = 1
REVISION_HISTORY_LIMIT = 10
PROGRESS_DEADLINE_SECONDS = 600
SCALE_DOWN_DELAY_SECONDS = 30
ABORT_SCALE_DOWN_DELAY_SECONDS = 30
MAX_SURGE = "25"
MAX_UNAVAILABLE = "25"
UNLIMITED = 2**31 - 1
RESYNC_S = 900.0
"""The informers' resync period; waits of this length or more are left to it."""
LOST_WORKLOAD_S = 20.0
"""A Rollout whose workload is not there is looked at again so much later (rollout/controller.go, syncHandler)."""
RUN_HISTORY_LIMIT = 5
"""Finished AnalysisRuns and Experiments that are kept, of the successful and of the others."""
MAX_WEIGHT = 100
VERIFY_RETRY_S = 10.0
"""Wait before a weight that is not in force yet is looked at again (ROLLOUT_VERIFY_RETRY_INTERVAL has no effect: its parsing is inverted)."""


def desired_replicas(spec: RolloutSpec) -> int:
    """`spec.replicas`, 1 when absent."""
    return REPLICAS if spec.replicas is None else spec.replicas


def surge_and_unavailable(spec: RolloutSpec) -> tuple[int, int]:
    """Pods of maxSurge (rounded up) and maxUnavailable (rounded down, capped at N); (0, 0) becomes (0, 1).

    Blue-green has no surge. Source: utils/replicaset/replicaset.go, resolveFenceposts, MaxSurge, MaxUnavailable.
    """
    n = desired_replicas(spec)
    strategy = spec.strategy.canary or spec.strategy.blue_green  # views ask of invalid Rollouts, too
    given = MAX_UNAVAILABLE if strategy is None or strategy.max_unavailable is None else strategy.max_unavailable
    unavailable = scaled(given, n, up=False)
    canary = spec.strategy.canary
    if canary is None:
        return 0, min(unavailable, n)
    surge = scaled(MAX_SURGE if canary.max_surge is None else canary.max_surge, n, up=True)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, n) if n else 0


def revision_history_limit(spec: RolloutSpec) -> int:
    """`spec.revisionHistoryLimit`, 10 when absent."""
    return REVISION_HISTORY_LIMIT if spec.revision_history_limit is None else spec.revision_history_limit


def progress_deadline_seconds(spec: RolloutSpec) -> int:
    """`spec.progressDeadlineSeconds`, 600 when absent."""
    return PROGRESS_DEADLINE_SECONDS if spec.progress_deadline_seconds is None else spec.progress_deadline_seconds


def scale_down_delay_seconds(spec: RolloutSpec) -> int:
    """How long an old ReplicaSet keeps its pods in blue-green and with a router: 30 s when absent; a canary without a router has no delay."""
    given = _strategy(spec).scale_down_delay_seconds
    return SCALE_DOWN_DELAY_SECONDS if given is None else given


def scale_down_delay_revision_limit(spec: RolloutSpec) -> int:
    """How many old ReplicaSets may keep their pods at once; unlimited when absent."""
    given = _strategy(spec).scale_down_delay_revision_limit
    return UNLIMITED if given is None else given


def abort_scale_down_delay_seconds(spec: RolloutSpec) -> int | None:
    """How long a routed canary or a preview keep their pods after an abort: 30 s when absent; an explicit 0 means for ever (None)."""
    given = _strategy(spec).abort_scale_down_delay_seconds
    if given is None:
        return ABORT_SCALE_DOWN_DELAY_SECONDS
    return given or None


def max_weight(spec: RolloutSpec) -> int:
    """`trafficRouting.maxTrafficWeight`, 100 when absent (utils/weightutil)."""
    canary = spec.strategy.canary
    routing = canary.traffic_routing if canary is not None else None
    given = routing.max_traffic_weight if routing is not None else None
    return MAX_WEIGHT if given is None else given


def _strategy(spec: RolloutSpec) -> BlueGreenStrategy | CanaryStrategy:
    """The one strategy that a valid spec has."""
    found = spec.strategy.blue_green or spec.strategy.canary
    assert found is not None
    return found
