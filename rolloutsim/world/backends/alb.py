"""AWS application load balancers: the listener's rules in order, and the weighted target groups behind them."""

from __future__ import annotations

import re
from collections.abc import Callable

from rolloutsim.manifest.load_balancer import ListenerRule
from rolloutsim.manifest.objects import LoadBalancer
from rolloutsim.world.backends.known import Known, Pool, Read, spread
from rolloutsim.world.backends.request import Request
from rolloutsim.world.store import Store


def load_balancer(store: Store, ingress: str, request: Request) -> Read:
    """Reads the first rule that fits: each target group gets its part, one without targets answers 503 for its part."""

    def read() -> Known:
        balancer = store.get(LoadBalancer, ingress)
        rule = next((rule for rule in balancer.rules if fits(request, rule)), None) if balancer is not None else None
        if balancer is None or rule is None:
            return Known()
        return spread((Pool(weight, balancer.targets.get(service, ())) for service, weight in rule.weights), rule.action)

    return read


def last_change_s(store: Store, ingress: str) -> Callable[[], float]:
    """When the change was made that AWS has taken over last."""

    def read() -> float:
        balancer = store.get(LoadBalancer, ingress)
        return balancer.since_s if balancer is not None else 0.0

    return read


def fits(request: Request, rule: ListenerRule) -> bool:
    """Whether host and path fit, and each header has one of its values (case-insensitive but for paths, with * and ? as AWS documents)."""
    path = any(_like(request.path, pattern, 0) for pattern in rule.paths)
    host = not rule.host or _like(request.host, rule.host)
    return host and path and all(any(_like(request.header(name) or "", value) for value in values) for name, values in rule.headers)


def _like(text: str, pattern: str, flags: int = re.IGNORECASE) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, flags | re.DOTALL) is not None
