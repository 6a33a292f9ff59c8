"""Weights of a canary without a router, where pods alone make the share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rolloutsim.control.replicas import target
from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.subject import CANARY, Subject

CHECKS = Checks.empty()
ARITHMETIC = "argo-rollouts utils/replicaset/canary.go, approximateWeightedCanaryStableReplicaCounts"


@CHECKS.rollout(
    Diagnostic(
        "RS101",
        "warning",
        "so few replicas cannot make this weight",
        "Without a router the controller can only choose how many pods are new and how many old, of N or N + 1 in total. "
        "With few pods most weights have no such pair, and the nearest one can be far away: with one replica every weight from 1 to 99 is one pod of two.",
        "Use a weight that the pods can make, more replicas, or a router (trafficRouting) that splits requests.",
        ARITHMETIC,
    )
)
def out_of_reach(subject: Subject) -> Iterator[Hit]:
    """Shares further from setWeight than the tolerance."""
    found = subject.reachable if subject.is_basic else None
    for row in found.missed if found else ():
        n, surge = subject.replicas, subject.surge_and_unavailable[0]
        hole = row.canary_pods == 0 and row.set_weight_percent > 0
        if n == 0 or hole or (n == 1 and surge == 0):
            continue
        nearest = " or ".join(f"{share:.0f}" for share in sorted({row.below_percent, row.above_percent}))
        enough = f"; {found.smallest_replicas} replicas have all weights within {found.tolerance_pp:g}" if found else ""
        pods = f"{row.canary_pods} new of {row.canary_pods + row.stable_pods} pods"
        yield subject.hit(
            f"{CANARY}.steps[{row.step}].setWeight",
            f"setWeight {row.set_weight_percent:g} becomes {pods}, {row.share_percent:.0f} % (reachable: {nearest} %{enough})",
        )


@CHECKS.rollout(
    Diagnostic(
        "RS102",
        "error",
        "this weight sends the canary to zero pods",
        "With maxSurge 0 the controller rounds N times the weight up and down. Where it ends on one half, rounding down is not allowed, "
        "and where rounding up gives all N, neither is that: no pair is left, and the answer is no canary pod at all. "
        "It happens at 2 replicas and 75, 5 and 90, 10 and 95, 25 and 98, 50 and 99.",
        "Allow a surge pod (maxSurge: 1), or move the weight by one.",
        f"{ARITHMETIC}; a recording of the real controller shows it",
    )
)
def zero_canary_hole(subject: Subject) -> Iterator[Hit]:
    """Weights for which no pair of sizes is left."""
    n, surge = subject.replicas, subject.surge_and_unavailable[0]
    if subject.is_basic and n > 1 and surge == 0:
        for i, weight in subject.set_weights():
            if 0 < weight < 100 and target(n, weight, surge)[0] == 0:
                yield subject.hit(f"{CANARY}.steps[{i}].setWeight", f"setWeight {weight} with {n} replicas and maxSurge 0 gives 0 new pods")


@CHECKS.rollout(
    Diagnostic(
        "RS103",
        "error",
        "one replica without surge is no canary",
        "With one replica and maxSurge 0, weights below 50 start no canary pod, and from 50 on the only pod is replaced: "
        "nobody is served until the new one is ready.",
        "Allow a surge pod (maxSurge: 1), or run at least two replicas.",
        ARITHMETIC,
    )
)
def only_pod_replaced(subject: Subject) -> Iterator[Hit]:
    """One replica, no surge."""
    if subject.is_basic and subject.replicas == 1 and subject.surge_and_unavailable[0] == 0:
        weights = [weight for _, weight in subject.set_weights() if 0 < weight < 100]
        what = "the only pod is replaced while nobody serves"
        if weights and max(weights) < 50:
            what = "no setWeight starts a canary pod, and at the end " + what
        path = f"{CANARY}.maxSurge" if subject.thing.has(f"{CANARY}.maxSurge") else CANARY
        yield subject.hit(path, f"1 replica and maxSurge 0: {what}")


@CHECKS.rollout(
    Diagnostic(
        "RS104",
        "warning",
        "the weights fall",
        "A lower setWeight takes pods from the canary. Without a router the step may be done while the canary is still too big, and with one the "
        "canary is made smaller before traffic is taken away, so the remaining pods carry too much for a moment.",
        "Let weights rise; to go back, abort.",
        "argo-rollouts utils/replicaset/canary.go, rollout/trafficrouting.go; recordings of the real controller show both",
    )
)
def falling(subject: Subject) -> Iterator[Hit]:
    """A setWeight below the one before."""
    for (_, before), (i, weight) in pairwise(subject.set_weights()):
        if weight < before:
            yield subject.hit(f"{CANARY}.steps[{i}].setWeight", f"setWeight {weight} after {before}")


@CHECKS.rollout(
    Diagnostic(
        "RS105",
        "warning",
        "a setWeight that changes nothing",
        "Two weights in a row that the same pods make are one step for the users: the second pause or analysis watches the same canary again.",
        "Use weights further apart, more replicas, or a router.",
        ARITHMETIC,
    )
)
def same_pods(subject: Subject) -> Iterator[Hit]:
    """Different weights with the same pods, or the same weight twice."""
    rows = {row.step: (row.canary_pods, row.stable_pods) for row in subject.reachable.rows} if subject.reachable else {}
    for (h, before), (i, weight) in pairwise(subject.set_weights()):
        if weight == before and not any(step.set_canary_scale for step in subject.steps[h:i]):
            yield subject.hit(f"{CANARY}.steps[{i}].setWeight", f"setWeight {weight} a second time")
        elif weight != before and subject.is_basic and rows and rows[h] == rows[i] and subject.replicas > 0:
            pods = f"{rows[i][0]} new and {rows[i][1]} old pods"
            yield subject.hit(f"{CANARY}.steps[{i}].setWeight", f"setWeight {weight} keeps the {pods} of setWeight {before}")


@CHECKS.rollout(
    Diagnostic(
        "RS106",
        "warning",
        "a step looks at a canary that has no pod yet",
        "Before the first setWeight (or setCanaryScale, with a router) the weight is 0, and so is the canary: a pause or an analysis there watches "
        "the old version alone.",
        "Put a setWeight first; with a router setCanaryScale starts pods without traffic.",
        "argo-rollouts utils/replicaset/canary.go, GetCurrentSetWeight; a recording of the real controller shows it",
    )
)
def leading(subject: Subject) -> Iterator[Hit]:
    """A pause or analysis while the canary has no pod."""
    for i, step in enumerate(subject.steps):
        scale = step.set_canary_scale
        if (step.set_weight or 0) > 0 or (scale is not None and subject.is_routed) or step.experiment is not None or step.plugin is not None:
            return
        kind = "analysis" if step.analysis is not None else "pause" if step.pause is not None else ""
        if kind:
            yield subject.hit(f"{CANARY}.steps[{i}].{kind}", f"{kind} at weight 0, with no canary pod")


@CHECKS.rollout(
    Diagnostic(
        "RS107",
        "warning",
        "a pause at setWeight 100",
        "At 100 there is nothing left to compare with: without a router every old pod is gone before the pause begins, and an abort in it has to "
        "start the old version anew. The steps end at 100 by themselves.",
        "End the steps with a lower weight, and judge there.",
        "argo-rollouts utils/replicaset/canary.go; a recording of the real controller shows the old version at 0 pods",
    )
)
def pause_at_full(subject: Subject) -> Iterator[Hit]:
    """A pause or analysis at the full weight."""
    for i, step in enumerate(subject.steps):
        kind = "analysis" if step.analysis is not None else "pause" if step.pause is not None else ""
        if kind and subject.weight_at(i) == subject.max_weight:
            old = "no old pod is left" if subject.is_basic or (subject.canary and subject.canary.dynamic_stable_scale) else "nobody uses the old pods"
            yield subject.hit(f"{CANARY}.steps[{i}].{kind}", f"{kind} at setWeight {subject.max_weight}: {old}")


@CHECKS.rollout(
    Diagnostic(
        "RS108",
        "note",
        "setWeight 0 starts nothing",
        "Without a router a weight of 0 is done at once, with no canary pod.",
        "Begin with a weight above 0.",
        "argo-rollouts utils/replicaset/canary.go; a recording of the real controller shows it",
    )
)
def zero_weight(subject: Subject) -> Iterator[Hit]:
    """A weight of 0 without a router."""
    if subject.is_basic:
        for i, weight in subject.set_weights():
            if weight == 0 and subject.weight_at(i - 1) == 0:
                yield subject.hit(f"{CANARY}.steps[{i}].setWeight", "setWeight 0 without a router")
