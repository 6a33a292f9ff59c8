"""What the kubectl plugin prints: `get rollout`, `list rollouts`, `status`, to the character (spec/views.md; pkg/kubectl-argo-rollouts)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rolloutsim.control import defaults
from rolloutsim.control.observed import Now
from rolloutsim.control.phase import client_phase
from rolloutsim.control.weights import set_weight
from rolloutsim.errors import InputError, Place, Problem
from rolloutsim.manifest.objects import AnalysisRun, Experiment, Object, Pod, ReplicaSet, Rollout
from rolloutsim.record import Record
from rolloutsim.views.paint import ICONS, PLAIN, TAG_COLOURS, Paint, icon
from rolloutsim.views.roles import is_canary
from rolloutsim.views.roles import tags as tags_of
from rolloutsim.views.tree import Tree, replica_set_word

State = Mapping[tuple[str, str], Object]


def state_at(record: Record, name: str, at_s: float) -> tuple[State, Rollout]:
    """The objects at an instant and the Rollout of a name among them; InputError for another name or an instant outside the record."""
    known = record.header.rollout
    if name != known:
        rule = f'rollout.argoproj.io "{name}" not found'
        raise InputError([Problem(Place("NAME"), name, rule, f"The scenario plays {known}.")])
    if not 0 <= at_s <= record.end_s:
        found = f"{at_s:g} s"
        when = "before the start" if at_s < 0 else "after the end"
        raise InputError([Problem(Place("--at"), found, f"{when}: the run lasts from 0 to {record.end_s:.2f} s", "Give an instant within it.")])
    state = record.at(at_s)
    rollout = state.get(("Rollout", name))
    if not isinstance(rollout, Rollout):
        raise InputError([Problem(Place("--at"), f"{at_s:g} s", "the Rollout does not exist yet", "Give a later instant.")])
    return state, rollout


def get_rollout(record: Record, name: str, at_s: float, *, colour: bool = True) -> str:
    """`kubectl argo rollouts get rollout NAME` as it prints at an instant."""
    state, rollout = state_at(record, name, at_s)
    return rollout_view(state, rollout, Now(at_s, record.header.second_fraction_s), record.header.namespace, colour=colour)


def rollout_view(state: State, rollout: Rollout, now: Now, namespace: str, *, colour: bool = True) -> str:
    """The view of a Rollout and what it owns."""
    paint = Paint(on=colour)
    tree = Tree(
        rollout,
        [obj for obj in state.values() if isinstance(obj, ReplicaSet)],
        [obj for obj in state.values() if isinstance(obj, Pod)],
        [obj for obj in state.values() if isinstance(obj, AnalysisRun)],
        [obj for obj in state.values() if isinstance(obj, Experiment)],
        now,
        paint,
    )
    owned = [rs for rs in tree.replica_sets if rs.meta.owner == rollout.meta.name]
    return "\n".join([*_header(rollout, owned, tree.of_experiments(), namespace, paint), "", *tree.lines()]) + "\n"


# --- header --------------------------------------------------------------------------------------------------------------------------


def _header(rollout: Rollout, owned: Sequence[ReplicaSet], on_trial: Mapping[str, ReplicaSet], namespace: str, paint: Paint) -> list[str]:
    phase, message = client_phase(rollout)
    strategy = rollout.spec.strategy
    lines = [("Name:", rollout.meta.name), ("Namespace:", namespace), ("Status:", f"{icon(ICONS.get(phase or '', ' '), paint)} {phase or ''}")]
    if message:
        lines.append(("Message:", message))
    lines.append(("Strategy:", "Canary" if strategy.canary is not None else "BlueGreen" if strategy.blue_green is not None else ""))
    if strategy.canary is not None:
        step, weight, actual = canary_figures(rollout, owned)
        lines += [("  Step:", step), ("  SetWeight:", weight), ("  ActualWeight:", actual)]
    for i, image in enumerate(_images(rollout, owned, on_trial, paint)):
        lines.append(("Images:" if i == 0 else "", image))
    status = rollout.status
    counts = (defaults.desired_replicas(rollout.spec), status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas)
    lines.append(("Replicas:", ""))
    lines += [(f"  {label}:", str(n)) for label, n in zip(("Desired", "Current", "Updated", "Ready", "Available"), counts, strict=True)]
    return [f"{label:<17}{value}" if value or label != "Replicas:" else label for label, value in lines]


def canary_figures(rollout: Rollout, owned: Iterable[ReplicaSet]) -> tuple[str, str, str]:
    """Step, SetWeight and ActualWeight (info/rollout_info.go; spec/views.md 4.2)."""
    canary, status = rollout.spec.strategy.canary, rollout.status
    assert canary is not None
    steps, top = canary.steps, defaults.max_weight(rollout.spec)
    index = status.current_step_index or 0
    step = f"{index}/{len(steps)}" if steps and status.current_step_index is not None else ""
    weight = set_weight(steps, index, aborted=status.abort, max_weight=top)
    if index >= len(steps):
        actual = top
    elif status.available_replicas == 0:
        actual = 0
    elif canary.traffic_routing is None:
        new = next((rs for rs in owned if is_canary(rollout, rs)), None)
        actual = new.status.available_replicas * top // status.available_replicas if new is not None else 0
    else:
        actual = status.weights.canary.weight if status.weights is not None else weight
    return step, str(weight), str(actual)


def _images(rollout: Rollout, owned: Iterable[ReplicaSet], on_trial: Mapping[str, ReplicaSet], paint: Paint) -> list[str]:
    """Images of ReplicaSets with pods and their roles, then those of Experiments with `Σ:TEMPLATE` (spec/views.md 2.2)."""
    tags: dict[str, list[str]] = {}
    for rs in owned:
        if rs.status.replicas > 0:
            for image in dict.fromkeys(rs.template.images):
                own = tags_of(rollout, rs)
                tags[image] = sorted({*tags[image], *own}) if image in tags else own
    for template, rs in on_trial.items():
        for image in dict.fromkeys(rs.template.images) if rs.status.replicas > 0 else ():
            tags[image] = [*tags.get(image, []), f"Σ:{template}"]
    return [
        f"{image} ({', '.join(paint(tag, TAG_COLOURS.get(tag, PLAIN)) for tag in tags[image])})" if tags[image] else image for image in sorted(tags)
    ]


# --- list and status -----------------------------------------------------------------------------------------------------------------


def list_rollouts(record: Record, at_s: float) -> str:
    """`kubectl argo rollouts list rollouts` at an instant."""
    state, rollout = state_at(record, record.header.rollout, at_s)
    owned = [obj for obj in state.values() if isinstance(obj, ReplicaSet)]
    status, phase = rollout.status, client_phase(rollout)[0] or ""
    is_canary = rollout.spec.strategy.canary is not None
    step, weight, _ = canary_figures(rollout, owned) if is_canary else ("", "-", "")
    counts = (str(defaults.desired_replicas(rollout.spec)), str(status.updated_replicas), str(status.available_replicas))
    strategy = "Canary" if is_canary else "BlueGreen"
    cells = (rollout.meta.name, strategy, phase, step or "-", weight, f"{status.ready_replicas}/{status.replicas}", *counts)
    heads = ("NAME", "STRATEGY", "STATUS", "STEP", "SET-WEIGHT", "READY", "DESIRED", "UP-TO-DATE", "AVAILABLE")
    least = (10, 9, 12, 4, 10, 5, 7, 10, 9)
    widths = [max(len(head), len(cell), n) + 2 for head, cell, n in zip(heads, cells, least, strict=True)]
    return "".join("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in (heads, cells))


def status_line(record: Record, name: str, at_s: float) -> tuple[str, str, int]:
    """`kubectl argo rollouts status NAME --watch=false` at an instant: what it prints, its error, its exit code."""
    _, rollout = state_at(record, name, at_s)
    phase, message = client_phase(rollout)
    if phase == "Degraded":
        return "Degraded\n", f"Error: The rollout is in a degraded state with message: {message}\n", 1
    return (f"{phase} - {message}\n" if message else f"{phase}\n"), "", 0


def form(record: Record, name: str, at_s: float) -> dict[str, object]:
    """What the views show of a Rollout at an instant, as plain data."""
    state, rollout = state_at(record, name, at_s)
    owned = [obj for obj in state.values() if isinstance(obj, ReplicaSet) and obj.meta.owner == name]
    phase, message = client_phase(rollout)
    status = rollout.status
    step, weight, actual = canary_figures(rollout, owned) if rollout.spec.strategy.canary is not None else (None, None, None)
    sets = [
        {
            "name": rs.meta.name,
            "revision": rs.revision,
            "image": ", ".join(rs.template.images),
            "tags": tags_of(rollout, rs),
            "status": replica_set_word(rs),
            "available": rs.status.available_replicas,
        }
        for rs in owned
    ]
    return {
        "rollout": name,
        "at_s": at_s,
        "phase": phase,
        "message": message,
        "step": step,
        "set_weight": weight,
        "actual_weight": actual,
        "desired": defaults.desired_replicas(rollout.spec),
        "current": status.replicas,
        "updated": status.updated_replicas,
        "ready": status.ready_replicas,
        "available": status.available_replicas,
        "replica_sets": sets,
    }
