"""dynamicStableScale: stable pods that go as their traffic does, and what an abort then needs."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.subject import CANARY, Subject

CHECKS = Checks.empty()


@CHECKS.rollout(
    Diagnostic(
        "RS402",
        "error",
        "an abort that can never finish",
        "dynamicStableScale takes stable pods away as traffic moves. An abort must give them back before it may take traffic from the canary, and it "
        "shrinks the canary on the way down. An explicit abortScaleDownDelaySeconds forbids just that: from a high weight both sides wait for "
        "each other for ever.",
        "Remove abortScaleDownDelaySeconds, or dynamicStableScale.",
        "argo-rollouts issue 4898; a recording of the real controller shows it",
    )
)
def abort_deadlock(subject: Subject) -> Iterator[Hit]:
    """dynamicStableScale with an explicit abort delay."""
    canary = subject.canary
    if subject.is_routed and canary and canary.dynamic_stable_scale and canary.abort_scale_down_delay_seconds:
        yield subject.hit(
            f"{CANARY}.abortScaleDownDelaySeconds", f"abortScaleDownDelaySeconds {canary.abort_scale_down_delay_seconds} with dynamicStableScale"
        )


@CHECKS.rollout(
    Diagnostic(
        "RS403",
        "note",
        "an abort has to wait for new stable pods",
        "With dynamicStableScale the stable version has only the pods that its traffic needs. An abort walks the weight back step by step as stable "
        "pods start; until then users stay on the version that is being aborted.",
        "Leave dynamicStableScale out where an abort must be instant, or keep the weights low while you judge.",
        "argo-rollouts rollout/trafficrouting.go; a recording of the real controller shows it",
    )
)
def slow_abort(subject: Subject) -> Iterator[Hit]:
    """dynamicStableScale, and something that may abort at a high weight."""
    canary = subject.canary
    highest = max((weight for _, weight in subject.set_weights()), default=0)
    if subject.is_routed and canary and canary.dynamic_stable_scale and highest * 2 >= subject.max_weight:
        yield subject.hit(
            f"{CANARY}.dynamicStableScale", f"at setWeight {highest} an abort first has to start {_missing(subject, highest)} stable pods"
        )


def _missing(subject: Subject, weight: int) -> int:
    rows = [row for row in (subject.reachable.rows if subject.reachable else ()) if subject.steps[row.step].set_weight == weight]
    return subject.replicas - rows[-1].stable_pods if rows else 0


@CHECKS.rollout(
    Diagnostic(
        "RS404",
        "error",
        "no stable pod is left at full weight",
        "With dynamicStableScale a setWeight of 100 takes the last stable pod away while the Ingress still leads to the stable Service. "
        "ingress-nginx then answers 503 to everything, whatever the canary's weight, until the update is promoted.",
        "End the steps below 100: the promotion comes by itself.",
        "ingress-nginx issues 9635 and 13086; argo-rollouts issue 1820; a recording of the real controller shows stable at 0 pods",
    )
)
def empty_stable(subject: Subject) -> Iterator[Hit]:
    """dynamicStableScale at the full weight behind ingress-nginx."""
    if subject.is_routed and subject.canary and subject.canary.dynamic_stable_scale and "nginx" in subject.routers:
        for i, weight in subject.set_weights():
            if weight >= subject.max_weight:
                yield subject.hit(f"{CANARY}.steps[{i}].setWeight", f"setWeight {weight} leaves 0 stable pods behind ingress-nginx")
