"""What routes match on: the host, path and headers of a stream's requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rolloutsim.conditions.regexp import compiled
from rolloutsim.manifest.router_hosts import host_matches, hosts_of
from rolloutsim.manifest.router_objects import RouterObject


@dataclass(frozen=True, slots=True)
class Request:
    """A request as routes see it; all requests of a stream look alike, and are GETs."""

    host: str
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def to(cls, target: str, headers: Mapping[str, str]) -> Request:
        """The request of a stream to `HOST[/PATH]`."""
        host, _, path = target.partition("/")
        return cls(host, f"/{path}", {name.lower(): value for name, value in headers.items()})

    def is_for(self, route: RouterObject) -> bool:
        """Whether a routing object answers for the request's host."""
        return any(host_matches(self.host, pattern) for pattern in hosts_of(route))

    def header(self, name: str) -> str | None:
        """A header's value; names know no case."""
        return self.headers.get(name.lower())


def text_matches(value: str | None, match: Mapping[str, Any]) -> bool:
    """Whether a text is there and is `exact`, begins with `prefix` or is a whole `regex` (RE2, as Envoy anchors it)."""
    if value is None:
        return False
    if "exact" in match:
        return value == str(match["exact"])
    if "prefix" in match:
        return value.startswith(str(match["prefix"]))
    return compiled(str(match["regex"])).fullmatch(value) is not None if "regex" in match else True


def path_has_prefix(path: str, prefix: str) -> bool:
    """Whether a path is the prefix or lies below it, element by element (Kubernetes' Prefix, Gateway API's PathPrefix)."""
    prefix = prefix.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")
