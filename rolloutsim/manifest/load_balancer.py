"""An AWS load balancer as it stands at AWS: the rules of its listener, and the targets that are registered in its groups.

It is made for an Ingress by the AWS load balancer controller, and is all that AWS tells whoever asks for weights and targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from rolloutsim.manifest.endpoints import Endpoint
from rolloutsim.manifest.meta import Meta


@dataclass(frozen=True, slots=True)
class ListenerRule:
    """Requests to a host whose path fits one of the patterns, and of whose headers each has one of its values, go to Services by weight."""

    action: str
    host: str = ""
    paths: tuple[str, ...] = ("/*",)
    headers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    weights: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """An application load balancer; its name is that of its Ingress, and a target group stands for a Service.

    `target_type` is `ip` where pods are registered, `instance` where nodes are. `since_s` is when the oldest of the changes was made that the
    last write brought.
    """

    meta: Meta
    rules: tuple[ListenerRule, ...] = ()
    targets: Mapping[str, tuple[Endpoint, ...]] = field(default_factory=dict)
    target_type: str = "instance"
    since_s: float = 0.0

    @property
    def arn(self) -> str:
        """What AWS calls the load balancer."""
        return f"{_PREFIX}:loadbalancer/app/{_name(self.meta.namespace, self.meta.name)}/{_digest(self.meta.namespace, self.meta.name)}"

    def target_group_arn(self, service: str) -> str:
        """What AWS calls the target group of a Service."""
        return f"{_PREFIX}:targetgroup/{_name(self.meta.namespace, service)}/{_digest(self.meta.namespace, self.meta.name, service)}"

    def weight(self, service: str) -> int | None:
        """The weight of a Service's target group, as the last rule that names it has it; None if none does (utils/aws, GetTargetGroupMetadata)."""
        found = [weight for rule in self.rules for name, weight in rule.weights if name == service]
        return found[-1] if found else None


_PREFIX = "arn:aws:elasticloadbalancing:eu-west-1:000000000000"


def _digest(*names: str) -> str:
    return sha256("/".join(names).encode()).hexdigest()[:16]


def _name(namespace: str, name: str) -> str:
    return f"k8s-{namespace[:8]}-{name[:8]}-{_digest(namespace, name)[:10]}"
