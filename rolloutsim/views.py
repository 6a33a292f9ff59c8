"""What the kubectl plugin prints: `get rollout`, `list rollouts`, `status`, to the character (spec/views.md; pkg/kubectl-argo-rollouts)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rolloutsim.control import defaults
from rolloutsim.control.phase import client_phase
from rolloutsim.control.weights import set_weight
from rolloutsim.errors import InputError, Place, Problem
from rolloutsim.manifest.objects import Object, Pod, ReplicaSet, Rollout
from rolloutsim.record import Record

State = Mapping[tuple[str, str], Object]

ICONS = {"Progressing": "◌", "Paused": "॥", "Healthy": "✔", "Degraded": "✖", "ScaledDown": "•", "ReplicaFailure": "✖"}
GREEN, RED, YELLOW, BLUE, PLAIN = "32", "31", "33", "94", "0"
ICON_COLOURS = {"✔": GREEN, "✖": RED, "⚠": RED, "◷": YELLOW, "?": YELLOW, "◌": BLUE}
TAG_COLOURS = {"stable": GREEN, "active": GREEN, "canary": YELLOW, "preview": BLUE, "ping": BLUE, "pong": BLUE}
_SGR = re.compile(r"\x1b\[[0-9;]*m")


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
    return rollout_view(state, rollout, at_s, record.header.namespace, colour=colour)


def rollout_view(state: State, rollout: Rollout, now_s: float, namespace: str, *, colour: bool = True) -> str:
    """The view of a Rollout and what it owns."""
    paint = _paint if colour else _no_paint
    owned = [obj for obj in state.values() if isinstance(obj, ReplicaSet) and obj.meta.owner == rollout.meta.name]
    pods = [obj for obj in state.values() if isinstance(obj, Pod)]
    lines = [*_header(rollout, owned, namespace, paint), "", *_table(_tree(rollout, owned, pods, now_s, paint))]
    return "\n".join(lines) + "\n"


# --- header --------------------------------------------------------------------------------------------------------------------------


def _header(rollout: Rollout, owned: Sequence[ReplicaSet], namespace: str, paint: Paint) -> list[str]:
    phase, message = client_phase(rollout)
    strategy = rollout.spec.strategy
    lines = [("Name:", rollout.meta.name), ("Namespace:", namespace), ("Status:", f"{_icon(ICONS.get(phase or '', ' '), paint)} {phase or ''}")]
    if message:
        lines.append(("Message:", message))
    lines.append(("Strategy:", "Canary" if strategy.canary is not None else "BlueGreen" if strategy.blue_green is not None else ""))
    if strategy.canary is not None:
        step, weight, actual = canary_figures(rollout, owned)
        lines += [("  Step:", step), ("  SetWeight:", weight), ("  ActualWeight:", actual)]
    for i, image in enumerate(_images(rollout, owned, paint)):
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
        new = next((rs for rs in owned if _is_canary(rollout, rs)), None)
        actual = new.status.available_replicas * top // status.available_replicas if new is not None else 0
    else:
        actual = status.weights.canary.weight if status.weights is not None else weight
    return step, str(weight), str(actual)


def _is_canary(rollout: Rollout, rs: ReplicaSet) -> bool:
    status = rollout.status
    return rollout.spec.strategy.canary is not None and rs.pod_hash != status.stable_rs and rs.pod_hash == status.current_pod_hash


def _tags(rollout: Rollout, rs: ReplicaSet) -> list[str]:
    """Roles of a ReplicaSet: stable, then one of canary, active, preview, then ping or pong."""
    status, tags = rollout.status, []
    is_stable = rs.pod_hash == status.stable_rs
    if is_stable:
        tags.append("stable")
    if _is_canary(rollout, rs):
        tags.append("canary")
    elif rs.pod_hash == status.active_selector:
        tags.append("active")
    elif rs.pod_hash == status.preview_selector:
        tags.append("preview")
    canary = rollout.spec.strategy.canary
    if canary is not None and canary.ping_pong is not None and (is_stable or _is_canary(rollout, rs)):
        tags.append("ping" if is_stable == (status.stable_ping_pong == "ping") else "pong")
    return tags


def _images(rollout: Rollout, owned: Iterable[ReplicaSet], paint: Paint) -> list[str]:
    tags: dict[str, list[str]] = {}
    for rs in owned:
        if rs.status.replicas > 0:
            for image in dict.fromkeys(rs.template.images):
                own = _tags(rollout, rs)
                tags[image] = sorted({*tags[image], *own}) if image in tags else own
    return [f"{image} ({', '.join(paint(tag, TAG_COLOURS[tag]) for tag in tags[image])})" if tags[image] else image for image in sorted(tags)]


# --- tree ----------------------------------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One line of the tree table."""

    name: str
    kind: str
    status: str
    age: str
    info: str


