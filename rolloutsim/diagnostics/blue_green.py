"""Blue-green: what is looked at before and after the switch."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.subject import BLUE_GREEN, Subject

CHECKS = Checks.empty()


@CHECKS.rollout(
    Diagnostic(
        "RS601",
        "warning",
        "the preview is judged at less than its load",
        "With previewReplicaCount the analysis before the promotion sees few pods; the rest start only after it, and are switched to without any "
        "further look. What shows under load, or in the number of connections, is not seen.",
        "Leave previewReplicaCount out where an analysis judges the preview, or add a postPromotionAnalysis.",
        "argo-rollouts utils/replicaset/replicaset.go, NewRSNewReplicas",
    )
)
def small_preview(subject: Subject) -> Iterator[Hit]:
    """A preview smaller than the replicas that an analysis judges."""
    strategy = subject.blue_green
    if strategy is None or strategy.pre_promotion_analysis is None or strategy.post_promotion_analysis is not None:
        return
    count = strategy.preview_replica_count
    if count is not None and 0 < count < subject.replicas:
        yield subject.hit(f"{BLUE_GREEN}.previewReplicaCount", f"{count} of {subject.replicas} pods are judged")


@CHECKS.rollout(
    Diagnostic(
        "RS602",
        "error",
        "a preview without a pod",
        "previewReplicaCount 0 (or below) is complete without a single pod: the preview Service leads nowhere, an analysis measures nothing, and a "
        "promotion comes before anything has started.",
        "Give at least 1, or leave the field out for all replicas.",
        "argo-rollouts rollout/bluegreen.go; verdicts of the real controller",
    )
)
def empty_preview(subject: Subject) -> Iterator[Hit]:
    """No pod in the preview."""
    count = subject.blue_green.preview_replica_count if subject.blue_green is not None else None
    if count is not None and count <= 0 < subject.replicas:
        yield subject.hit(f"{BLUE_GREEN}.previewReplicaCount", f"previewReplicaCount {count}")


@CHECKS.rollout(
    Diagnostic(
        "RS603",
        "warning",
        "autoPromotionSeconds does not count",
        "With autoPromotionEnabled: false only a person promotes; autoPromotionSeconds is ignored.",
        "Remove one of the two.",
        "argo-rollouts rollout/pause.go; issue 2000; a recording of the real controller shows it",
    )
)
def ignored_seconds(subject: Subject) -> Iterator[Hit]:
    """Seconds beside a manual promotion."""
    strategy = subject.blue_green
    if strategy is not None and strategy.auto_promotion_enabled is False and strategy.auto_promotion_seconds:
        yield subject.hit(f"{BLUE_GREEN}.autoPromotionSeconds", f"{strategy.auto_promotion_seconds} s are ignored with autoPromotionEnabled: false")


@CHECKS.rollout(
    Diagnostic(
        "RS604",
        "warning",
        "nothing looks before the switch",
        "By default the active Service switches in the very pass that sees the new pods available. Without a pause, an analysis or "
        "autoPromotionSeconds nobody ever looks at the preview.",
        "Set autoPromotionEnabled: false or autoPromotionSeconds, or add a prePromotionAnalysis.",
        "argo-rollouts rollout/bluegreen.go; a recording of the real controller shows it",
    )
)
def nothing_looks(subject: Subject) -> Iterator[Hit]:
    """No gate before and no analysis after the promotion."""
    strategy = subject.blue_green
    if strategy is None or strategy.auto_promotion_enabled is False or strategy.auto_promotion_seconds > 0:
        return
    if strategy.pre_promotion_analysis is None and strategy.post_promotion_analysis is None:
        yield subject.hit(BLUE_GREEN, "no pause, no seconds and no analysis before the promotion")


@CHECKS.rollout(
    Diagnostic(
        "RS605",
        "warning",
        "a preview that cannot be reached",
        "Without a previewService no Service selects only the new pods: neither a person nor an analysis can try them before the switch.",
        "Add a Service and name it in previewService.",
        "argo-rollouts rollout/service.go",
    )
)
def unreachable_preview(subject: Subject) -> Iterator[Hit]:
    """A manual promotion or an analysis before it, without a preview Service."""
    strategy = subject.blue_green
    if strategy is None or strategy.preview_service:
        return
    if strategy.auto_promotion_enabled is False or strategy.pre_promotion_analysis is not None:
        at = "autoPromotionEnabled" if strategy.auto_promotion_enabled is False else "prePromotionAnalysis"
        yield subject.hit(f"{BLUE_GREEN}.{at}", "nothing leads to the new pods before the switch")


@CHECKS.rollout(
    Diagnostic(
        "RS606",
        "note",
        "maxUnavailable does not hold for blue-green updates",
        "Blue-green starts all new pods beside the old ones. maxUnavailable only says how many pods a restart (spec.restartAt) takes at a time.",
        "Remove it, unless it is meant for restarts.",
        "argo-rollouts rollout/restart.go",
    )
)
def idle_unavailable(subject: Subject) -> Iterator[Hit]:
    """maxUnavailable in blue-green."""
    if subject.blue_green is not None and subject.blue_green.max_unavailable is not None:
        yield subject.hit(f"{BLUE_GREEN}.maxUnavailable", "an update does not look at it")


@CHECKS.rollout(
    Diagnostic(
        "RS607",
        "error",
        "an active Service without a name",
        "The API server takes an empty activeService, and neither lint nor the controller calls it invalid. The controller then looks for a Service of "
        "no name, fails in every pass, and never writes a phase.",
        "Name the Service that users reach.",
        "verdicts of the real controller",
    )
)
def nameless_active(subject: Subject) -> Iterator[Hit]:
    """An empty activeService."""
    if subject.blue_green is not None and subject.thing.get(f"{BLUE_GREEN}.activeService") == "":
        yield subject.hit(f"{BLUE_GREEN}.activeService", 'activeService: ""')


@CHECKS.rollout(
    Diagnostic(
        "RS608",
        "warning",
        "a preview larger than the whole",
        "previewReplicaCount above replicas makes more pods before the promotion than after it.",
        "Leave previewReplicaCount out, or give less than the replicas.",
        "argo-rollouts utils/replicaset/replicaset.go, NewRSNewReplicas",
    )
)
def large_preview(subject: Subject) -> Iterator[Hit]:
    """A preview of more pods than the replicas."""
    count = subject.blue_green.preview_replica_count if subject.blue_green is not None else None
    if count is not None and count > subject.replicas:
        yield subject.hit(f"{BLUE_GREEN}.previewReplicaCount", f"{count} for the preview, {subject.replicas} after it")
