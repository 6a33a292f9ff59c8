"""What every traffic router can be asked (rollout/trafficrouting/trafficroutingutil.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Router(Protocol):
    """One provider within one pass; a call that changes nothing writes nothing."""

    def update_hash(self, canary_hash: str, stable_hash: str) -> None:
        """Tell which ReplicaSets canary and stable are."""

    def set_weight(self, weight: int) -> None:
        """Send a weight to the canary."""

    def set_header_route(self, route: Mapping[str, Any]) -> None:
        """Add, change or (without `match`) remove a route by header."""

    def set_mirror_route(self, route: Mapping[str, Any]) -> None:
        """Add, change or (without `match`) remove a mirror route."""

    def remove_managed_routes(self) -> None:
        """Remove every header and mirror route of `managedRoutes`."""
