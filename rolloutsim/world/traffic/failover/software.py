"""What each software does by default when a try fails, and what it tells the client, with the source."""

from __future__ import annotations

from typing import NamedTuple

from rolloutsim.manifest.data_plane import Choice
from rolloutsim.quantities import format_duration
from rolloutsim.record import BAD_GATEWAY, OUTCOMES, REFUSED, RESET, UNAVAILABLE
from rolloutsim.scenario.failover import BackOff, Failover


class Software(NamedTuple):
    """What the client gets for a refused try, for a broken one and without an endpoint, and what is tried before.

    `backends`: modes that choose a version's backend first, and one of its pods then; the others balance all pods together.
    """

    name: str
    refused: int
    broken: int
    nobody: str
    failover: Failover
    source: str
    backends: tuple[str, ...] = ()

    def splits_backends(self, plane: str) -> bool:
        """Whether a data plane of it fixes the version before it looks for a pod."""
        return plane.partition("/")[2].startswith(self.backends) if self.backends else False


NO_PROXY = Software("", REFUSED, RESET, "refused", Failover(attempts=1), "rules of the kernel: nobody is there to try again")

SOFTWARE = (
    Software(
        "ingress-nginx",
        BAD_GATEWAY,
        BAD_GATEWAY,
        "503",
        Failover(attempts=3, next="backend"),
        "proxy-next-upstream error timeout, 3 tries; lua/balancer.lua balances the same backend anew for each, whichever pods were tried",
        ("canary",),
    ),
    Software(
        "nginx",
        BAD_GATEWAY,
        BAD_GATEWAY,
        "502",
        Failover(next="another", max_fails=1, fail_timeout=10.0),
        "proxy_next_upstream error timeout, max_fails=1, fail_timeout=10s; ngx_http_upstream_round_robin.c marks the servers that were tried",
        ("split_clients",),
    ),
    Software(
        "haproxy",
        UNAVAILABLE,
        BAD_GATEWAY,
        "503",
        Failover(attempts=4, next="same", wait=1.0),
        "retries 3 at the same server, each after 1 s (configuration manual, retries and option redispatch)",
        ("rand_rule",),
    ),
    Software(
        "envoy",
        UNAVAILABLE,
        UNAVAILABLE,
        "503",
        Failover(attempts=1, next="again"),
        "no retry without a retry policy; flags UF, UC and UH of its response flags",
        ("weighted_clusters", "runtime_fraction"),
    ),
    Software(
        "istio",
        UNAVAILABLE,
        UNAVAILABLE,
        "503",
        Failover(attempts=3, retry_on=("refused",), next="another", back_off=BackOff(base=0.025, at_most=0.25)),
        "Istio's reference, HTTPRoute.retries: by default two, on connect-failure and the like, at hosts not tried before (previous_hosts)",
        ("weighted_clusters", "runtime_fraction"),
    ),
    Software("traefik", BAD_GATEWAY, BAD_GATEWAY, "503", Failover(attempts=1, next="again"), "no retry without the Retry middleware"),
    Software("caddy", BAD_GATEWAY, BAD_GATEWAY, "503", Failover(attempts=1, next="again"), "reverse_proxy: lb_try_duration 0, fail_duration 0"),
    Software(
        "apisix",
        BAD_GATEWAY,
        BAD_GATEWAY,
        "503",
        Failover(next="another"),
        "retries: as many as the upstream has other nodes; balancer/roundrobin.lua leaves out those that were tried",
        ("traffic_split",),
    ),
    Software("alb", BAD_GATEWAY, BAD_GATEWAY, "503", Failover(attempts=1), "AWS: HTTP 502 when a target resets or refuses, 503 without targets"),
)


def software_of(plane: str, who: str = "") -> Software:
    """The software behind a data plane's name, or `who` configures it; kernel rules where there is none that could try again."""
    name = who or plane.partition("/")[0]
    return next((software for software in SOFTWARE if software.name == name), NO_PROXY)


def configured_by(choice: Choice) -> str:
    """Whose defaults an Envoy has, if not its own: Istio's behind a VirtualService."""
    return "istio" if choice.via == "virtual service" and choice.plane.startswith("envoy/") else ""


def in_words(software: Software, plane: str) -> str:
    """What it does with a try that is refused, and says in the end."""
    failover = failover_of(plane, software, None)
    if failover.attempts == 1:
        how = "not made again"
    elif failover.next == "another":
        how = "made at another pod"
    elif failover.next == "same":
        how = f"made at the same pod {failover.attempts or 1} times in all, {format_duration(failover.wait)} apart"
    else:
        how = f"made {failover.attempts or 1} times in all in the same backend"
    return f"{how}; then the client sees {OUTCOMES[software.refused]}, and {software.nobody} without an endpoint"


def failover_of(plane: str, software: Software, given: Failover | None) -> Failover:
    """What a data plane does with a failed try: what the scenario gives, the rest by default."""
    default = software.failover
    if software.splits_backends(plane) and default.next == "again":
        default = default.model_copy(update={"next": "backend"})
    if given is None:
        return default
    return default.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


def is_trivial(failover: Failover) -> bool:
    """Whether each request has one try, and no pod is passed over."""
    return failover.attempts == 1 and failover.max_fails is None and failover.check is None


class Refusal(NamedTuple):
    """What a client sees when all tries go to pods that refuse, and after how long."""

    outcome: int
    after_s: float
    broken: int
    """What it sees of a try whose pod is gone before it has answered."""


def refusal_of(software: Software) -> Refusal:
    """Its word for it where requests do not depend on each other."""
    tries = (1 if software.failover.next == "another" else software.failover.attempts) or 1
    return Refusal(software.refused, tries * software.failover.refused_after + (tries - 1) * software.failover.wait, software.broken)
