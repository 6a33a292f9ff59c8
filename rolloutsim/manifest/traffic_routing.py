"""`spec.strategy.canary.trafficRouting` as immutable typed values, one class a router (pkg/apis/rollouts/v1alpha1/types.go).

A list is None where the controller tells an absent list from an empty one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ManagedRoute:
    """A header or mirror route that steps may set."""

    name: str


# --- Ingress controllers -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NginxRouting:
    """ingress-nginx: the Ingress, or the Ingresses, that lead to the stable Service."""

    stable_ingress: str = ""
    stable_ingresses: tuple[str, ...] | None = None
    annotation_prefix: str = ""
    additional_ingress_annotations: Mapping[str, str] = field(default_factory=dict)
    canary_ingress_annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def ingresses(self) -> tuple[str, ...]:
        """The stable Ingresses by name."""
        return (self.stable_ingress,) if self.stable_ingress else self.stable_ingresses or ()


@dataclass(frozen=True, slots=True)
class StickinessConfig:
    """How long an ALB sends a client to the target group that it was sent to first."""

    enabled: bool
    duration_seconds: int


@dataclass(frozen=True, slots=True)
class AlbRouting:
    """AWS load balancer controller: the Ingress, or the Ingresses, whose action is weighted."""

    service_port: int
    ingress: str = ""
    ingresses: tuple[str, ...] | None = None
    root_service: str = ""
    annotation_prefix: str = ""
    stickiness_config: StickinessConfig | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The Ingresses by name."""
        return self.ingresses if self.ingresses is not None else (self.ingress,)


@dataclass(frozen=True, slots=True)
class TraefikRouting:
    """Traefik: the TraefikService that weighs both Services."""

    weighted_traefik_service_name: str


@dataclass(frozen=True, slots=True)
class ApisixRouteReference:
    """An ApisixRoute and the rules of it that follow the weight (absent: the one of the route's own name)."""

    name: str
    rules: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ApisixRouting:
    """APISIX."""

    route: ApisixRouteReference


@dataclass(frozen=True, slots=True)
class AmbassadorRouting:
    """Ambassador (Emissary): the Mappings that get a canary twin."""

    mappings: tuple[str, ...]


GATEWAY_API = "argoproj-labs/gatewayAPI"
"""The name under which a Rollout configures the Gateway API plugin."""


@dataclass(frozen=True, slots=True)
class GatewayApiRouting:
    """The Gateway API plugin: the HTTPRoutes that follow the weight, and those of them that get rules by header."""

    names: tuple[str, ...]
    names_with_headers: tuple[str, ...]
    disable_in_progress_label: bool
    in_progress_label_key: str
    in_progress_label_value: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> GatewayApiRouting:
        """The plugin's configuration from its tree (insertGatewayAPIRouteLists: the single `httpRoute` comes last, and has header rules)."""
        listed = config.get("httpRoutes") or ()
        alone = (config["httpRoute"],) if config.get("httpRoute") else ()
        return cls(
            (*(route["name"] for route in listed), *alone),
            (*(route["name"] for route in listed if route.get("useHeaderRoutes")), *alone),
            bool(config.get("disableInProgressLabel")),
            config.get("inProgressLabelKey") or "rollouts.argoproj.io/gatewayapi-canary",
            config.get("inProgressLabelValue") or "in-progress",
        )


# --- meshes --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TlsRoute:
    """A TLS route of a VirtualService, by port and SNI hosts."""

    port: int = 0
    sni_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TcpRoute:
    """A TCP route of a VirtualService, by port."""

    port: int = 0


@dataclass(frozen=True, slots=True)
class VirtualServiceReference:
    """A VirtualService (`name` may be `name.namespace`) and the routes of it that follow the weight."""

    name: str
    routes: tuple[str, ...] = ()
    tls_routes: tuple[TlsRoute, ...] = ()
    tcp_routes: tuple[TcpRoute, ...] = ()

    @property
    def short_name(self) -> str:
        """The name without the namespace."""
        return self.name.split(".")[0]


