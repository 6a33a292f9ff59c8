"""`metadata` of an object: what the API server allows in it (apimachinery, pkg/api/validation/objectmeta.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.manifest.field_errors import Violation, forbidden, invalid, required
from rolloutsim.manifest.names import annotation_violations, label_errors, label_violations, qualified_name_errors

NameErrors = Callable[[str], list[str]]
_ORPHAN, _FOREGROUND = "orphan", "foregroundDeletion"


def metadata_violations(meta: Mapping[str, Any], name_errors: NameErrors, *, is_namespaced: bool) -> Iterator[Violation]:
    """Rules of `metadata`; a namespace that is absent is the one that the object is applied to."""
    name, namespace = meta.get("name") or "", meta.get("namespace") or ""
    if not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from (invalid("metadata.name", name, text) for text in name_errors(name))
    if not is_namespaced and namespace:
        yield forbidden("metadata.namespace", "not allowed on this type")
    elif namespace:
        yield from (invalid("metadata.namespace", namespace, text) for text in label_errors(namespace))
    yield from label_violations(meta.get("labels") or {}, "metadata.labels")
    yield from annotation_violations(meta.get("annotations") or {}, "metadata.annotations")
    yield from _owner_violations(meta.get("ownerReferences") or ())
    finalizers: Sequence[str] = meta.get("finalizers") or ()
    for finalizer in finalizers:
        yield from (invalid("metadata.finalizers", finalizer, text) for text in qualified_name_errors(finalizer))
    if _ORPHAN in finalizers and _FOREGROUND in finalizers:
        yield invalid("metadata.finalizers", finalizers, f"finalizer {_ORPHAN} and {_FOREGROUND} cannot be both set")


def _owner_violations(owners: Sequence[Mapping[str, Any]]) -> Iterator[Violation]:
    field, controller = "metadata.ownerReferences", ""
    for owner in owners:
        version: str = owner.get("apiVersion") or ""
        if not version or version.count("/") > 1 or version.endswith("/"):
            yield invalid(f"{field}.apiVersion", version, "version must not be empty")
        for key in ("kind", "name", "uid"):
            if not owner.get(key):
                yield invalid(f"{field}.{key}", owner.get(key) or "", "must not be empty")
        if owner.get("controller"):
            this = f"{owner.get('kind') or ''}/{owner.get('name') or ''}"
            if controller:
                text = f'Only one reference can have Controller set to true. Found "true" in references for {controller} and {this}'
                yield invalid(field, owners, text)
            controller = controller or this
