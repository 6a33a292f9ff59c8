"""Canary steps: what they wait for, and steps that do nothing or never end."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.answers.reachable import Reached
from rolloutsim.diagnostics.diagnostic import Checks, Diagnostic, Hit
from rolloutsim.diagnostics.subject import CANARY, Subject
from rolloutsim.quantities import pause_seconds

CHECKS = Checks.empty()
KINDS = ("setWeight", "pause", "setCanaryScale", "setHeaderRoute", "setMirrorRoute", "experiment", "analysis", "plugin")


@CHECKS.rollout(
    Diagnostic(
        "RS301",
        "warning",
        "a canary without steps",
        "Without steps the new version goes to full weight at once: a rolling update. With a router the weight stays at 0 until every new pod is "
        "available, and then all traffic moves in one switch of the Services.",
        "Add steps: a setWeight, a pause or an analysis, and so on.",
        "argo-rollouts utils/replicaset/canary.go; recordings of the real controller show both",
    )
)
def no_steps(subject: Subject) -> Iterator[Hit]:
    """No step at all."""
    if subject.canary is not None and not subject.steps:
        how = "all traffic moves in one switch" if subject.is_routed else "it is a rolling update"
        yield subject.hit(CANARY, f"no steps: {how}")


@CHECKS.rollout(
    Diagnostic(
        "RS302",
        "warning",
        "nothing stops between the weights",
        "Each setWeight is done as soon as its pods are available. Without a pause, an analysis or an experiment between them, the weights rush by "
        "as fast as pods start, and nobody can look.",
        "Put a pause or an analysis after the weights that you want to watch.",
        "argo-rollouts rollout/canary.go, completedCurrentCanaryStep",
    )
)
def nothing_stops(subject: Subject) -> Iterator[Hit]:
    """Weights, and no step that waits."""
    stops = any(s.pause or s.analysis or s.experiment for s in subject.steps) or any(
        subject.thing.has(f"{CANARY}.steps[{i}].plugin") for i in range(len(subject.steps))
    )
    if not stops and any(0 < weight < subject.max_weight for _, weight in subject.set_weights()):
        yield subject.hit(f"{CANARY}.steps", "no pause and no analysis among the steps")


@CHECKS.rollout(
    Diagnostic(
        "RS303",
        "warning",
        "a pause of no time",
        "A pause with duration 0 is over in the next pass of the controller. Only a pause without duration waits for a promote.",
        "Write pause: {} to wait for a promote, or a duration.",
        "argo-rollouts rollout/pause.go, CompletedCanaryPauseStep",
    )
)
def empty_pause(subject: Subject) -> Iterator[Hit]:
    """Pauses of 0 seconds."""
    for i, step in enumerate(subject.steps):
        if step.pause is not None and pause_seconds(step.pause.duration) == 0:
            yield subject.hit(f"{CANARY}.steps[{i}].pause.duration", "a pause of 0 s does not wait")


@CHECKS.rollout(
    Diagnostic(
        "RS304",
        "warning",
        "a step that is two",
        "Validation forbids two of setWeight, pause, experiment and analysis in one step, but not setCanaryScale, setHeaderRoute, setMirrorRoute or "
        "a plugin beside them. The step is then done when one of them is, in a fixed order; the others are not waited for.",
        "Give each its own step.",
        "argo-rollouts pkg/apis/rollouts/validation; rollout/canary.go, completedCurrentCanaryStep",
    )
)
def two_in_one(subject: Subject) -> Iterator[Hit]:
    """Steps with several kinds that validation lets through."""
    for i in range(len(subject.steps)):
        kinds = [kind for kind in KINDS if subject.thing.has(f"{CANARY}.steps[{i}].{kind}")]
        forbidden = sum(kind in ("setWeight", "pause", "experiment", "analysis") for kind in kinds)
        if len(kinds) > 1 and forbidden < 2:
            yield subject.hit(f"{CANARY}.steps[{i}]", f"one step with {' and '.join(kinds)}")


@CHECKS.rollout(
    Diagnostic(
        "RS305",
        "error",
        "a setCanaryScale that says nothing sensible",
        "setCanaryScale takes exactly one of replicas, weight (percent of the replicas) and matchTrafficWeight. The API server takes none, several, "
        "negative numbers and more than 100 % alike; the controller then ignores the step, or makes as many pods.",
        "Keep one of the three, with a sensible number.",
        "argo-rollouts utils/replicaset/canary.go, UseSetCanaryScale; verdicts of the real controller",
    )
)
def senseless_scale(subject: Subject) -> Iterator[Hit]:
    """None, several, or senseless values."""
    for i, step in enumerate(subject.steps):
        scale = step.set_canary_scale
        if scale is None:
            continue
        path = f"{CANARY}.steps[{i}].setCanaryScale"
        given = [name for name in ("replicas", "weight", "matchTrafficWeight") if subject.thing.get(f"{path}.{name}") not in (None, False)]
        if len(given) != 1:
            yield subject.hit(path, f"{' and '.join(given)} at once" if given else "neither replicas nor weight nor matchTrafficWeight")
        elif min(scale.replicas or 0, scale.weight or 0) < 0:
            yield subject.hit(f"{path}.{given[0]}", "a negative size")
        elif (scale.weight or 0) > 100:
            yield subject.hit(f"{path}.weight", f"{scale.weight} % of the replicas")


@CHECKS.rollout(
    Diagnostic(
        "RS306",
        "warning",
        "the canary is too small for its traffic",
        "setCanaryScale holds until a step hands the size back with matchTrafficWeight. Later setWeights move traffic, but no pods: few canary pods "
        "get a share meant for many.",
        "Add setCanaryScale: {matchTrafficWeight: true} before the next setWeight.",
        "argo-rollouts utils/replicaset/canary.go, UseSetCanaryScale",
    )
)
def stuck_scale(subject: Subject) -> Iterator[Hit]:
    """Weights that an explicit size cannot carry: each canary pod would get more than twice what a pod gets now."""
    for row in _routed_weights(subject):
        fair = row.set_weight_percent / 100 * subject.replicas
        if row.canary_pods > 0 and fair > 2 * row.canary_pods:
            pods = f"{row.canary_pods} canary pod{'s' if row.canary_pods != 1 else ''}"
            yield subject.hit(f"{CANARY}.steps[{row.step}].setWeight", f"{row.set_weight_percent:g} % for {pods}, where {fair:.1f} would be needed")


@CHECKS.rollout(
    Diagnostic(
        "RS312",
        "error",
        "a weight for a canary of no pods",
        "setCanaryScale to 0 holds until a step hands the size back with matchTrafficWeight. While the canary has no pod the router is kept at weight 0, "
        "and the step is done all the same.",
        "Add setCanaryScale: {matchTrafficWeight: true} before the next setWeight.",
        "argo-rollouts rollout/trafficrouting.go; utils/replicaset/canary.go, UseSetCanaryScale",
    )
)
def weight_without_pods(subject: Subject) -> Iterator[Hit]:
    """Weights while an explicit size is 0."""
    for row in _routed_weights(subject):
        if row.canary_pods == 0:
            yield subject.hit(f"{CANARY}.steps[{row.step}].setWeight", f"setWeight {subject.steps[row.step].set_weight} for 0 canary pods")


def _routed_weights(subject: Subject) -> list[Reached]:
    """The setWeights above 0 of a canary with a router."""
    if subject.reachable is None or not subject.is_routed or subject.replicas == 0:
        return []
    return [row for row in subject.reachable.rows if subject.steps[row.step].set_weight]


@CHECKS.rollout(
    Diagnostic(
        "RS307",
        "error",
        "an experiment that never ends",
        "An experiment ends after its duration, or when all analyses with requiredForCompletion are done. With neither it runs, and the step waits, "
        "until somebody terminates it.",
        "Give the experiment a duration, or an analysis with requiredForCompletion: true.",
        "argo-rollouts experiments/experiment.go",
    )
)
def endless_experiment(subject: Subject) -> Iterator[Hit]:
    """Neither a duration nor a required analysis."""
    for i, step in enumerate(subject.steps):
        path = f"{CANARY}.steps[{i}].experiment"
        if step.experiment is not None and not subject.thing.has(f"{path}.duration"):
            analyses = subject.thing.list(f"{path}.analyses")
            if not any(isinstance(a, dict) and a.get("requiredForCompletion") is True for a in analyses):
                yield subject.hit(path, "no duration and no analysis with requiredForCompletion")


@CHECKS.rollout(
    Diagnostic(
        "RS308",
        "error",
        "an experiment of an unknown version",
        "specRef is canary or stable. The API server takes any text, and the experiment then cannot be made.",
        "Write specRef: canary or specRef: stable.",
        "argo-rollouts rollout/experiment.go, GetExperimentFromTemplate",
    )
)
def unknown_spec_ref(subject: Subject) -> Iterator[Hit]:
    """A specRef that is neither."""
    for i, step in enumerate(subject.steps):
        for k, template in enumerate(step.experiment.templates if step.experiment is not None else ()):
            if template.spec_ref not in ("canary", "stable"):
                yield subject.hit(f"{CANARY}.steps[{i}].experiment.templates[{k}].specRef", f"specRef {template.spec_ref!r}")


@CHECKS.rollout(
    Diagnostic(
        "RS309",
        "warning",
        "the Rollout is paused in its manifest",
        "With spec.paused nothing is scaled and no step is done, not even the first pods are created; promote takes the field away, and the next "
        "apply brings it back.",
        "Remove spec.paused; pause with a step, or with kubectl argo rollouts pause.",
        "argo-rollouts rollout/context.go, haltProgress",
    )
)
def paused_in_manifest(subject: Subject) -> Iterator[Hit]:
    """spec.paused: true."""
    if subject.spec.paused:
        yield subject.hit("spec.paused", "paused: true")


@CHECKS.rollout(
    Diagnostic(
        "RS310",
        "warning",
        "no old version is kept to go back to",
        "With revisionHistoryLimit 0 every ReplicaSet but the new and the stable one is deleted. Undo then finds nothing to go back to.",
        "Keep a few revisions; the default is 10.",
        "argo-rollouts rollout/sync.go, reconcileRevisionHistoryLimit",
    )
)
def no_history(subject: Subject) -> Iterator[Hit]:
    """revisionHistoryLimit: 0."""
    if subject.spec.revision_history_limit == 0:
        yield subject.hit("spec.revisionHistoryLimit", "revisionHistoryLimit 0: undo is impossible")


@CHECKS.rollout(
    Diagnostic(
        "RS311",
        "note",
        "a stuck update stays stuck",
        "When pods do not become available within progressDeadlineSeconds, the Rollout is only marked Degraded: the canary keeps its share until "
        "somebody aborts. Nothing else in this Rollout would stop it: it has no analysis.",
        "Set progressDeadlineAbort: true, or add an analysis.",
        "argo-rollouts utils/conditions; recordings of the real controller show both",
    )
)
def never_aborts(subject: Subject) -> Iterator[Hit]:
    """No analysis, no abort at the deadline, and steps that go on by themselves."""
    if subject.canary is None or subject.spec.progress_deadline_abort or subject.analyses or not subject.thing.has("spec.progressDeadlineSeconds"):
        return
    if not any(step.experiment for step in subject.steps):
        yield subject.hit("spec.progressDeadlineSeconds", "a deadline that aborts nothing, and no analysis")
