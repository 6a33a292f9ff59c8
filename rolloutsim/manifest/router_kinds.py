"""The objects of traffic routers as manifests: a JSON tree whose parts that matter here have the types that the API asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from rolloutsim.errors import Problem
from rolloutsim.manifest import router_objects as kinds
from rolloutsim.manifest.decode import Decoder
from rolloutsim.manifest.documents import Document
from rolloutsim.manifest.kinds import mapping_and_meta
from rolloutsim.manifest.matches import check_router_matches
from rolloutsim.manifest.router_objects import RouterObject

T = TypeVar("T", bound=RouterObject)

_DESTINATION = {"host": str, "subset": str, "port": dict}
_ROUTES = [{"name": str, "match": [dict], "route": [{"destination!": _DESTINATION, "weight": int}], "mirror": _DESTINATION}]
_EXPRESSION = {"subject!": {"scope!": str, "name": str}, "op!": str, "value": str, "set": [str]}
_APISIX_MATCH = {"hosts": [str], "paths": [str], "methods": [str], "exprs": [_EXPRESSION]}
_GATEWAY_MATCH = {"path": {"type": str, "value": str}, "method": str, "headers": [{"name!": str, "type": str, "value!": str}]}
SHAPES: dict[type[RouterObject], dict[str, Any]] = {
    kinds.VirtualService: {"hosts": [str], "http": _ROUTES, "tls": _ROUTES, "tcp": _ROUTES},
    kinds.DestinationRule: {"host": str, "subsets": [{"name!": str, "labels": dict}]},
    kinds.TraefikService: {"weighted": {"services": [{"name!": str, "weight": int, "kind": str}]}},
    kinds.IngressRoute: {"routes": [{"match!": str, "priority": int, "services": [{"name!": str, "weight": int, "kind": str}]}]},
    kinds.ApisixRoute: {
        "http": [{"name!": str, "priority": int, "match": _APISIX_MATCH, "backends": [{"serviceName!": str, "weight": int}]}],
    },
    kinds.Mapping: {
        "prefix!": str,
        "service!": str,
        "host": str,
        "hostname": str,
        "weight": int,
        "precedence": int,
        "method": str,
        "headers": dict,
        "regex_headers": dict,
    },
    kinds.HTTPRoute: {
        "hostnames": [str],
        "rules": [{"name": str, "matches": [_GATEWAY_MATCH], "backendRefs": [{"name!": str, "weight": int, "port": int}]}],
    },
    kinds.TrafficSplit: {"service!": str, "backends": [{"service!": str, "weight": int}]},
}
"""What rolloutsim reads of a kind; a key with "!" is required, every other key may be there or not."""

NOT_SIMULATED: dict[type[RouterObject], dict[str, str]] = {
    kinds.TraefikService: {
        "mirroring": "a TraefikService that mirrors",
        "highestRandomWeight": "a TraefikService that weighs by client",
        "weighted.sticky": "sticky clients of a TraefikService",
        "weighted.services[].sticky": "sticky clients of a Service",
    },
    kinds.IngressRoute: {"routes[].services[].sticky": "sticky clients of a Service"},
    kinds.ApisixRoute: {
        "http[].upstreams": "upstreams beside the backends of an ApisixRoute",
        "http[].match.remoteAddrs": "routes by client address",
        "http[].match.filter_func": "routes by a function",
    },
    kinds.Mapping: {
        "prefix_regex": "prefixes that are regular expressions",
        "prefix_exact": "prefixes that are whole paths",
        "host_regex": "hosts that are regular expressions",
        "method_regex": "methods that are regular expressions",
        "query_parameters": "routes by query",
        "regex_query_parameters": "routes by query",
        "load_balancer": "a load balancer of its own",
        "shadow": "a Mapping that mirrors",
    },
    kinds.HTTPRoute: {
        "rules[].matches[].queryParams": "routes by query",
        "rules[].sessionPersistence": "sticky clients of a rule",
    },
    kinds.TrafficSplit: {"matches": "a TrafficSplit for some requests only"},
}
"""Paths below spec ("[]": any index) that change where requests go and are not simulated."""

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
        for at in _found(spec, path):
            decoder.refuse(f"{prefix}spec.{at}", at.rpartition(".")[2], f"{why}: not simulated yet, and never ignored", "Remove it.")
    if len(problems) == before:
        check_router_matches(decoder, cls, spec, f"{prefix}spec")
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


def _found(value: Any, path: str, before: str = "") -> Iterator[str]:
    """Where something stands at a path; false is nothing."""
    key, _, rest = path.partition(".")
    name = key.removesuffix("[]")
    below = value.get(name) if isinstance(value, dict) else None
    items = [(f"{before}{name}", below)] if name == key else [(f"{before}{name}[{i}]", item) for i, item in enumerate(below or ())]
    for at, item in items:
        if rest:
            yield from _found(item, rest, f"{at}.")
        elif item is not None and item is not False:
            yield at
