"""Diagnostics about the manifests as such: the gates that refuse them, and comments that silence."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.diagnostics.diagnostic import Diagnostic, Finding
from rolloutsim.manifest.api_server import CREATED
from rolloutsim.manifest.verdict import Verdict

REFUSED = Diagnostic(
    "RS001",
    "error",
    "the API server refuses this object",
    "The object does not fit its schema: a field that does not exist, a value of the wrong type, something missing. kubectl apply fails, "
    "and nothing of the object is stored.",
    "Correct the field; kubectl explain rollout.spec names what exists.",
    "Kubernetes API server with strict field validation, on the custom resource definitions of Argo Rollouts",
)
INVALID = Diagnostic(
    "RS002",
    "error",
    "the controller calls this Rollout invalid",
    "The API server stores the object, but the controller's own rules refuse it: the Rollout becomes Degraded with condition InvalidSpec, and "
    "nothing more happens to it until that is corrected. The controller reports only the first rule; here all are.",
    "Correct the field, or add the object that is referred to.",
    "argo-rollouts pkg/apis/rollouts/validation",
)
IDLE_COMMENT = Diagnostic(
    "RS003",
    "note",
    "an ignore comment that silences nothing",
    "A comment `# rolloutsim: ignore CODE reason` silences a diagnostic on its line or on the line below. This one has no such diagnostic: the "
    "code is unknown, or the cause is gone.",
    "Remove the comment, or correct its code.",
    "rolloutsim",
)
DIAGNOSTICS = (REFUSED, INVALID, IDLE_COMMENT)


def verdict_findings(verdict: Verdict) -> Iterator[Finding]:
    """The answers of API server and controller as findings, each at its place."""
    for obj in verdict.objects:
        if obj.api != CREATED:
            thing = f"{obj.kind}/{obj.name}"
            for problem in obj.problems:
                yield Finding(REFUSED, problem.place, f"{problem.found}: {problem.rule}", thing)
            if not obj.problems:
                yield Finding(REFUSED, obj.document.place(), obj.api, thing)
    for rollout in verdict.rollouts:
        for violation, place in rollout.violations:
            yield Finding(INVALID, place, str(violation), f"Rollout/{rollout.name}")
