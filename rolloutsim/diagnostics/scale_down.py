"""Delays before pods are taken away: after an update, and after an abort."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.control import defaults
from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.subject import CANARY, Subject

CHECKS = Checks.empty()
LAG_S = {"alb": 30, "nginx": 5, "istio": 2}
"""Seconds until a changed selector or weight has arrived: AWS target groups; ingress-nginx syncs every 3.3 s and its workers look every second;
Istio pushes within a second or two. What is not listed gets OTHER_LAG_S."""
OTHER_LAG_S = 2
LONG_DELAY_S = 600
"""Two updates within so much time are not rare."""


@CHECKS.rollout(
    Diagnostic(
        "RS405",
        "error",
        "scaleDownDelaySeconds 0 means never",
        "A delay of 0 writes no deadline, so the old ReplicaSet is never scaled down, and the controller looks at the Rollout again at once, "
        "over and over.",
        "Write 1 for at once; leave the field out for the default of 30 seconds.",
        "argo-rollouts issue 1992; rollout/replicaset.go, scaleDownDelayHelper",
    )
)
def never_scaled_down(subject: Subject) -> Iterator[Hit]:
    """A delay of 0."""
    path = f"{subject.strategy}.scaleDownDelaySeconds"
    if (subject.is_routed or subject.blue_green is not None) and subject.thing.number(path) == 0:
        yield subject.hit(path, "the old pods stay for ever, and the controller spins")


@CHECKS.rollout(
    Diagnostic(
        "RS406",
        "warning",
        "the old pods go before the traffic has moved",
        "When the Service switches, load balancers, proxies and nodes hear of it later. If the old pods are gone by then, requests are sent to pods "
        "that no longer exist. The default of 30 seconds is made for that.",
        "Give scaleDownDelaySeconds at least the time that your router needs; leave the field out for 30 seconds.",
        "argo-rollouts docs/features/bluegreen.md; ingress-nginx sync limit and worker poll; Kubernetes endpoint propagation",
    )
)
def delay_below_lag(subject: Subject) -> Iterator[Hit]:
    """A scale-down delay shorter than the router's lag."""
    path = f"{subject.strategy}.scaleDownDelaySeconds"
    delay = subject.thing.number(path)
    if delay is None or delay <= 0 or not (subject.is_routed or subject.blue_green is not None):
        return
    name = max(subject.routers or ["kube-proxy"], key=lambda p: LAG_S.get(p, OTHER_LAG_S))
    lag = LAG_S.get(name, OTHER_LAG_S)
    if delay < lag:
        yield subject.hit(path, f"{delay} s, where {name} may take {lag} s to follow")


@CHECKS.rollout(
    Diagnostic(
        "RS407",
        "warning",
        "abortScaleDownDelaySeconds 0 keeps the pods for ever",
        "In blue-green the preview pods are then never scaled down after an abort. In a canary whose first step is setCanaryScale the canary keeps that "
        "size after an abort, and its Service flaps between both versions.",
        "Leave the field out (30 seconds), or give the seconds that you want to look at the aborted pods.",
        "argo-rollouts utils/defaults; recordings of the real controller show both",
    )
)
def abort_keeps_pods(subject: Subject) -> Iterator[Hit]:
    """An abort delay of 0 where it means never."""
    path = f"{subject.strategy}.abortScaleDownDelaySeconds"
    if subject.thing.number(path) != 0:
        return
    first = subject.steps[0].set_canary_scale if subject.steps else None
    if subject.blue_green is not None or (subject.is_routed and first is not None and not first.match_traffic_weight):
        yield subject.hit(path, "after an abort the pods of the new version stay")


@CHECKS.rollout(
    Diagnostic(
        "RS408",
        "warning",
        "an abort delay that is taken for none",
        "A wait as long as the controller's resync period (15 minutes) is left to the resync, and the pass that would wait sizes the canary instead: "
        "to 0 at once.",
        "Keep abortScaleDownDelaySeconds below 900.",
        "argo-rollouts rollout/replicaset.go, shouldDelayScaleDownOnAbort",
    )
)
def delay_beyond_resync(subject: Subject) -> Iterator[Hit]:
    """An abort delay of the resync period or more."""
    path = f"{CANARY}.abortScaleDownDelaySeconds"
    delay = subject.thing.number(path)
    if subject.is_routed and delay is not None and delay >= defaults.RESYNC_S:
        yield subject.hit(path, f"{delay} s is not below {defaults.RESYNC_S:g} s: the pods go at once")


@CHECKS.rollout(
    Diagnostic(
        "RS415",
        "note",
        "old pods of several updates at once",
        "Old pods stay for scaleDownDelaySeconds after each update. A second update within that time keeps a third set of pods: three times the "
        "replicas until the first delay is over.",
        "Shorten scaleDownDelaySeconds, or set scaleDownDelayRevisionLimit.",
        "argo-rollouts rollout/replicaset.go, scaleDownDelayHelper; a recording of the real controller shows it",
    )
)
def many_sets(subject: Subject) -> Iterator[Hit]:
    """A delay of ten minutes or more, without a limit of revisions."""
    path = f"{subject.strategy}.scaleDownDelaySeconds"
    delay, has_limit = subject.thing.number(path), subject.thing.has(f"{subject.strategy}.scaleDownDelayRevisionLimit")
    if delay is not None and delay >= LONG_DELAY_S and not has_limit and not subject.is_basic:
        yield subject.hit(path, f"old pods stay for {delay} s after each update: up to {3 * subject.replicas} pods with a second one")