def _tree(rollout: Rollout, owned: Sequence[ReplicaSet], pods: Sequence[Pod], now_s: float, paint: Paint) -> list[Row]:
    phase, _ = client_phase(rollout)
    status = f"{_icon(ICONS.get(phase or '', ' '), paint)} {phase or ''}"
    rows = [Row("NAME", "KIND", "STATUS", "AGE", "INFO"), Row(f"⟳ {rollout.meta.name}", "Rollout", status, age(now_s - rollout.meta.created_s), "")]
    revisions = sorted({rs.revision for rs in owned}, reverse=True)
    for i, revision in enumerate(revisions):
        branch, below = ("└──", "   ") if i == len(revisions) - 1 else ("├──", "│  ")
        rows.append(Row(f"{branch}# revision:{revision}", "", " ", "", ""))
        sets = sorted((rs for rs in owned if rs.revision == revision), key=lambda rs: rs.meta.name)
        for k, rs in enumerate(sets):
            rs_branch, rs_below = ("└──", "   ") if k == len(sets) - 1 else ("├──", "│  ")
            rows.append(_replica_set_row(rollout, rs, f"{below}{rs_branch}", now_s, paint))
            own = sorted((pod for pod in pods if pod.meta.owner == rs.meta.name), key=lambda pod: (int(pod.meta.created_s), pod.meta.name))
            for m, pod in enumerate(own):
                last = "└──" if m == len(own) - 1 else "├──"
                rows.append(_pod_row(pod, f"{below}{rs_below}{last}", now_s, paint))
    return rows


def _replica_set_row(rollout: Rollout, rs: ReplicaSet, branch: str, now_s: float, paint: Paint) -> Row:
    word = replica_set_word(rs)
    info = [paint(tag, TAG_COLOURS[tag]) for tag in _tags(rollout, rs)]
    if rs.scale_down_deadline_s is not None:
        left_s = rs.scale_down_deadline_s - now_s
        info.append("delay:passed" if left_s < 0 else f"delay:{age(left_s)}")
    return Row(f"{branch}⧉ {rs.meta.name}", "ReplicaSet", f"{_icon(ICONS[word], paint)} {word}", age(now_s - rs.meta.created_s), ",".join(info))


def replica_set_word(rs: ReplicaSet) -> str:
    """Health of a ReplicaSet (info/replicaset_info.go, getReplicaSetHealth)."""
    if rs.status.observed_generation < rs.meta.generation or rs.status.available_replicas < rs.replicas:
        return "Progressing"
    return "ScaledDown" if rs.replicas == 0 else "Healthy"


def _pod_row(pod: Pod, branch: str, now_s: float, paint: Paint) -> Row:
    info = f"ready:{pod.containers if pod.ready else 0}/{pod.containers}" + (f",restarts:{pod.restarts}" if pod.restarts else "")
    return Row(f"{branch}□ {pod.meta.name}", "Pod", f"{_icon(pod_icon(pod.word), paint)} {pod.word}", age(now_s - pod.meta.created_s), info)


def pod_icon(word: str) -> str:
    """The icon of a pod's word (info/pod_info.go; spec/views.md 5)."""
    if word in ("Pending", "ContainerCreating", "Terminating") or word.startswith("Init:"):
        return "◌"
    if word in ("Running", "Completed"):
        return "✔"
    if word in ("Failed", "InvalidImageName", "CrashLoopBackOff") or word.startswith(("Signal:", "ExitCode:")):
        return "✖"
    if word.endswith("Error") or word.startswith("Err") or word in ("ImagePullBackOff", "RegistryUnavailable"):
        return "⚠"
    return "?" if word == "Unknown" else " "


def _table(rows: Sequence[Row]) -> list[str]:
    """Elastic columns: each but the last as wide as its longest cell and two blanks more."""
    widths = [max(_width(row[i]) for row in rows) + 2 for i in range(4)]
    return ["".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)) + row.info for row in rows]


def _width(text: str) -> int:
    return len(_SGR.sub("", text))


# --- colours and ages ----------------------------------------------------------------------------------------------------------------


class Paint:
    """Wraps a text in a colour; the plain kind leaves it as it is."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def __call__(self, text: str, code: str) -> str:
        """The text in a colour (an SGR code)."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._on else text


_paint, _no_paint = Paint(on=True), Paint(on=False)


def _icon(icon: str, paint: Paint) -> str:
    return paint(icon, ICON_COLOURS.get(icon, PLAIN))


def age(seconds: float) -> str:
    """A duration as `kubectl` prints ages: at most two units, cut, never rounded (k8s.io/apimachinery, HumanDuration)."""
    if seconds <= -2:
        return "<invalid>"
    s = max(0, int(seconds))
    minutes, hours, days = s // 60, s // 3600, s // 86400
    if s < 120:
        return f"{s}s"
    if minutes < 10:
        return f"{minutes}m{s % 60}s" if s % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y{days % 365}d" if days < 8 * 365 and days % 365 else f"{days // 365}y"


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
            "tags": _tags(rollout, rs),
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
