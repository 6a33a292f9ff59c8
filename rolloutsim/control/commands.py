"""The kubectl plugin's commands as the patches that they send, and the words that they print (pkg/kubectl-argo-rollouts/cmd)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rolloutsim.errors import Refused
from rolloutsim.manifest.analysis import INCONCLUSIVE
from rolloutsim.manifest.deployment import Deployment
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import PodTemplate, ReplicaSet, Rollout, RolloutSpec


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch of a Rollout by the operator: attributes of its status, or a new spec; or a new template of the Deployment that it refers to."""

    status: Mapping[str, Any] | None = None
    spec: RolloutSpec | None = None
    workload_template: PodTemplate | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command does: its patches in order, and the line it prints."""

    patches: tuple[Patch, ...]
    printed: str


def set_image(rollout: Rollout, images: Mapping[str, str], workload: Deployment | None = None) -> Answer:
    """`set image NAME CONTAINER=IMAGE`, in the Deployment with workloadRef; refused for a container that does not exist (cmd/set/set_image.go)."""
    template = rollout.spec.template if workload is None else workload.template
    known = {str(c.get("name")) for key in ("containers", "initContainers") for c in template.spec.get(key) or ()}
    for container in images:
        if container != "*" and container not in known:
            raise Refused(f'unable to find container named "{container}"')
    if workload is not None:
        return Answer((Patch(workload_template=template.with_images(images)),), f'deployment "{workload.meta.name}" image updated')
    spec = replace(rollout.spec, template=template.with_images(images))
    return Answer((Patch(spec=spec),), f'rollout "{rollout.meta.name}" image updated')


def promote(rollout: Rollout, *, full: bool = False, skip_current_step: bool = False, skip_all_steps: bool = False) -> Answer:
    """`promote NAME [--full | --skip-current-step | --skip-all-steps]` (cmd/promote/promote.go; spec/views.md 7.1)."""
    name, spec, status = rollout.meta.name, rollout.spec, rollout.status
    canary = spec.strategy.canary
    last = len(canary.steps) if canary is not None else 0
    after = min((status.current_step_index or 0) + 1, last)
    if skip_current_step and skip_all_steps:
        raise Refused("Cannot use skip-current-step and skip-all-steps flags at the same time")
    if skip_current_step or skip_all_steps:
        if canary is None:
            raise Refused("Cannot skip steps of a bluegreen rollout. Run without a flags")
        if not last:
            raise Refused("Cannot skip steps of a rollout without steps")
        return Answer((Patch(status={"current_step_index": last if skip_all_steps else after}),), f"rollout '{name}' promoted")
    unpause = (Patch(spec=replace(spec, paused=False)),) if spec.paused else ()
    if full:
        promoted = () if status.current_pod_hash == status.stable_rs else (Patch(status={"promote_full": True}),)
        return Answer((*promoted, *unpause), f"rollout '{name}' fully promoted")
    first: tuple[Patch, ...] = ()
    inconclusive = canary is not None and status.step_run is not None and status.step_run.status == INCONCLUSIVE
    if inconclusive and status.pause_conditions and status.controller_pause:
        first = (Patch(status={"pause_conditions": (), "controller_pause": False, "current_step_index": after}),)
    elif status.pause_conditions:
        first = (Patch(status={"pause_conditions": ()}),)
    elif last:
        first = (Patch(status={"pause_conditions": (), "current_step_index": after}),)
    return Answer((*first, *unpause), f"rollout '{name}' promoted")


def abort(rollout: Rollout) -> Answer:
    """`abort NAME`."""
    return Answer((Patch(status={"abort": True}),), f"rollout '{rollout.meta.name}' aborted")


def retry(rollout: Rollout) -> Answer:
    """`retry rollout NAME`."""
    return Answer((Patch(status={"abort": False}),), f"rollout '{rollout.meta.name}' retried")


def pause(rollout: Rollout) -> Answer:
    """`pause NAME`."""
    return Answer((Patch(spec=replace(rollout.spec, paused=True)),), f"rollout '{rollout.meta.name}' paused")


def restart(rollout: Rollout, at_s: float, in_text: str = "0s") -> Answer:
    """`restart NAME [--in d]`: `at_s` is the whole second at which pods older than it are due."""
    return Answer((Patch(spec=replace(rollout.spec, restart_at=None, restart_at_s=at_s)),), f"rollout '{rollout.meta.name}' restarts in {in_text}")


def undo(rollout: Rollout, replica_sets: Sequence[ReplicaSet], to_revision: int = 0) -> Answer:
    """`undo NAME [--to-revision N]`: 0 is the second highest revision, whatever is stable (cmd/undo/undo.go)."""
    name = rollout.meta.name
    revisions = {rs.revision: rs for rs in replica_sets if rs.meta.owner == name}
    if to_revision:
        if to_revision not in revisions:
            raise Refused(f"unable to find specified revision {to_revision} in history")
        found = revisions[to_revision]
    elif len(revisions) < 2:
        raise Refused(f'no revision found for rollout "{name}"')
    else:
        found = revisions[sorted(revisions)[-2]]
    if rollout.spec.workload_ref is not None:
        # The plugin compares with the Rollout's own template, which is empty: it patches the Deployment in any case (undoWorkloadRef).
        return Answer((Patch(workload_template=found.template),), f"rollout '{name}' undo")
    if found.template == rollout.spec.template:
        return Answer((), f"skipped rollback (current template already matches revision {found.revision})")
    return Answer((Patch(spec=replace(rollout.spec, template=found.template)),), f"rollout '{name}' undo")
