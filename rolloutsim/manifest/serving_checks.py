"""What a scenario may say of pods that serve and of clients that wait, and how many requests a closed loop comes to."""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.scenario import Distribution, RandomTime, ScenarioSpec, Stream

Refuse = Callable[[str, str, str, str], None]

SHORTEST_LAP_S = 0.001
"""A closed loop's client sends no more than so often when nothing is said of thinking or serving."""


def check_serving(spec: ScenarioSpec, refuse: Refuse) -> None:
    """Refuse times that no distribution has, two service times for one version, and clients that contradict themselves."""
    for name, version in spec.versions.items():
        path = f"spec.versions.{name}.serving"
        if version.serving is not None and version.serving.time is not None:
            _check_time(version.serving.time, f"{path}.time", refuse)
            if version.latency is not None:
                refuse(f"{path}.time", "time beside latency", "a request is served for one of them", "Leave out one of the two.")
    for i, stream in enumerate(spec.traffic):
        _check_clients(stream, f"spec.traffic[{i}]", spec, refuse)


def _check_clients(stream: Stream, path: str, spec: ScenarioSpec, refuse: Refuse) -> None:
    if stream.timeout is not None and stream.timeout <= 0:
        refuse(f"{path}.timeout", f"{stream.timeout:g} s", "a client waits longer than 0 s", "Give a longer time, or leave it out.")
    clients = stream.clients
    if clients is None:
        return
    if clients.seconds_per_connection is not None:
        _check_time(clients.seconds_per_connection, f"{path}.clients.secondsPerConnection", refuse)
    if clients.new_connections is not None and clients.new_connections <= 0:
        refuse(f"{path}.clients.newConnections", f"{clients.new_connections:g}/s", "a rate above 0", "Leave it out to keep connections for ever.")
    if clients.think is None:
        if clients.requests_at_once > 1 and clients.pool is None:
            rule = "in an open loop without a pool the rate says how many are in flight"
            refuse(
                f"{path}.clients.requestsAtOnce",
                f"{clients.requests_at_once} in an open loop",
                rule,
                "Give clients.think or clients.pool, or leave it out.",
            )
        return
    if clients.pool is not None:
        rule = "each client of a closed loop has a connection of its own"
        refuse(f"{path}.clients.pool", "a pool in a closed loop", rule, "Leave out one of the two: think or pool.")
    _check_time(clients.think, f"{path}.clients.think", refuse)
    for name, version in spec.versions.items():
        if version.overload is not None:
            rule = "overload compares with the rate of the streams, and a closed loop has none"
            refuse(f"spec.versions.{name}.overload", f"overload, and the closed loop of {stream.name}", rule, "Use serving instead.")


def _check_time(time: RandomTime, path: str, refuse: Refuse) -> None:
    if not isinstance(time, Distribution):
        return
    if len(time.shapes) != 1:
        rule = "a random time has exactly one: exponential, lognormal, uniform or empirical"
        refuse(path, f"{len(time.shapes)} distributions", rule, "Keep one.")
    if time.exponential is not None and time.exponential <= 0:
        refuse(f"{path}.exponential", f"a mean of {time.exponential:g} s", "a mean above 0 s", "Give a longer one.")
    if time.lognormal is not None and not 0 < time.lognormal.median <= time.lognormal.p95:
        refuse(f"{path}.lognormal", "p95 below the median, or a median of 0", "0 < median <= p95", "Correct the two.")
    if time.uniform is not None and time.uniform.low > time.uniform.high:
        refuse(f"{path}.uniform", "low above high", "low <= high", "Swap the two.")
    if time.empirical is not None and not time.empirical:
        refuse(f"{path}.empirical", "no measured times", "at least one", "Add some, or give another distribution.")


def closed_requests(stream: Stream, spec: ScenarioSpec, longest_s: float) -> float:
    """About how many requests a closed loop sends at most: a lap is thinking and the shortest median answer of a version; 0 for an open loop."""
    clients = stream.clients
    if clients is None or clients.think is None:
        return 0.0
    answers = [
        _typical_s(version.serving.time) for version in spec.versions.values() if version.serving is not None and version.serving.time is not None
    ]
    answers += [version.latency.p50 for version in spec.versions.values() if version.latency is not None]
    lap_s = max(SHORTEST_LAP_S, _typical_s(clients.think) + min(answers, default=0.0))
    return clients.connections * clients.requests_at_once * longest_s / lap_s


def _typical_s(time: RandomTime) -> float:
    """Mean, or median of a lognormal."""
    if not isinstance(time, Distribution):
        return time
    if time.lognormal is not None:
        return time.lognormal.median
    if time.uniform is not None:
        return (time.uniform.low + time.uniform.high) / 2
    if time.empirical:
        return sum(time.empirical) / len(time.empirical)
    return time.exponential or 0.0
