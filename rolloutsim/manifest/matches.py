"""Matches of routes: which conditions rolloutsim can tell, and that their regular expressions are ones."""

from __future__ import annotations

from typing import Any

from rolloutsim.conditions.nodes import ConditionError
from rolloutsim.conditions.regexp import compiled
from rolloutsim.manifest.decode import Decoder
from rolloutsim.manifest.traffic_routing import HeaderMatch, RouteMatch, SetHeaderRoute, SetMirrorRoute, StringMatch


def check_regex(decoder: Decoder, pattern: str, path: str) -> None:
    """Add a problem for a text that is no regular expression (RE2, as Envoy and Go read it)."""
    try:
        compiled(pattern)
    except ConditionError as error:
        decoder.refuse(path, str(error), "proxies read RE2", "Correct the expression.")


def check_step_route(decoder: Decoder, route: SetHeaderRoute | SetMirrorRoute | None, path: str) -> None:
    """Check the regular expressions of a step's header or mirror route."""
    matches: tuple[HeaderMatch | RouteMatch, ...] = (route.match or ()) if route is not None else ()
    for i, match in enumerate(matches):
        at = f"{path}.match[{i}]"
        values: dict[str, StringMatch | None] = (
            {"headerValue": match.header_value}
            if isinstance(match, HeaderMatch)
            else {"method": match.method, "path": match.path, **{f"headers.{name}": value for name, value in (match.headers or {}).items()}}
        )
        for name, value in values.items():
            if value is not None and value.regex:
                check_regex(decoder, value.regex, f"{at}.{name}.regex")


ISTIO_CONDITIONS = ("name", "headers", "withoutHeaders", "uri", "method")


def check_istio_match(decoder: Decoder, entry: Any, path: str) -> None:
    """Check one `match` entry of a VirtualService's HTTP route."""
    for key in entry:
        if key not in ISTIO_CONDITIONS:
            rule = f"rolloutsim tells requests apart by {', '.join(ISTIO_CONDITIONS[1:])}: not simulated yet, and never ignored"
            decoder.refuse(f"{path}.{key}", f"the condition {key}", rule, "Remove it, or the route.")
    texts = [(f"{kind}.{name}", match) for kind in ("headers", "withoutHeaders") for name, match in (entry.get(kind) or {}).items()]
    texts += [(kind, entry[kind]) for kind in ("uri", "method") if entry.get(kind) is not None]
    for name, match in texts:
        if not isinstance(match, dict) or any(not isinstance(text, str) for text in match.values()):
            decoder.refuse_type(f"{path}.{name}", match, "a mapping of exact, prefix or regex to text")
        elif "regex" in match:
            check_regex(decoder, match["regex"], f"{path}.{name}.regex")
