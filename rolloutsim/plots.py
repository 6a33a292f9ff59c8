"""Figures of a record, by matplotlib: `timeline(record) -> Axes`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rolloutsim.answers.counting import count
from rolloutsim.answers.intervals import interval
from rolloutsim.answers.share import routes_of
from rolloutsim.answers.stretches import stretches, updates
from rolloutsim.control.phase import client_phase
from rolloutsim.manifest.objects import Pod, ReplicaSet
from rolloutsim.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PHASE_COLOURS = {"Progressing": "#dbe9f6", "Paused": "#fdf0d0", "Healthy": "#e3f3e1", "Degraded": "#f8dada"}
NEW, OLD, WEIGHT = "#1f6fb4", "#7f7f7f", "#9a9a9a"


def timeline(record: Record, *, stream: str | None = None, bins: int = 60, ax: Axes | None = None) -> Axes:
    """The new version's share over time with its 95 % band, setWeight as grey steps, phases as background, and the pods below.

    `stream` is the first one unless named; the share is measured in `bins` equal stretches. Returns the Axes of the share.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        figure, (ax, pods_ax) = plt.subplots(2, 1, sharex=True, figsize=(9, 5), height_ratios=(3, 1), layout="constrained")
        figure.suptitle(f"{record.header.scenario}: share of the new version", x=0.01, ha="left")
    else:
        pods_ax = None
    name = stream if stream is not None else next(iter(record.traffic), None)
    _phases(record, ax)
    _weights(record, ax)
    if name is not None and updates(record):
        _share(record, name, bins, ax)
    ax.set(ylim=(-3, 103), xlim=(0, record.end_s), ylabel=f"share of {name or 'requests'} in %")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=7, frameon=False, fontsize="small", borderaxespad=0.2, columnspacing=1.2)
    if pods_ax is None:
        ax.set_xlabel("seconds from the start")
    else:
        _pods(record, pods_ax)
        pods_ax.set(xlabel="seconds from the start", ylabel="ready pods", ylim=(0, None))
    return ax


def _phases(record: Record, ax: Axes) -> None:
    states = [(t_s, client_phase(rollout)[0] or "") for t_s, rollout in record.rollouts()]
    ends = [t_s for t_s, _ in states[1:]] + [record.end_s]
    seen: set[str] = set()
    for (from_s, phase), to_s in zip(states, ends, strict=True):
        if phase in PHASE_COLOURS and to_s > from_s:
            ax.axvspan(from_s, to_s, color=PHASE_COLOURS[phase], lw=0, label=None if phase in seen else phase, zorder=0)
            seen.add(phase)


def _weights(record: Record, ax: Axes) -> None:
    rows = [row for row in stretches(record) if row.set_weight_percent is not None]
    for i, row in enumerate(rows):
        ax.hlines(row.set_weight_percent or 0.0, row.from_s, row.to_s, color=WEIGHT, lw=4, label="setWeight" if i == 0 else "", zorder=2)


def _share(record: Record, stream: str, bins: int, ax: Axes) -> None:
    import numpy as np

    hashes = {ordinal: pod.pod_hash for ordinal, pod in record.pods().items() if isinstance(pod, Pod)}
    new_hash = updates(record)[-1].new_hash
    edges = np.linspace(0.0, record.end_s, bins + 1)
    covers = routes_of(record, stream)[-1][2].covers
    points: list[Any] = []
    for from_s, to_s in pairwise(edges.tolist()):
        counted = count(record.traffic[stream], from_s, to_s)
        hits = sum(n for ordinal, n in counted.answered.items() if hashes[ordinal] == new_hash)
        if counted.requests:
            found = interval(hits, counted.requests, covers, counted.squares)
            points.append(((from_s + to_s) / 2, 100 * found.share, 100 * found.low, 100 * found.high))
    if points:
        t_s, shares, low, high = np.array(points).T
        ax.fill_between(t_s, low, high, color=NEW, alpha=0.25, lw=0, label="95 % band", zorder=3)
        ax.plot(t_s, shares, color=NEW, lw=1.5, label="measured share", zorder=4)


def _pods(record: Record, ax: Axes) -> None:
    found = updates(record)
    new_hash = found[-1].new_hash if found else ""
    for label, colour, width, is_new in (("old", OLD, 3.5, False), ("new", NEW, 1.5, True)):  # where both are equal, both are seen
        ready: dict[str, int] = {}
        points = [(0.0, 0)]
        for change in record.history("ReplicaSet"):
            if isinstance(change.object, ReplicaSet) and (change.object.pod_hash == new_hash) == is_new:
                ready[change.name] = change.object.status.ready_replicas
                points.append((change.t_s, sum(ready.values())))
        points.append((record.end_s, points[-1][1]))
        ax.step([t for t, _ in points], [n for _, n in points], where="post", color=colour, lw=width, label=label)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small", ncols=2, borderaxespad=0.2)
