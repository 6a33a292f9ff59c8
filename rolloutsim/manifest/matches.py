"""Matches of routes: which conditions rolloutsim can tell, and that their regular expressions are ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.conditions.nodes import ConditionError
from rolloutsim.conditions.regexp import compiled
from rolloutsim.manifest import router_objects as kinds
from rolloutsim.manifest.decode import Decoder
from rolloutsim.manifest.documents import shown
from rolloutsim.manifest.router_objects import RouterObject
from rolloutsim.manifest.traefik_rules import BadRule, alternatives
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


def check_router_matches(decoder: Decoder, kind: type[RouterObject], spec: Mapping[str, Any], path: str) -> None:
    """Check what a routing object of well-typed parts matches on."""
    if kind is kinds.VirtualService:
        for i, route in enumerate(spec.get("http") or ()):
            for k, entry in enumerate(route.get("match") or ()):
                check_istio_match(decoder, entry, f"{path}.http[{i}].match[{k}]")
    elif kind is kinds.IngressRoute:
        for i, route in enumerate(spec.get("routes") or ()):
            _check_traefik_rule(decoder, route["match"], f"{path}.routes[{i}].match")
    elif kind is kinds.ApisixRoute:
        for i, rule in enumerate(spec.get("http") or ()):
            for k, expression in enumerate((rule.get("match") or {}).get("exprs") or ()):
                _check_apisix_expression(decoder, expression, f"{path}.http[{i}].match.exprs[{k}]")
    elif kind is kinds.Mapping:
        for name, pattern in (spec.get("regex_headers") or {}).items():
            _check_text_regex(decoder, pattern, f"{path}.regex_headers.{name}")
        for name, value in (spec.get("headers") or {}).items():
            if value is not True and not isinstance(value, str):
                decoder.refuse_type(f"{path}.headers.{name}", value, "text, or true")
    elif kind is kinds.HTTPRoute:
        for i, rule in enumerate(spec.get("rules") or ()):
            for k, match in enumerate(rule.get("matches") or ()):
                _check_gateway_match(decoder, match, f"{path}.rules[{i}].matches[{k}]")


def _check_text_regex(decoder: Decoder, pattern: Any, path: str) -> None:
    if isinstance(pattern, str):
        check_regex(decoder, pattern, path)
    else:
        decoder.refuse_type(path, pattern, "text")


def _check_traefik_rule(decoder: Decoder, rule: str, path: str) -> None:
    try:
        read = alternatives(rule)
    except BadRule as error:
        decoder.refuse(path, f"{shown(rule)}: {error}", "rules of other matchers are not simulated yet, and never ignored", "Change the rule.")
        return
    for condition in (c for parts in read for c in parts if c.matcher == "HeaderRegexp"):
        check_regex(decoder, condition.arguments[1], path)


APISIX_OPERATORS = ("Equal", "NotEqual", "In", "NotIn", "RegexMatch", "RegexNotMatch")


def _check_apisix_expression(decoder: Decoder, expression: Mapping[str, Any], path: str) -> None:
    scope, op = expression["subject"]["scope"], expression["op"]
    if scope != "Header" or not expression["subject"].get("name"):
        decoder.refuse(f"{path}.subject", f"the scope {scope}", "only headers are told apart: not simulated yet, and never ignored", "Remove it.")
    if op not in APISIX_OPERATORS:
        decoder.refuse(f"{path}.op", op, f"known are {', '.join(APISIX_OPERATORS)}: not simulated yet, and never ignored", "Use one of them.")
    elif op.startswith("Regex"):
        _check_text_regex(decoder, expression.get("value"), f"{path}.value")


def _check_gateway_match(decoder: Decoder, match: Mapping[str, Any], path: str) -> None:
    where = match.get("path") or {}
    texts: list[tuple[str, Mapping[str, Any], tuple[str, ...]]] = [(f"{path}.path", where, ("Exact", "PathPrefix", "RegularExpression"))]
    texts += [(f"{path}.headers[{i}]", header, ("Exact", "RegularExpression")) for i, header in enumerate(match.get("headers") or ())]
    for at, text, types in texts:
        kind = text.get("type", types[0])
        if kind not in types:
            decoder.refuse(f"{at}.type", shown(kind), f"it is {', '.join(types)}", "Correct the type.")
        elif kind == "RegularExpression":
            check_regex(decoder, text.get("value", ""), f"{at}.value")


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
