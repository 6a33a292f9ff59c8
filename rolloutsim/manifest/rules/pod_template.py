"""Kubernetes' rules on the pod template of a Rollout (kubernetes, pkg/apis/apps/validation and pkg/apis/core/validation)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, forbidden, invalid, unsupported
from rolloutsim.manifest.names import annotation_violations, label_violations
from rolloutsim.manifest.rules.pod_spec import pod_spec_violations

Tree = Mapping[str, Any]


def pod_template_violations(template: Tree, selector: Tree, field: str) -> Iterator[Violation]:
    """Rules of a template whose labels a selector has to match (ValidatePodTemplateSpecForReplicaSet)."""
    meta: Tree = template.get("metadata") or {}
    labels: Tree = meta.get("labels") or {}
    spec: Tree = template.get("spec") or {}
    if not matches(selector, labels):  # an empty selector matches all, and is refused elsewhere
        at = f"{field}.metadata.labels"
        yield invalid(at, labels or None, "`selector` does not match template `labels`")
    yield from (v._replace(path=f"{field}.metadata.{v.path}", field=f"{field}.{v.field}") for v in label_violations(labels, "labels"))
    annotations = annotation_violations(meta.get("annotations") or {}, "annotations")
    yield from (v._replace(path=f"{field}.metadata.{v.path}", field=f"{field}.{v.field}") for v in annotations)
    yield from pod_spec_violations(spec, f"{field}.spec")
    policy = spec.get("restartPolicy") or "Always"
    if policy != "Always":
        yield unsupported(f"{field}.spec.restartPolicy", policy, ["Always"])
    if "activeDeadlineSeconds" in spec:
        yield forbidden(f"{field}.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported")


def matches(selector: Tree, labels: Tree) -> bool:
    """Whether a label selector selects labels."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for expression in selector.get("matchExpressions") or ():
        key, operator, values = expression.get("key"), expression.get("operator"), expression.get("values") or ()
        fits = {"In": labels.get(key) in values, "NotIn": labels.get(key) not in values, "Exists": key in labels, "DoesNotExist": key not in labels}
        if not fits.get(operator, True):
            return False
    return True
