"""The templates of an Experiment: ReplicaSet, Service, size and standing of each (experiments/experiment.go, reconcileTemplate)."""

from __future__ import annotations

from rolloutsim.control import defaults
from rolloutsim.control.experiments.look import Look
from rolloutsim.control.hashes import pod_template_hash
from rolloutsim.control.operations import CreateReplicaSet, CreateService, DeleteService, PatchReplicaSet, UpdateReplicaSet
from rolloutsim.manifest.analysis import COMPLETED, ERROR, FAILED, RUNNING, SUCCESSFUL
from rolloutsim.manifest.experiment import DEFAULT_SCALE_DOWN_DELAY_S, ExperimentTemplate, TemplateStatus
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import HASH_LABEL, Meta, ReplicaSet, Service

NAME_ANNOTATION, TEMPLATE_ANNOTATION = "experiment.argoproj.io/name", "experiment.argoproj.io/template-name"
PROGRESSING = "Progressing"


def reconcile(look: Look, template: ExperimentTemplate) -> None:
    """Bring a template's pods and Service to what they shall be, and say how it stands."""
    before = look.experiment.status.template(template.name) or TemplateStatus(template.name)
    after, wanted = before, _wanted(look, template, before)
    name = f"{look.experiment.meta.name}-{template.name}"
    rs = look.replica_sets.get(name)
    if rs is None:
        rs = _create(look, template, name)
        after = replace(after, last_transition_s=look.now.whole_s)
    else:
        after = _with_service(look, template, after, rs, wanted)
        if wanted == 0:
            rs = _with_deadline(look, rs)
        if rs.replicas != wanted:
            _scale(look, template, rs, wanted)
            after = replace(after, last_transition_s=look.now.whole_s)
    after = replace(after, replicas=rs.status.replicas, ready_replicas=rs.status.ready_replicas, available_replicas=rs.status.available_replicas)
    if (before.replicas, before.ready_replicas, before.available_replicas) != (after.replicas, after.ready_replicas, after.available_replicas):
        after = replace(after, last_transition_s=look.now.whole_s)
    if after.status not in COMPLETED:
        after = _assessed(look, template, after, wanted)
    if before.status != after.status:
        text = f"Template '{template.name}' transitioned from {before.status} -> {after.status}" + (f": {after.message}" if after.message else "")
        look.emit(f"Template{after.status}", text, "Warning" if after.status in (FAILED, ERROR) else "Normal")
    look.set_template(after)


def size_of(template: ExperimentTemplate) -> int:
    """Its pods while it runs; 1 when absent."""
    return 1 if template.replicas is None else template.replicas


def _wanted(look: Look, template: ExperimentTemplate, status: TemplateStatus) -> int:
    """How many pods it shall have: none when it is over (CalculateTemplateReplicasCount)."""
    return 0 if look.is_terminating or status.status in COMPLETED else size_of(template)


def _create(look: Look, template: ExperimentTemplate, name: str) -> ReplicaSet:
    """Its ReplicaSet, at first without pods (createReplicaSetForTemplate); it is called after the Experiment, its hash is its own."""
    bare = replace(template.template, labels={k: v for k, v in template.template.labels.items() if k != HASH_LABEL})
    meta = Meta(name, look.experiment.meta.namespace, owner=look.experiment.meta.name, created_s=look.now.s, labels=bare.labels)
    rs = ReplicaSet(meta, bare, pod_template_hash(bare), min_ready_seconds=template.min_ready_seconds)
    look.do(CreateReplicaSet(rs))
    return rs


def _with_service(look: Look, template: ExperimentTemplate, status: TemplateStatus, rs: ReplicaSet, wanted: int) -> TemplateStatus:
    """Its Service, if it has one: made with the first pods, deleted when the last is gone (createTemplateService)."""
    known = look.services.get(template.name)
    if template.service is not None and wanted != 0:
        ports = tuple(port for container in rs.template.spec.get("containers") or () for port in container.get("ports") or ())
        if ports and (known is None or known.meta.name != rs.meta.name):
            name = template.service.name or rs.meta.name
            if known is None and name in look.all_services and not _owns(look, look.all_services[name], template):
                text = f"service {name} already exists and is not owned by experiment template {template.name}"
                return replace(status, status=ERROR, message=f"Failed to create Service {name} for template '{template.name}': {text}")
            if known is None:
                annotations = {NAME_ANNOTATION: look.experiment.meta.name, TEMPLATE_ANNOTATION: template.name}
                meta = Meta(name, rs.meta.namespace, annotations=annotations, owner=look.experiment.meta.name)
                selector = {**rs.template.labels, HASH_LABEL: rs.pod_hash}
                look.services[template.name] = Service(meta, selector, tuple({"port": port.get("containerPort")} for port in ports))
                look.do(CreateService(look.services[template.name]))
            return replace(status, service_name=name, pod_template_hash=rs.pod_hash)
    elif known is not None and rs.status.available_replicas == 0:
        look.do(DeleteService(known.meta.name))
        return replace(status, service_name="", pod_template_hash="")
    return status


def _owns(look: Look, service: Service, template: ExperimentTemplate) -> bool:
    return service.meta.owner == look.experiment.meta.name and service.meta.annotations.get(TEMPLATE_ANNOTATION) == template.name


def _with_deadline(look: Look, rs: ReplicaSet) -> ReplicaSet:
    """The ReplicaSet with a deadline for its pods, unless it has one or there is no delay (addScaleDownDelay)."""
    given = look.experiment.spec.scale_down_delay_seconds
    delay_s = DEFAULT_SCALE_DOWN_DELAY_S if given is None else given
    deadline_s = look.now.whole_s + delay_s if delay_s else None
    if (delay_s and rs.scale_down_deadline_s is not None) or deadline_s == rs.scale_down_deadline_s:
        return rs
    look.do(PatchReplicaSet(rs.meta.name, {"scale_down_deadline_s": deadline_s}))
    return replace(rs, scale_down_deadline_s=deadline_s)


def _scale(look: Look, template: ExperimentTemplate, rs: ReplicaSet, wanted: int) -> None:
    """Bring it to its size; down only after the deadline (scaleTemplateRS)."""
    if wanted == 0 and rs.scale_down_deadline_s is not None and rs.scale_down_deadline_s > look.now.s:
        if rs.scale_down_deadline_s - look.now.s < defaults.RESYNC_S:
            look.wake_up(rs.scale_down_deadline_s)
        wanted = size_of(template)
    if rs.replicas == wanted:
        return
    way = "up" if rs.replicas < wanted else "down"
    look.do(UpdateReplicaSet(rs.meta.name, {"replicas": wanted}))
    look.emit("ScalingReplicaSet", f"Scaled {way} ReplicaSet {rs.meta.name} from {rs.replicas} to {wanted}")


def _assessed(look: Look, template: ExperimentTemplate, status: TemplateStatus, wanted: int) -> TemplateStatus:
    """Running with all its pods, Failed when it has not had them for progressDeadlineSeconds, Successful when the Experiment is over."""
    if wanted == status.available_replicas:
        is_over = look.is_terminating or (look.ends_s is not None and look.now.s > look.ends_s)
        return replace(status, status=SUCCESSFUL if is_over else RUNNING)
    from_s = look.now.whole_s if status.last_transition_s is None else status.last_transition_s
    if look.now.s > from_s + look.progress_deadline_s:
        message = f"Template '{template.name}' exceeded its progressDeadlineSeconds ({look.progress_deadline_s})"
        return replace(status, status=FAILED, message=message)
    return replace(status, status=SUCCESSFUL if look.is_terminating else PROGRESSING)
