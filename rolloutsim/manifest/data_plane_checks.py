"""A stream's data plane must be one that is known, by its name or by the class of the Ingress that leads to it."""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.manifest.bundle import Manifests
from rolloutsim.manifest.data_plane import CLASSES, UnknownClass, choose, is_sticky
from rolloutsim.manifest.data_plane_names import BY_LOAD, DATA_PLANES, near, tries_again
from rolloutsim.manifest.documents import shown
from rolloutsim.scenario import Stream
from rolloutsim.scenario.failover import Failover

Refuse = Callable[[str, str, str, str], None]


def check_data_plane(stream: Stream, path: str, manifests: Manifests, refuse: Refuse) -> None:
    """Add a problem for a name that is not known, or where nothing names one."""
    name = stream.data_plane
    if name is not None and name not in DATA_PLANES:
        rule = f"there is no such data plane; near it are {', '.join(near(name))}"
        refuse(f"{path}.dataPlane", shown(name), rule, "Name one of them.")
        return
    try:
        choice = choose(stream, manifests.rollout, manifests.ingresses, manifests.routes)
        if choice.ingress and stream.data_plane is None and is_sticky(manifests.rollout):
            rule = "sticky target groups are not simulated yet, and never ignored"
            refuse(f"{path}.to", "trafficRouting.alb.stickinessConfig", rule, "Take each request for a new client's: dataPlane: alb/forward.")
        elif choice.plane not in DATA_PLANES:
            refuse(f"{path}.to", choice.reason, f"{choice.plane} is not simulated yet", "Name another one: dataPlane: random.")
        elif stream.failover is not None:
            _check_failover(stream.failover, choice.plane, f"{path}.failover", refuse)
        if stream.sticky is not None:
            _check_sticky(stream, choice.plane, f"{path}.sticky", refuse)
    except UnknownClass as unknown:
        known = ", ".join(known.word for known in CLASSES)
        refuse(
            f"{path}.to", shown(str(unknown)), f"known are classes with one of the words {known}", "Name the data plane: dataPlane: SOFTWARE/MODE."
        )
    except LookupError:
        pass  # there is no such host, which has been said


def _check_sticky(stream: Stream, plane: str, path: str, refuse: Refuse) -> None:
    """Clients who keep their pod are clients of an open loop."""
    beside = [name for name, given in (("clients", stream.clients), ("retries", stream.retries), ("failover", stream.failover)) if given]
    if beside:
        rule = "clients who keep their pod are counted by sticky.clients, and what they do after a failure is not simulated"
        refuse(path, f"sticky beside {', '.join(beside)}", rule, "Leave out one of the two.")
    if plane in BY_LOAD:
        rule = "clients who keep a pod that was chosen by load are not simulated yet"
        refuse(path, f"sticky with {plane}", rule, "Name another one: dataPlane: haproxy/roundrobin.")


def _check_failover(failover: Failover, plane: str, path: str, refuse: Refuse) -> None:
    """Only a proxy that sees requests tries them again, and its waits have bounds."""
    if not tries_again(plane):
        rule = "there is no proxy that sees single requests, so none is tried again"
        refuse(path, f"failover of {plane}", rule, "Leave it out; clients that try again have `retries`.")
    back_off = failover.back_off
    if back_off is not None and not 0 < back_off.base <= back_off.at_most:
        refuse(f"{path}.backOff", f"base {back_off.base:g} s, at most {back_off.at_most:g} s", "0 < base <= atMost", "Correct the two.")
    if failover.check is not None and failover.check.interval <= 0:
        refuse(f"{path}.check.interval", f"{failover.check.interval:g} s", "a probe every so often, above 0 s", "Give a longer interval.")
