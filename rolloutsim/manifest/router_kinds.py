"""The objects of traffic routers as manifests: a JSON tree whose parts that matter here have the types that the API asks for."""

from __future__ import annotations

from typing import Any, TypeVar

from rolloutsim.errors import Problem
from rolloutsim.manifest.decode import Decoder
from rolloutsim.manifest.documents import Document
from rolloutsim.manifest.kinds import mapping_and_meta
from rolloutsim.manifest.matches import check_istio_match
from rolloutsim.manifest.router_objects import DestinationRule, RouterObject, TraefikService, VirtualService

T = TypeVar("T", bound=RouterObject)

_DESTINATION = {"host": str, "subset": str, "port": dict}
_ROUTES = [{"name": str, "match": [dict], "route": [{"destination": _DESTINATION, "weight": int}], "mirror": _DESTINATION}]
SHAPES: dict[type[RouterObject], dict[str, Any]] = {
    VirtualService: {"hosts": [str], "http": _ROUTES, "tls": _ROUTES, "tcp": _ROUTES},
    DestinationRule: {"host": str, "subsets": [{"name!": str, "labels": dict}]},
    TraefikService: {"weighted": {"services": [{"name!": str, "weight": int, "kind": str}]}},
}
"""What rolloutsim reads of a kind; a key with "!" is required, every other key may be there or not."""

NOT_SIMULATED: dict[type[RouterObject], dict[str, str]] = {
    TraefikService: {
        "mirroring": "a TraefikService that mirrors",
        "highestRandomWeight": "a TraefikService that weighs by client",
        "weighted.sticky": "sticky clients of a TraefikService",
    },
}
"""Paths below spec that change where requests go and are not simulated."""

_NAMES = {str: "text", int: "a whole number", dict: "a mapping", list: "a list"}


def decode_router_object(cls: type[T], document: Document, problems: list[Problem], prefix: str = "") -> T | None:
    """An object of a router; every part of the wrong type is a problem with its place."""
    decoder, before = Decoder(document, problems), len(problems)
    data, meta = mapping_and_meta(decoder, prefix, frozenset({"spec", "status"}))
    spec = data.get("spec")
    if meta is None or not isinstance(spec, dict):
        decoder.refuse_type(f"{prefix}spec", spec, "a mapping")
        return None
    _check(decoder, spec, SHAPES[cls], f"{prefix}spec")
    for path, why in NOT_SIMULATED.get(cls, {}).items():
        if _found(spec, path) is not None:
            decoder.refuse(f"{prefix}spec.{path}", path, f"{why}: not simulated yet, and never ignored", "Remove it.")
    if cls is VirtualService and len(problems) == before:
        for i, route in enumerate(spec.get("http") or ()):
            for k, entry in enumerate(route.get("match") or ()):
                check_istio_match(decoder, entry, f"{prefix}spec.http[{i}].match[{k}]")
    return cls(meta, spec) if len(problems) == before else None


def _check(decoder: Decoder, value: Any, shape: Any, path: str) -> None:
    wanted: type[Any] = shape if isinstance(shape, type) else type(shape)
    if not isinstance(value, wanted) or isinstance(value, bool):
        decoder.refuse_type(path, value, _NAMES[wanted])
    elif isinstance(shape, list):
        for i, item in enumerate(value):
            _check(decoder, item, shape[0], f"{path}[{i}]")
    elif isinstance(shape, dict):
        for key, below in shape.items():
            name = key.removesuffix("!")
            if value.get(name) is not None:
                _check(decoder, value[name], below, f"{path}.{name}")
            elif key.endswith("!"):
                decoder.refuse(path, "nothing", f"{name} is required here", f"Add {name}.")


def _found(spec: Any, path: str) -> Any:
    for key in path.split("."):
        spec = spec.get(key) if isinstance(spec, dict) else None
    return spec
