"""What every traffic router can be asked (rollout/trafficrouting/trafficroutingutil.go)."""

from __future__ import annotations

from typing import Protocol

from rolloutsim.manifest.traffic_routing import SetHeaderRoute, SetMirrorRoute


class Router(Protocol):
    """One provider within one pass; a call that changes nothing writes nothing."""

    def update_hash(self, canary_hash: str, stable_hash: str) -> None:
        """Tell which ReplicaSets canary and stable are."""

    def set_weight(self, weight: int) -> None:
        """Send a weight to the canary."""

    def verify_weight(self, weight: int) -> bool | None:
        """Whether the weight is in force; None where that is not looked at."""

    def set_header_route(self, route: SetHeaderRoute) -> None:
        """Add, change or (without `match`) remove a route by header."""

    def set_mirror_route(self, route: SetMirrorRoute) -> None:
        """Add, change or (without `match`) remove a mirror route."""

    def remove_managed_routes(self) -> None:
        """Remove every header and mirror route of `managedRoutes`."""


class Plain:
    """A router that knows nothing but weights: every other call succeeds and does nothing."""

    def update_hash(self, canary_hash: str, stable_hash: str) -> None:
        """Nothing: the Services carry the hashes."""

    def verify_weight(self, weight: int) -> bool | None:
        """Nothing to look at."""
        return None

    def set_header_route(self, route: SetHeaderRoute) -> None:
        """Nothing: there are no header routes."""

    def set_mirror_route(self, route: SetMirrorRoute) -> None:
        """Nothing: there are no mirror routes."""

    def remove_managed_routes(self) -> None:
        """Nothing: there are no managed routes."""
