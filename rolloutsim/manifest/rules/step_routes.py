"""Rules on the header and mirror routes that a step sets (validation.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.manifest.field_errors import Violation, invalid, required
from rolloutsim.manifest.go_printing import Struct

Tree = Mapping[str, Any]
_ROUTERS = ("istio", "alb", "apisix")
_HEADER_ROUTER = "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix"
_MIRROR_ROUTER = "SetMirrorRoute requires TrafficRouting, supports Istio only"
_MISSED = "StringMatch value missed, match value must have one of the following: exact, regex, prefix"
_SEVERAL = "StringMatch match value must have exactly one of the following: exact, regex, prefix"
_EXACT_ONLY = "SetHeaderRoute match value invalid. ALB supports 'exact' value only"


def header_violations(step: Tree, routing: Tree | None, field: str, path: str) -> Iterator[Violation]:
    """Rules of `setHeaderRoute`."""
    route = step.get("setHeaderRoute")
    if route is None:
        return
    below = ".setHeaderRoute"
    if routing is None or not (any(name in routing for name in _ROUTERS) or routing.get("plugins")):
        yield invalid(field + below, _shown_header(route), _HEADER_ROUTER, path + below)
        return
    for j, match in enumerate(route.get("match") or ()):
        at = f"{below}.match[{j}]"
        rule = _alb_violation if "alb" in routing else _match_violation
        yield from rule(match.get("headerValue"), field + at, path + at)


def mirror_violations(step: Tree, routing: Tree | None, field: str, path: str) -> Iterator[Violation]:
    """Rules of `setMirrorRoute`; the method is looked at twice, the headers never."""
    route = step.get("setMirrorRoute")
    if route is None:
        return
    below = ".setMirrorRoute"
    if routing is None or "istio" not in routing:
        yield invalid(field + below, _shown_mirror(route), _MIRROR_ROUTER, path + below)
    for j, match in enumerate(route.get("match") or ()):
        at = f"{below}.match[{j}]"
        for name in ("method", "path", "method"):
            if name in match:
                yield from _match_violation(match[name], field + at, f"{path}{at}.{name}")


def managed_violations(step: Tree, routing: Tree | None, field: str, path: str) -> Iterator[Violation]:
    """Routes of steps have to be listed in `trafficRouting.managedRoutes`."""
    kinds = [kind for kind in ("setHeaderRoute", "setMirrorRoute") if kind in step]
    if routing is None or not kinds:
        return
    managed = routing.get("managedRoutes")
    if managed is None:
        text = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'"
        yield required("spec.strategy.trafficRouting.managedRoutes", text, f"{path}.{kinds[0]}")
        return
    for kind in kinds:
        name = step[kind].get("name", "")
        if name not in [known["name"] for known in managed]:
            text = "Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes"
            yield invalid(f"{field}.{kind}", name, text, f"{path}.{kind}.name")


def _alb_violation(match: Tree | None, field: str, path: str) -> Iterator[Violation]:
    if match is None:
        yield invalid(field, None, _MISSED, path)
    elif not match.get("exact") or match.get("regex") or match.get("prefix"):
        yield invalid(field, _shown_match(match), _EXACT_ONLY, path)


def _match_violation(match: Tree | None, field: str, path: str) -> Iterator[Violation]:
    given = sum(bool((match or {}).get(kind)) for kind in ("exact", "regex", "prefix"))
    if given != 1:
        shown = None if match is None else _shown_match(match)
        yield invalid(field, shown, _MISSED if given == 0 else _SEVERAL, path)


def _shown_match(match: Tree) -> Struct:
    return Struct.of(match, "exact", "prefix", "regex")


def _shown_header(route: Tree) -> Struct:
    matches = [Struct(headerName=m["headerName"], headerValue=_shown_match(m["headerValue"])) for m in route.get("match") or ()]
    return Struct.of({**route, "match": matches}, "name", "match")


def _shown_mirror(route: Tree) -> Struct:
    matches = []
    for match in route.get("match") or ():
        headers = {name: _shown_match(value) for name, value in (match.get("headers") or {}).items()}
        plain = {name: _shown_match(match[name]) for name in ("method", "path") if name in match}
        matches.append(Struct(**plain, **({"headers": headers} if headers else {})))
    shown = {"name": route["name"], **({"match": matches} if matches else {})}
    return Struct(**shown, **({"percentage": route["percentage"]} if "percentage" in route else {}))
