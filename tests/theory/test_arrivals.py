"""Arrivals whose rate changes: their mean and variance against the closed forms, in both levels of detail."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from rolloutsim.scenario import ArrivalShape, DelayShape
from rolloutsim.world.traffic.arrivals import CHUNK, Arrivals

RATE = 30.0
INSTANTS = (3.0, 17.0, 41.0)
KEY = (5, 0, "s")


def shape(**given: object) -> ArrivalShape:
    return ArrivalShape.model_validate(given)


def diurnal(t_s: float) -> float:
    turn = 2 * math.pi / 60
    return RATE * (t_s + 0.8 / turn * (math.sin(turn * (t_s - 10)) + math.sin(turn * 10)))


def bursts(t_s: float) -> float:
    """On for 2 s in each 8 s from t = 1 s on, at 3 times the mean; then a third of it is left."""
    whole, rest = divmod(max(0.0, t_s - 1), 8)
    return RATE * (min(t_s, 1) / 3 + 8 * whole + 3 * min(rest, 2) + max(0.0, rest - 2) / 3)


def spikes(t_s: float) -> float:
    return RATE * (t_s + 4 * min(max(0.0, t_s - 5), 3) - min(max(0.0, t_s - 20), 10))


def trace(t_s: float) -> float:
    return 10 * min(max(0.0, t_s - 2), 8) + 80 * max(0.0, t_s - 20)


def repeated(t_s: float) -> float:
    whole, rest = divmod(t_s, 10)
    return 200 * whole + 40 * min(max(0.0, rest - 1), 5)


SHAPES = {
    "diurnal": (shape(diurnal={"period": "1m", "peakToMean": 1.8, "peakAt": "10s"}), diurnal),
    "bursts": (shape(bursts={"on": "2s", "off": "6s", "peakToMean": 3, "first": "1s"}), bursts),
    "spikes": (shape(spikes=[{"at": "5s", "lasts": "3s", "times": 5}, {"at": "20s", "lasts": "10s", "times": 0}]), spikes),
    "trace": (shape(trace={"rates": [["2s", 10], ["10s", 0], ["20s", "80/s"]]}), trace),
    "repeated": (shape(trace={"rates": [["1s", 40], ["6s", 0]], "repeatEvery": "10s"}), repeated),
}
EACH = pytest.mark.parametrize(("arrivals", "mean"), SHAPES.values(), ids=SHAPES)


def made(arrivals: ArrivalShape, seed: int = 5) -> Arrivals:
    return Arrivals(None if arrivals.trace is not None else RATE, arrivals, (seed, 0, "s"))


def listed(arrivals: Arrivals, instants: tuple[float, ...]) -> list[int]:
    """Requests before some instants, one by one."""
    times, number, after_s = [np.zeros(0)], 0, 0.0
    while after_s < instants[-1]:
        times.append(arrivals.chunk(number, after_s).t_s)
        number, after_s = number + 1, float(times[-1][-1])
    return np.searchsorted(np.concatenate(times), instants).tolist()


def moments(found: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> None:
    """Means and variances over runs lie within 4 standard errors of the law's."""
    runs = len(found)
    assert (np.abs(found.mean(axis=0) - mean) <= 4 * np.sqrt(variance / runs) + 1e-9).all()
    some = variance > 0
    spread = found.var(axis=0, ddof=1)[some] / variance[some]
    assert (np.abs(spread - 1) < 4 * np.sqrt((2 + 1 / mean[some]) / runs)).all()


@EACH
@pytest.mark.parametrize("detail", ["counts", "requests"])
def test_a_changing_rate_gives_a_poisson_process_of_its_integral(arrivals: ArrivalShape, mean: Callable[[float], float], detail: str) -> None:
    runs = [made(arrivals, seed) for seed in range(300)]
    found = np.array([[a.count_before(t) for t in INSTANTS] if detail == "counts" else listed(a, INSTANTS) for a in runs], dtype=float)
    parts, wanted = np.diff(found, axis=1, prepend=0.0), np.diff([mean(t) for t in INSTANTS], prepend=0.0)
    moments(parts, wanted, wanted)
    for i, j in ((0, 1), (1, 2), (0, 2)):
        if parts[:, i].any() and parts[:, j].any():
            assert abs(np.corrcoef(parts[:, i], parts[:, j])[0, 1]) < 4 / math.sqrt(len(runs))


