"""Router plugins of a Rollout: the Gateway API plugin's configuration, and which of it is simulated."""

from __future__ import annotations

from typing import Any

from rolloutsim.manifest.decode import Decoder
from rolloutsim.manifest.rollout import RolloutSpec
from rolloutsim.manifest.traffic_routing import GATEWAY_API

TEXTS = ("httpRoute", "namespace", "inProgressLabelKey", "inProgressLabelValue")
OTHER_ROUTES = tuple(f"{kind}Route{more}" for kind in ("grpc", "tcp", "tls") for more in ("", "s", "Selector"))


def check_plugins(decoder: Decoder, spec: RolloutSpec, path: str) -> None:
    """Add a problem for each plugin but the Gateway API's, and for what of that one's configuration is not simulated or of the wrong type."""
    routing = spec.strategy.canary.traffic_routing if spec.strategy.canary is not None else None
    for name, config in ((routing.plugins if routing is not None else None) or {}).items():
        at = f"{path}.strategy.canary.trafficRouting.plugins.{name}"
        if name != GATEWAY_API:
            rule = f"only {GATEWAY_API} is simulated: not simulated yet, and never ignored"
            decoder.refuse(at, f"the router plugin {name}", rule, "Remove it, or simulate without it by --set.")
        elif not isinstance(config, dict):
            decoder.refuse_type(at, config, "a mapping")
        else:
            _check_gateway_api(decoder, config, at)


def _check_gateway_api(decoder: Decoder, config: dict[str, Any], path: str) -> None:
    for key, value in config.items():
        at = f"{path}.{key}"
        if key in (*OTHER_ROUTES, "httpRouteSelector"):
            decoder.refuse(at, key, "the plugin's HTTPRoutes are simulated by name: not simulated yet, and never ignored", "Name httpRoutes.")
        elif key in TEXTS:
            if not isinstance(value, str):
                decoder.refuse_type(at, value, "text")
        elif key == "disableInProgressLabel":
            if not isinstance(value, bool):
                decoder.refuse_type(at, value, "true or false")
        elif key == "httpRoutes":
            _check_routes(decoder, value, at)
        else:
            decoder.refuse_unknown(at, key, [*TEXTS, "httpRoutes", "disableInProgressLabel"])
    if not config.get("httpRoute") and not config.get("httpRoutes"):
        decoder.refuse(path, "no route", "the plugin needs httpRoute or httpRoutes", "Name the HTTPRoute that leads to both Services.")


def _check_routes(decoder: Decoder, routes: Any, path: str) -> None:
    if not isinstance(routes, list):
        decoder.refuse_type(path, routes, "a list")
        return
    for i, route in enumerate(routes):
        if not isinstance(route, dict) or not isinstance(route.get("name"), str):
            decoder.refuse_type(f"{path}[{i}]", route, "a mapping with a name")
        elif not isinstance(route.get("useHeaderRoutes", False), bool):
            decoder.refuse_type(f"{path}[{i}].useHeaderRoutes", route["useHeaderRoutes"], "true or false")
