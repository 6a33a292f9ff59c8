"""Kubernetes' rules on volumes and where containers mount them (kubernetes v1.34, pkg/apis/core/validation, ValidateVolumes, ValidateVolumeMounts).

The schema of a Rollout leaves volumes as they are, so that anything may stand there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, duplicate, forbidden, invalid, not_found, required, unsupported
from rolloutsim.manifest.names import label_errors

Tree = Mapping[str, Any]
_SOURCES = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "glusterfs", "flocker",
    "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc", "flexVolume", "configMap", "azureFile", "vsphereVolume",
    "photonPersistentDisk", "portworxVolume", "azureDisk", "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
)  # fmt: skip
"""Kinds of volumes in the order of their rules."""
_NAMED = {"secret": "secretName", "configMap": "name", "persistentVolumeClaim": "claimName"}
_HOST_TYPES = ("BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")


def volumes_of(spec: Tree) -> list[Tree]:
    """The volumes of a pod spec; what is no mapping counts as an empty one, as it does for the decoder of the controller."""
    listed = spec.get("volumes")
    return [volume if isinstance(volume, Mapping) else {} for volume in listed] if isinstance(listed, list) else []


def volume_violations(volumes: list[Tree], field: str) -> tuple[set[str], list[Violation]]:
    """The names of the volumes that keep the rules, and what the others break."""
    names: set[str] = set()
    found: list[Violation] = []
    for i, volume in enumerate(volumes):
        at, name = f"{field}[{i}]", volume.get("name")
        name = name if isinstance(name, str) else ""
        of_this = list(_source_violations(volume, at))
        of_this += [invalid(f"{at}.name", name, text) for text in label_errors(name)] if name else [required(f"{at}.name")]
        if name in names:
            of_this.append(duplicate(f"{at}.name", name))
        if not of_this:
            names.add(name)
        found += of_this
    return names, found


def _source_violations(volume: Tree, field: str) -> Iterator[Violation]:
    given = [kind for kind in _SOURCES if volume.get(kind) is not None]
    for kind in given[1:]:
        word = {"downwardAPI": "downwarAPI", "cephfs": "cephFS"}.get(kind, kind)  # as it stands in the source
        yield forbidden(f"{field}.{word}", "may not specify more than 1 volume type")
    if not given or not isinstance(volume[given[0]], Mapping):
        return  # an emptyDir is put in where there is no source
    kind, source = given[0], volume[given[0]]
    at = f"{field}.{kind}"
    if kind in _NAMED and not source.get(_NAMED[kind]):
        yield required(f"{at}.{_NAMED[kind]}")
    elif kind == "hostPath":
        path, of_type = str(source.get("path") or ""), source.get("type") or ""
        if not path:
            yield required(f"{at}.path")
            return
        if ".." in path.split("/"):
            yield invalid(f"{at}.path", path, "must not contain '..'")
        if of_type and of_type not in _HOST_TYPES:
            yield unsupported(f"{at}.type", str(of_type), ["", *_HOST_TYPES])


def mount_violations(container: Tree, field: str, volumes: Collection[str]) -> Iterator[Violation]:
    """Rules of `volumeMounts`, given the names of the volumes that there are."""
    paths: set[str] = set()
    devices = {device.get("name"): device.get("devicePath") for device in container.get("volumeDevices") or ()}
    for i, mount in enumerate(container.get("volumeMounts") or ()):
        at, name, path = f"{field}.volumeMounts[{i}]", mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            yield required(f"{at}.name")
        if name not in volumes:
            yield not_found(f"{at}.name", name)
        if not path:
            yield required(f"{at}.mountPath")
        if path in paths:
            yield invalid(f"{at}.mountPath", path, "must be unique")
        paths.add(path)
        if name in devices:
            yield invalid(f"{at}.name", name, "must not already exist in volumeDevices")
        if path in devices.values():
            yield invalid(f"{at}.mountPath", path, "must not already exist as a path in volumeDevices")
        yield from _below_violations(mount, f"{field}.volumeMounts", at)


def _below_violations(mount: Tree, field: str, at: str) -> Iterator[Violation]:
    for key in ("subPath", "subPathExpr"):
        path = mount.get(key) or ""
        if key == "subPathExpr" and path and mount.get("subPath"):
            yield invalid(f"{at}.{key}", path, "subPathExpr and subPath are mutually exclusive")
        if path.startswith("/"):
            yield invalid(f"{field}.{key}", path, "must be a relative path", f"{at}.{key}")
        if ".." in path.split("/"):
            yield invalid(f"{field}.{key}", path, "must not contain '..'", f"{at}.{key}")