@pytest.mark.parametrize("detail", ["counts", "requests"])
def test_bursts_at_random_have_the_moments_of_an_interrupted_poisson_process(detail: str) -> None:
    """Exponential bursts (mean 2 s) and quiet times (6 s), the first burst at t = 0: mean and variance by the chain of two states."""
    arrivals = shape(bursts={"on": {"exponential": "2s"}, "off": {"exponential": "6s"}})
    t_s, high, on, gamma = 20.0, 4 * RATE, 0.25, 1 / 2 + 1 / 6
    s = np.linspace(0, t_s, 4001)
    is_on = on + (1 - on) * np.exp(-gamma * s)
    mean = high * (on * t_s + (1 - on) * (1 - math.exp(-gamma * t_s)) / gamma)
    later = on * (t_s - s) + (1 - on) * (1 - np.exp(-gamma * (t_s - s))) / gamma
    second = high**2 * float((is_on * later)[1:].sum() + (is_on * later)[:-1].sum()) * (s[1] - s[0])
    runs = [Arrivals(RATE, arrivals, (seed, 0, "s")) for seed in range(500)]
    found = np.array([a.count_before(t_s) if detail == "counts" else listed(a, (t_s,))[0] for a in runs], dtype=float)
    variance = mean + second - mean**2
    assert abs(found.mean() - mean) < 4 * math.sqrt(variance / len(runs))
    fourth = float(((found - found.mean()) ** 4).mean()) / found.var() ** 2
    assert abs(found.var(ddof=1) / variance - 1) < 4 * math.sqrt((fourth - 1) / len(runs))


@EACH
def test_a_count_is_the_same_whatever_was_asked_before(arrivals: ArrivalShape, mean: Callable[[float], float]) -> None:
    instants = (0.1, 1.0, 5.0, 17.3, 600.0, 5000.0)
    fresh = [made(arrivals).count_before(t) for t in instants]
    asked = made(arrivals)
    for t in np.random.default_rng(0).uniform(0, 6000, 60).tolist():
        asked.count_before(t)
        asked.chunk(0, 0.0)
    assert [asked.count_before(t) for t in instants] == fresh == sorted(fresh)
    assert abs(fresh[-1] - mean(5000.0)) < 4 * math.sqrt(mean(5000.0))


@EACH
def test_evenly_spaced_at_the_rate_of_the_moment(arrivals: ArrivalShape, mean: Callable[[float], float]) -> None:
    even = made(arrivals.model_copy(update={"process": "constant"}))
    instants = np.linspace(0.3, 59.7, 60).tolist()
    counts = [even.count_before(t) for t in instants]
    assert counts == listed(even, tuple(instants))
    assert max(abs(n - mean(t)) for n, t in zip(counts, instants, strict=True)) <= 0.5 + 1e-3


@pytest.mark.parametrize("every", [None, 7.0])
def test_a_trace_of_times_is_played_as_it_stands(every: float | None) -> None:
    times = (0.0, 0.5, 0.5, 2.25, 6.0)
    played = Arrivals(None, shape(trace={"times": times, "repeatEvery": every}), KEY)
    chunk = played.chunk(0, 0.0)
    assert chunk.t_s[:5].tolist() == list(times)
    assert chunk.t_s[5:7].tolist() == ([math.inf, math.inf] if every is None else [7.0, 7.5])
    assert len(chunk.t_s) == CHUNK
    asked = (0.5, 0.6, 7.0, 7.1, 30.0)
    assert [played.count_before(t) for t in asked] == listed(played, asked)


def test_both_processes_of_a_steady_rate_take_no_other_way() -> None:
    """A shape that changes nothing gives the same requests as none."""
    plain, shaped = Arrivals(RATE, "poisson", KEY), Arrivals(RATE, shape(spikes=[{"at": 0, "lasts": "1s", "times": 1}]), KEY)
    assert np.allclose(plain.chunk(0, 0.0).t_s, shaped.chunk(0, 0.0).t_s)
    assert [plain.count_before(t) for t in INSTANTS] == [shaped.count_before(t) for t in INSTANTS]


def test_a_long_tail_costs_nothing() -> None:
    """A week of day and night at a million requests a second, counted in cells."""
    week_s = 7 * 86400.0
    busy = Arrivals(1e6, shape(diurnal={"peakToMean": 2}), KEY)
    assert busy.count_before(week_s) == pytest.approx(week_s * 1e6, rel=1e-5)


def test_random_delays_have_their_means() -> None:
    for on, mean_s in ((DelayShape(exponential="4s"), 4.0), (DelayShape.model_validate({"uniform": {"low": 1, "high": 5}}), 3.0)):
        arrivals = Arrivals(RATE, shape(bursts={"on": on, "off": 9.0}), KEY)
        cycles = 40_000 / (mean_s + 9)
        assert arrivals.count_before(40_000) == pytest.approx(40_000 * RATE, rel=4 / math.sqrt(cycles))
