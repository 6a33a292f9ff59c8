"""How a pod ends: its preStop hook, then SIGTERM, then the exit, or SIGKILL when its grace period is over.

Source: kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, killContainer: the grace period counts from the deletion, the hook is
abandoned when it is over, and SIGTERM leaves at least two seconds.
"""

from __future__ import annotations

from typing import NamedTuple

from rolloutsim.manifest.pod_template import PodTemplate
from rolloutsim.scenario import Pods
from rolloutsim.scenario.cluster import OnTerm
from rolloutsim.scenario.model import mean_s

GRACE_S = 30.0
"""terminationGracePeriodSeconds, as the API server fills it in."""
LEAST_AFTER_TERM_S = 2.0
LONG_S = 5.0
"""Pods that take longer on average may not be done when their grace period is over."""


class Ending(NamedTuple):
    """After the deletion: SIGTERM, the exit, what the process does in between, and whether it was killed."""

    term_s: float
    gone_s: float
    on_term: OnTerm
    killed: bool


def ending(pods: Pods, template: PodTemplate | None, stop_s: float) -> Ending:
    """How a pod of a template ends, if its process exits `stop_s` after SIGTERM; the scenario's `pods` win over the manifest."""
    hook_s = pods.pre_stop if pods.pre_stop is not None else template.pre_stop_s if template is not None else 0.0
    given_s = template.grace_s if template is not None else None
    grace_s = pods.grace if pods.grace is not None else GRACE_S if given_s is None else given_s
    term_s = min(hook_s, grace_s)
    left_s = max(grace_s - term_s, LEAST_AFTER_TERM_S)
    return Ending(term_s, term_s + min(stop_s, left_s), pods.on_term or "serve", stop_s > left_s)


def may_break(pods: Pods, template: PodTemplate) -> bool:
    """Whether some pods may leave requests without an answer: they crash, exit at SIGTERM, or are killed."""
    takes_long = pods.stop is not None and mean_s(pods.stop) > LONG_S
    return bool(pods.crashes) or pods.on_term not in (None, "serve") or pods.grace is not None or template.grace_s is not None or takes_long
