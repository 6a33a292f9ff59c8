"""What a scenario may say of pods and versions: delays, how pods answer, and how that changes with their age."""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.scenario import ArrivalShape, Delay, DelayShape, Latency, Pods, ScenarioSpec, Turn
from rolloutsim.scenario.lag import Pace

Refuse = Callable[[str, str, str, str], None]

SHORTEST_POLL_S = 0.001


def check_delays(spec: ScenarioSpec, refuse: Refuse) -> None:
    """Refuse delays with no or several shapes, or with shapes that no draw could have."""
    delays: list[tuple[str, Delay | None]] = []
    for name, lag in (("kubeProxy", spec.cluster.kube_proxy), ("ingress", spec.cluster.ingress), ("proxy", spec.cluster.proxy)):
        path = f"spec.cluster.{name}"
        delays += [(path, lag)] if not isinstance(lag, Pace) else [(f"{path}.delay", lag.delay), (f"{path}.reload", lag.reload)]
        if isinstance(lag, Pace):
            _check_pace(lag, path, refuse)
    delays += [(f"spec.metrics.{name}.takes", source.takes) for name, source in spec.metrics.items()]
    for i, stream in enumerate(spec.traffic):
        bursts = stream.arrivals.bursts if isinstance(stream.arrivals, ArrivalShape) else None
        if bursts is not None:
            path = f"spec.traffic[{i}].arrivals.bursts"
            delays += [(f"{path}.on", bursts.on), (f"{path}.off", bursts.off)]
    for path, pods in _pods(spec):
        delays += [(f"{path}.start", pods.start), (f"{path}.stop", pods.stop)]
        if pods.flaps is not None:
            delays += [(f"{path}.flaps.ready", pods.flaps.ready), (f"{path}.flaps.unready", pods.flaps.unready)]
        if pods.crashes is not None:
            delays.append((f"{path}.crashes.after", pods.crashes.after))
    for path, delay in delays:
        if not isinstance(delay, DelayShape):
            continue
        shapes = [shape for shape in (delay.lognormal, delay.uniform, delay.exponential) if shape is not None]
        if len(shapes) != 1:
            refuse(path, f"{len(shapes)} distributions", "a delay has exactly one: lognormal, uniform or exponential", "Keep one.")
        if delay.lognormal is not None and not 0 < delay.lognormal.median <= delay.lognormal.p95:
            refuse(f"{path}.lognormal", "p95 below the median, or a median of 0", "0 < median <= p95", "Correct the two.")
        if delay.uniform is not None and delay.uniform.low > delay.uniform.high:
            refuse(f"{path}.uniform", "low above high", "low <= high", "Swap the two.")


def _check_pace(pace: Pace, path: str, refuse: Refuse) -> None:
    if pace == Pace():
        refuse(path, "an empty mechanism", "a lag is a time, a random one, or a mechanism such as {poll: 1s}", "Complete it, or write 0s.")
    if pace.poll is not None and not pace.poll >= SHORTEST_POLL_S:
        refuse(f"{path}.poll", f"{pace.poll:g} s", f"a poll looks at most each {SHORTEST_POLL_S:g} s", "Give a longer time, or leave it out.")
    if pace.whole_seconds and pace.poll is None:
        refuse(f"{path}.wholeSeconds", "time stamps without a poll", "a poll compares them", "Add poll: 1s.")


def check_answers(spec: ScenarioSpec, refuse: Refuse) -> None:
    """Refuse latencies that no distribution has, turns out of order, and pods that flap and crash at once."""
    for name, version in spec.versions.items():
        path, bad = f"spec.versions.{name}", version.bad_pods
        _check_latency(version.latency, path, refuse)
        _check_turns(version.turns, path, refuse)
        overload = version.overload
        if overload is not None:
            _check_latency(overload.latency, f"{path}.overload", refuse)
            if overload.error_rate is None and overload.latency is None:
                refuse(f"{path}.overload", "an overload without effect", "an overload changes errorRate or latency", "Add one of them.")
        if bad is not None:
            _check_latency(bad.latency, f"{path}.badPods", refuse)
            _check_turns(bad.turns or (), f"{path}.badPods", refuse)
            if bad.error_rate is None and bad.latency is None and bad.turns is None:
                refuse(f"{path}.badPods", "pods that are like the others", "bad pods differ", "Add errorRate, latency or turns.")
    for path, pods in _pods(spec):
        if pods.flaps is not None and pods.crashes is not None:
            refuse(f"{path}.flaps", "flaps together with crashes", "a pod that crashes is not ready in between", "Keep one of them.")


def _pods(spec: ScenarioSpec) -> list[tuple[str, Pods]]:
    of_versions = [(f"spec.versions.{name}.pods", version.pods) for name, version in spec.versions.items() if version.pods is not None]
    return [("spec.cluster.pods", spec.cluster.pods), *of_versions]


def _check_latency(latency: Latency | None, path: str, refuse: Refuse) -> None:
    if latency is not None and (latency.p50 <= 0 or (latency.p99 is not None and latency.p99 < latency.p50)):
        refuse(f"{path}.latency", "p99 below p50, or a p50 of 0", "0 < p50 <= p99", "Correct the two.")


def _check_turns(turns: tuple[Turn, ...], path: str, refuse: Refuse) -> None:
    free_s = 0.0
    for i, turn in enumerate(turns):
        _check_latency(turn.latency, f"{path}.turns[{i}]", refuse)
        if turn.after < free_s:
            rule = f"a turn begins when the one before it is over ({free_s:g} s)"
            refuse(f"{path}.turns[{i}].after", f"{turn.after:g} s", rule, "Put them in order, or shorten the one before.")
        if turn.error_rate is None and turn.latency is None:
            refuse(f"{path}.turns[{i}]", "a turn without effect", "a turn changes errorRate or latency", "Add one of them.")
        free_s = turn.after + turn.over