@dataclass(frozen=True, slots=True)
class DestinationRuleReference:
    """A DestinationRule and the names of its two subsets."""

    name: str
    canary_subset_name: str
    stable_subset_name: str
    additional_subset_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IstioRouting:
    """Istio: one VirtualService or several, and a DestinationRule where versions are subsets of one Service."""

    virtual_service: VirtualServiceReference | None = None
    virtual_services: tuple[VirtualServiceReference, ...] | None = None
    destination_rule: DestinationRuleReference | None = None

    @property
    def references(self) -> tuple[VirtualServiceReference, ...]:
        """The VirtualServices."""
        return (self.virtual_service,) if self.virtual_service is not None else self.virtual_services or ()


@dataclass(frozen=True, slots=True)
class SmiRouting:
    """Service Mesh Interface: the TrafficSplit that the controller creates."""

    root_service: str = ""
    traffic_split_name: str = ""


@dataclass(frozen=True, slots=True)
class VirtualNodeReference:
    """A VirtualNode by name."""

    name: str


@dataclass(frozen=True, slots=True)
class VirtualNodeGroup:
    """The two VirtualNodes that stand for canary and stable."""

    canary_virtual_node_ref: VirtualNodeReference
    stable_virtual_node_ref: VirtualNodeReference


@dataclass(frozen=True, slots=True)
class AppMeshVirtualServiceReference:
    """An App Mesh VirtualService and the routes of its router that follow the weight (none: all)."""

    name: str
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppMeshRouting:
    """AWS App Mesh."""

    virtual_service: AppMeshVirtualServiceReference | None = None
    virtual_node_group: VirtualNodeGroup | None = None


# --- all together --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrafficRouting:
    """Which routers a canary has; several may be set, and each gets every call."""

    istio: IstioRouting | None = None
    nginx: NginxRouting | None = None
    alb: AlbRouting | None = None
    smi: SmiRouting | None = None
    ambassador: AmbassadorRouting | None = None
    app_mesh: AppMeshRouting | None = None
    traefik: TraefikRouting | None = None
    apisix: ApisixRouting | None = None
    plugins: Mapping[str, Any] | None = None
    managed_routes: tuple[ManagedRoute, ...] | None = None
    max_traffic_weight: int | None = None

    @property
    def gateway_api(self) -> GatewayApiRouting | None:
        """The Gateway API plugin's configuration; None without it."""
        config = (self.plugins or {}).get(GATEWAY_API)
        return None if config is None else GatewayApiRouting.of(config)

    @property
    def managed_names(self) -> tuple[str, ...]:
        """The names of the managed routes, in order."""
        return tuple(route.name for route in self.managed_routes or ())


# --- routes of steps -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StringMatch:
    """A text to match: exactly one of the three is set in a valid Rollout."""

    exact: str = ""
    prefix: str = ""
    regex: str = ""

    @property
    def given(self) -> dict[str, str]:
        """What is set, by its name."""
        return {name: text for name, text in (("exact", self.exact), ("prefix", self.prefix), ("regex", self.regex)) if text}


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """A header and the value that it must have."""

    header_name: str
    header_value: StringMatch


@dataclass(frozen=True, slots=True)
class SetHeaderRoute:
    """A route by header; without `match` it is removed."""

    name: str = ""
    match: tuple[HeaderMatch, ...] | None = None


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """Conditions of a mirror route; all of them must hold."""

    method: StringMatch | None = None
    path: StringMatch | None = None
    headers: Mapping[str, StringMatch] | None = None


@dataclass(frozen=True, slots=True)
class SetMirrorRoute:
    """A mirror route; without `match` it is removed."""

    name: str
    match: tuple[RouteMatch, ...] | None = None
    percentage: int | None = None
