"""What must fit between a scenario and its manifests: targets, containers, versions, timeline, expectations."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rolloutsim.errors import InputError, Problem
from rolloutsim.manifest.arrival_checks import check_arrivals, expected_requests
from rolloutsim.manifest.bundle import Manifests
from rolloutsim.manifest.data_plane import has_alb_router
from rolloutsim.manifest.data_plane_checks import check_data_plane
from rolloutsim.manifest.decode import camel
from rolloutsim.manifest.documents import Document, shown
from rolloutsim.manifest.merge_patch import patched_spec
from rolloutsim.manifest.metric_checks import check_metrics
from rolloutsim.manifest.plugin_checks import check_step_plugins
from rolloutsim.manifest.serving_checks import check_serving, closed_requests
from rolloutsim.manifest.target_checks import check_target
from rolloutsim.manifest.version_checks import check_answers, check_delays
from rolloutsim.manifest.workload_checks import check_workload, check_workload_edit
from rolloutsim.scenario import DEEDS, Action, Expectation, Scenario, ScenarioSpec, When

Refuse = Callable[[str, str, str, str], None]

MOST_EXPECTED_REQUESTS = 50_000_000
MOST_PLAYED_REQUESTS = 10_000_000_000
LONGEST_S = 30 * 86400.0


def check_scenario(scenario: Scenario, document: Document, manifests: Manifests, problems: list[Problem]) -> None:
    """Add a problem for everything that does not fit."""

    def refuse(path: str, found: str, rule: str, remedy: str) -> None:
        problems.append(Problem(document.place(path), found, rule, remedy))

    spec = scenario.spec
    names = [stream.name for stream in spec.traffic]
    for i, stream in enumerate(spec.traffic):
        if names.index(stream.name) != i:
            refuse(f"spec.traffic[{i}].name", f"the name {shown(stream.name)} a second time", "each stream has its own name", "Rename one of them.")
        check_target(stream, f"spec.traffic[{i}]", manifests, refuse)
        check_data_plane(stream, f"spec.traffic[{i}]", manifests, refuse)
    check_workload(manifests, healthy=spec.start.state == "healthy", refuse=refuse)
    check_arrivals(spec, _longest_s(spec), refuse)
    containers = {str(c.get("name")) for key in ("containers", "initContainers") for c in manifests.template.spec.get(key) or ()}
    images = set(manifests.template.images)
    for i, action in enumerate(spec.timeline):
        _check_action(action, i, containers, manifests, refuse)
        images |= set((action.set_image or {}).values()) | _images_of(action.edit)
    tags = images | {image.rpartition(":")[2] for image in images}
    for version in spec.versions:
        if version not in tags and not re.fullmatch(r"revision: ?\d+", version):
            known = ", ".join(sorted(tags))
            refuse(
                f"spec.versions.{version}",
                shown(version),
                f"a version is an image or tag that is deployed ({known}), or revision: N",
                "Correct the name.",
            )
    check_metrics(spec, manifests, refuse)
    check_step_plugins(spec, manifests, refuse)
    check_delays(spec, refuse)
    if spec.cluster.aws_verify_target_group and not has_alb_router(manifests.rollout):
        rule = "what the controller then asks AWS is simulated for canaries with the ALB router"
        refuse("spec.cluster.awsVerifyTargetGroup", "true", rule, "Remove it, or route the canary by alb.")
    check_answers(spec, refuse)
    check_serving(spec, refuse)
    for i, expectation in enumerate(spec.expect):
        _check_expectation(expectation, i, names, refuse)
    _check_time(scenario, refuse)


def _check_action(action: Action, i: int, containers: set[str], manifests: Manifests, refuse: Refuse) -> None:
    path = f"spec.timeline[{i}]"
    deeds = action.deeds
    if len(deeds) != 1:
        known = ", ".join(camel(name) for name in DEEDS)
        refuse(path, f"{len(deeds)} deeds", f"an entry does exactly one thing: {known}", "Split it, or complete it.")
    if action.edit is not None:
        _check_edit(action.edit, f"{path}.edit", manifests, refuse)
    if action.at is None and action.when is None and action.after is None:
        refuse(path, "no at, when or after", "an entry says when it happens", "Add at: 30s, or when: {phase: Paused}.")
    if action.at is not None and (action.when is not None or action.after is not None):
        refuse(path, "at together with when or after", "an instant needs no condition", "Keep one of them.")
    if action.when is not None and action.when == When():
        refuse(f"{path}.when", "an empty condition", "a condition names a phase, a step or pods", "For example when: {phase: Paused}.")
    if action.set_image is not None and not action.set_image:
        refuse(f"{path}.setImage", "no revision", "setImage names a container and its new image", "For example setImage: {app: 'app:v2'}.")
    for container, image in (action.set_image or {}).items():
        if container != "*" and container not in containers:
            known = ", ".join(sorted(containers))
            refuse(f"{path}.setImage.{container}", shown(container), f"the Rollout has no such container ({known})", "Correct the name.")
        if not image.strip() or image != image.strip():
            refuse(f"{path}.setImage.{container}", shown(image), "an image is a name, and a tag after a colon", "Give the image.")


def _images_of(patch: Any) -> set[str]:
    """The images that an edit brings."""
    for key in ("spec", "template", "spec", "containers"):
        patch = patch.get(key) if isinstance(patch, dict) else None
    found = patch if isinstance(patch, list) else []
    return {str(container["image"]) for container in found if isinstance(container, dict) and "image" in container}


def _check_edit(patch: dict[str, Any], path: str, manifests: Manifests, refuse: Refuse) -> None:
    if set(patch) != {"spec"}:
        refuse(path, ", ".join(map(shown, patch)) or "nothing", "an edit changes spec", "Write edit: {spec: ...}.")
        return
    check_workload_edit(patch, path, manifests, refuse)
    try:
        patched_spec(manifests.rollout, patch)
    except InputError as error:
        for problem in error.problems:
            refuse(f"{path}.{problem.place.path}", problem.found, problem.rule, problem.remedy)


def _check_expectation(expectation: Expectation, i: int, names: list[str], refuse: Refuse) -> None:
    path = f"spec.expect[{i}]"
    given = [key for key in ("share", "phase", "pods", "errors") if getattr(expectation, key) is not None]
    if len(given) != 1:
        refuse(path, f"{len(given)} expectations", "an entry holds exactly one: share, phase, pods or errors", "Split it, or complete it.")
    share = expectation.share
    if share is not None and not names:
        refuse(f"{path}.share", "no traffic", "a share is measured on traffic", "Add spec.traffic.")
    if share is not None and share.stream is not None and share.stream not in names:
        refuse(f"{path}.share.stream", shown(share.stream), f"there is no such stream ({', '.join(names)})", "Correct the name.")
    errors = expectation.errors
    if errors is not None and errors.at_most is None and errors.no_endpoint is None:
        refuse(f"{path}.errors", "no bound", "errors names atMost or noEndpoint", "For example errors: {atMost: 1%}.")


def _longest_s(spec: ScenarioSpec) -> float:
    """How long the run may last."""
    if spec.duration is not None:
        return spec.duration
    return spec.until.limit if spec.until is not None else 3600.0


def _check_time(scenario: Scenario, refuse: Refuse) -> None:
    spec = scenario.spec
    if spec.duration is not None and spec.until is not None:
        refuse("spec.until", "until together with duration", "a run ends in one way", "Keep one of them.")
    longest = _longest_s(spec)
    path = "spec.duration" if spec.duration is not None else "spec.until.limit"
    if not 0 < longest <= LONGEST_S:
        refuse(path, f"{longest:g} s", "a run lasts more than 0 s and at most 30 days", "Give another duration.")
    for i, action in enumerate(spec.timeline):
        if action.at is not None and action.at > longest:
            refuse(f"spec.timeline[{i}].at", f"{action.at:g} s", f"the run ends at {longest:g} s", "Move it, or let the run last longer.")
    requests = sum(expected_requests(stream, longest) + closed_requests(stream, spec, longest) for stream in spec.traffic)
    most, verb = (MOST_EXPECTED_REQUESTS, "kept") if spec.keep == "requests" else (MOST_PLAYED_REQUESTS, "played")
    if spec.detail == "requests" and requests > most:
        rule = f"at most {most:,} requests are {verb} one by one"
        remedy = "Set spec.keep: tallies or spec.detail: counts" if verb == "kept" else "Set spec.detail: counts"
        refuse("spec.traffic", f"up to {requests:,.0f} requests", rule, f"{remedy}, or a smaller rate or duration.")
    try:
        stamp = datetime.fromisoformat(spec.start.at)
        if stamp.tzinfo is None:
            raise ValueError
    except ValueError:
        refuse("spec.start.at", shown(spec.start.at), "an instant as in RFC 3339", "For example 2026-01-01T00:00:00Z.")
