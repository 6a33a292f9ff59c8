"""What a scenario may say of arrivals, and how many requests they come to."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from rolloutsim.scenario import ArrivalShape, Bursts, Delay, DelayShape, ScenarioSpec, Spike, Stream, Trace
from rolloutsim.scenario.model import mean_s

Refuse = Callable[[str, str, str, str], None]

SHAPES = ("diurnal", "bursts", "spikes", "trace")
MOST_CYCLES = 1_000_000


def check_arrivals(spec: ScenarioSpec, longest_s: float, refuse: Refuse) -> None:
    """Refuse streams without a rate, shapes that contradict themselves, and cycles without end."""
    for i, stream in enumerate(spec.traffic):
        path, shape = f"spec.traffic[{i}]", stream.arrivals
        traced = isinstance(shape, ArrivalShape) and shape.trace is not None
        if stream.clients is not None and stream.clients.think is not None:
            if stream.rate is not None or shape != "poisson":
                refuse(
                    f"{path}.clients.think", "a closed loop with rate or arrivals", "its clients' answers set the pace", "Leave out one of the two."
                )
            continue
        if stream.rate is None and not traced:
            refuse(f"{path}.rate", "nothing", "rate is required here", "Add it.")
        if stream.rate is not None and traced:
            refuse(f"{path}.rate", "a rate beside a trace", "a trace says itself when requests arrive", "Remove one of the two.")
        if isinstance(shape, ArrivalShape):
            _check_shape(shape, f"{path}.arrivals", longest_s, refuse)
            for name, version in spec.versions.items():
                if version.overload is not None:
                    rule = "overload compares with the steady rate of the streams"
                    refuse(
                        f"spec.versions.{name}.overload", f"overload, and arrivals of {stream.name} that change", rule, "Leave out one of the two."
                    )


def _check_shape(shape: ArrivalShape, path: str, longest_s: float, refuse: Refuse) -> None:
    given = [name for name in SHAPES if getattr(shape, name) is not None]
    if len(given) != 1:
        refuse(path, f"{len(given)} shapes", f"arrivals have exactly one: {', '.join(SHAPES)}", "Keep one, or split the stream in two.")
    if shape.diurnal is not None and shape.diurnal.period < 1:
        refuse(f"{path}.diurnal.period", f"{shape.diurnal.period:g} s", "a period lasts at least 1 s", "Give a longer one.")
    if shape.bursts is not None:
        _check_bursts(shape.bursts, f"{path}.bursts", longest_s, refuse)
    if shape.spikes is not None:
        _check_spikes(shape.spikes, f"{path}.spikes", refuse)
    if shape.trace is not None:
        _check_trace(shape.trace, f"{path}.trace", longest_s, refuse)
        if shape.trace.times is not None and "process" in shape.model_fields_set:
            refuse(f"{path}.process", "a process beside a trace of times", "the times leave nothing to it", "Remove it.")


def _check_bursts(bursts: Bursts, path: str, longest_s: float, refuse: Refuse) -> None:
    on_s, off_s = _mean_s(bursts.on), _mean_s(bursts.off)
    if on_s <= 0 or off_s <= 0:
        refuse(path, "bursts or quiet times of 0 s", "on and off are longer than 0 s", "Give both a length.")
    elif longest_s / (on_s + off_s) > MOST_CYCLES:
        refuse(path, f"a burst each {on_s + off_s:g} s", f"a run has at most {MOST_CYCLES:,} bursts", "Make them longer, or the run shorter.")
    elif bursts.peak_to_mean is not None:
        most = (on_s + off_s) / on_s
        if bursts.peak_to_mean > most * (1 + 1e-9):
            rule = f"with these on and off at most {most:g}: then all requests come in bursts"
            refuse(f"{path}.peakToMean", f"{bursts.peak_to_mean:g}", rule, "Give a smaller one, or leave it out.")


def _check_spikes(spikes: tuple[Spike, ...], path: str, refuse: Refuse) -> None:
    if not spikes:
        refuse(path, "no spike", "spikes are a list of {at, lasts, times}", "Add one, or leave spikes out.")
    for i, (a, b) in enumerate(pairwise(spikes), start=1):
        if b.at < a.at + a.lasts:
            rule = f"a spike begins when the one before it is over ({a.at + a.lasts:g} s)"
            refuse(f"{path}[{i}].at", f"{b.at:g} s", rule, "Put them in order, or shorten the one before.")


def _check_trace(trace: Trace, path: str, longest_s: float, refuse: Refuse) -> None:
    given = [name for name in ("file", "times", "rates") if getattr(trace, name) is not None]
    if len(given) != 1:
        refuse(path, f"{len(given)} sources", "a trace is exactly one of file, times and rates", "Keep one of them.")
        return
    if trace.file is not None:
        return  # it could not be read, and that has been said
    instants = trace.times if trace.times is not None else tuple(t_s for t_s, _ in trace.rates or ())
    if not instants:
        refuse(f"{path}.{given[0]}", "nothing", "a trace has at least one time", "Add it.")
        return
    for i, (a, b) in enumerate(pairwise(instants), start=1):
        if b < a or (trace.rates is not None and b == a):
            rule = "a trace is in order of time, and a rate has an instant of its own"
            refuse(f"{path}.{given[0]}[{i}]", f"{b:g} s after {a:g} s", rule, "Sort it.")
            break
    every_s = trace.repeat_every
    if every_s is not None and every_s <= instants[-1]:
        refuse(f"{path}.repeatEvery", f"{every_s:g} s", f"a trace begins anew after its end ({instants[-1]:g} s)", "Give a longer time.")
    elif every_s is not None and longest_s / every_s > MOST_CYCLES:
        refuse(f"{path}.repeatEvery", f"{every_s:g} s", f"a trace is repeated at most {MOST_CYCLES:,} times", "Give a longer time.")


def _mean_s(delay: Delay) -> float:
    """The mean of a delay; 0 for one that check_delays refuses."""
    shape = delay.lognormal if isinstance(delay, DelayShape) else None
    return mean_s(delay) if shape is None or 0 < shape.median <= shape.p95 else 0.0


def expected_requests(stream: Stream, longest_s: float) -> float:
    """About how many requests of a stream arrive in so long; a whole period of what comes and goes is taken at its mean."""
    shape = stream.arrivals
    if isinstance(shape, ArrivalShape) and shape.trace is not None:
        return _traced_requests(shape.trace, longest_s)
    more_s = 0.0
    if isinstance(shape, ArrivalShape):
        more_s = sum((spike.times - 1) * max(0.0, min(spike.lasts, longest_s - spike.at)) for spike in shape.spikes or ())
    return (stream.rate or 0.0) * (longest_s + more_s)


def _traced_requests(trace: Trace, longest_s: float) -> float:
    """Of the trace once if it does not repeat, else as often as it begins."""
    end_s = longest_s if trace.repeat_every is None else trace.repeat_every
    turns = 1 if trace.repeat_every is None else max(1.0, longest_s / trace.repeat_every)
    if trace.times is not None:
        return turns * sum(t_s < end_s for t_s in trace.times)
    rates = [*(trace.rates or ()), (end_s, 0.0)]
    return turns * sum(rate * max(0.0, min(b, end_s) - a) for (a, rate), (b, _) in pairwise(rates))
