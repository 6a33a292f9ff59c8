"""Play recordings of the real controller, and say how well the simulation agrees: `replay(paths)`.

A recording's own answers (timeline, events, revisions, view texts) are never read to play it; only its manifests, delays, deeds and the
instants of its views are. The comparison follows the rules of the recordings: a series agrees when each side's state at each moment is found on
the other within a second.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolloutsim.control import commands
from rolloutsim.control.commands import Answer, Patch
from rolloutsim.control.observed import Now
from rolloutsim.errors import InputError, Place, Problem, Refused
from rolloutsim.manifest.analysis_metrics import Metric
from rolloutsim.manifest.bundle import Manifests, bundle
from rolloutsim.manifest.documents import parse, shown
from rolloutsim.manifest.instants import with_restart_instant
from rolloutsim.manifest.merge_patch import patched_spec
from rolloutsim.manifest.objects import Pod, ReplicaSet, Rollout
from rolloutsim.record import Deed, Header, Record
from rolloutsim.scenario import Cluster, Pods, Version
from rolloutsim.studies.agreement import compare
from rolloutsim.studies.timeline_document import timeline_document
from rolloutsim.views import rollout_view
from rolloutsim.world.measurements import Found, Measurements, Scripted, web_value
from rolloutsim.world.rollout_controller import patch_status
from rolloutsim.world.world import Setup, World

Json = dict[str, Any]
DEFAULT_START_S, DEFAULT_STOP_S = 2.0, 1.0
KUBELET_WRITE_S = 0.007
"""The recordings' stand-in for the kubelets reports one pod after another: n pods are ready within 0.011 (n - 1) s (medians of n = 2 to 10)."""
VIEW_READ_S = 0.08
"""From the start of `get rollout` to what it shows: of 0 to 0.2 s the delay at which most recorded views are met (all that are determined)."""
SECOND_PATCH_S = 0.025
"""The plugin's second patch follows its first by so much (recording basic-user-pause)."""


def read_recording(path: str | Path) -> Json:
    """A recording's document; InputError if the file is none."""
    problems: list[Problem] = []
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        problems.append(Problem(Place(str(path)), shown(str(error)), "a recording is a JSON file", "Name another file."))
        raise InputError(problems) from error
    missing = [key for key in ("manifests", "until") if not isinstance(document, dict) or key not in document]
    if missing:
        raise InputError([Problem(Place(str(path)), f"no {' and no '.join(missing)}", "a recording has manifests and until", "Name another file.")])
    return document  # type: ignore[no-any-return]


def play(document: Json, observers: Sequence[Callable[..., None]] = ()) -> Record:
    """The record of playing a recording's deeds; InputError for manifests that are not simulated."""
    problems: list[Problem] = []
    name = str(document.get("name", "recording"))
    documents = [found for m in document["manifests"] for found in parse(name, json.dumps(m), problems)]
    manifests = bundle(documents, problems, check_rules=False)
    if problems or manifests is None:
        raise InputError(problems)
    world = World(_setup(document, manifests), tuple(observers))
    for deed in sorted(document.get("executed") or document.get("actions") or (), key=lambda d: float(d.get("done", d["t"]))):
        if deed["do"] != "view":
            world.advance(min(float(deed.get("done", deed["t"])), float(document["until"])))
            _do(world, deed, document)
    world.advance(float(document["until"]))
    return world.finish()


def timeline_of(document: Json) -> Json:
    """A recording played, in the form of a recording."""
    record = play(document)
    views = [{"t": view["t"], "text": _view(record, float(view["t"]))} for view in document.get("views") or ()]
    return {"name": document.get("name"), **timeline_document(record, views), "until": document["until"]}


def _view(record: Record, at_s: float) -> str:
    read_s = min(at_s + VIEW_READ_S, record.end_s)
    state = record.at(read_s)
    rollout = state.get(("Rollout", record.header.rollout))
    now = Now(read_s, record.header.second_fraction_s)
    return rollout_view(state, rollout, now, record.header.namespace, colour=False) if isinstance(rollout, Rollout) else ""


def _setup(document: Json, manifests: Manifests) -> Setup:
    given: Json = document.get("pods") or {}
    default = _pods(given.get("default") or {}, Pods(start=DEFAULT_START_S, stop=DEFAULT_STOP_S))
    versions = tuple((tag, Version(pods=_pods(pods, default))) for tag, pods in given.items() if tag != "default")
    return Setup(
        header=Header(str(document.get("name", "")), manifests.rollout.meta.name, 1, second_fraction_s=float(document.get("startFraction") or 0.0)),
        rollout=manifests.rollout,
        services=manifests.services,
        routes=manifests.routes,
        ingresses=manifests.ingresses,
        templates=(*manifests.analysis_templates, *manifests.cluster_analysis_templates),
        measurements=Measurements(default=WebMetrics(document.get("metrics") or {})),
        cluster=Cluster(pods=default, kubelet_write=KUBELET_WRITE_S),
        versions=versions,
        healthy_at_start=False,
    )


class WebMetrics:
    """The web server of the recordings: `__METRICS__/NAME` answers with the value of NAME's series as `{"value": ...}`."""

    def __init__(self, series: Mapping[str, Any]) -> None:
        self._series = {name: Scripted(values) for name, values in series.items()}

    def measure(self, run: str, metric: Metric, index: int, at_s: float) -> Found:
        """The value at the instant, found in the body by `jsonPath`."""
        web = metric.provider.get("web") or {}
        name = str(web.get("url", "")).rpartition("/")[2]
        if name not in self._series:
            return Found(error="received non 2xx response code: 404")
        found = self._series[name].measure(run, metric, index, at_s)
        return found if found.error else web_value({"value": found.value}, str(web.get("jsonPath") or "{$}"))


def _pods(given: Json, default: Pods) -> Pods:
    return Pods(
        start=given.get("start", default.start),
        stop=given.get("stop", default.stop),
        ready=given.get("ready", default.ready),
        unready_after=given.get("unready_after", default.unready_after),
    )


# --- deeds ---------------------------------------------------------------------------------------------------------------------------


def _do(world: World, deed: Json, document: Json) -> None:
    """Carry out one deed: through the API, or as the plugin's command of that name."""
    command = " ".join([str(deed["do"]), *map(str, deed.get("args") or ())])
    if deed["do"] == "delete-pods":
        _delete_pods(world, deed)
        return
    try:
        answer = _answer(world, deed, float(document.get("startFraction") or 0.0))
    except Refused as refused:
        world.record.deeds.append(Deed(world.now_s, command, f"Error: {refused}", refused=True))
        return
    world.record.deeds.append(Deed(world.now_s, command, answer.printed))
    for i, patch in enumerate(answer.patches):
        if i:
            world.advance(world.now_s + SECOND_PATCH_S)
        if patch.status is not None:
            patch_status(world.store, world.rollout.meta.name, dict(patch.status))
        if patch.spec is not None:
            world.store.update(Rollout, world.rollout.meta.name, {"spec": patch.spec})


def _answer(world: World, deed: Json, fraction_s: float) -> Answer:
    rollout, do, args = world.rollout, deed["do"], [str(arg) for arg in deed.get("args") or ()]
    match do:
        case "set-image":
            return commands.set_image(rollout, {"*": deed["image"]})
        case "promote":
            return commands.promote(
                rollout,
                full="--full" in args,
                skip_current_step="--skip-current-step" in args,
                skip_all_steps="--skip-all-steps" in args,
            )
        case "abort":
            return commands.abort(rollout)
        case "retry rollout":
            return commands.retry(rollout)
        case "pause":
            return commands.pause(rollout)
        case "restart":
            return commands.restart(rollout, Now(float(deed["t"]) + (float(deed["done"]) - float(deed["t"])) / 2, fraction_s).whole_s)
        case "undo":
            to = next((int(arg.partition("=")[2]) for arg in args if arg.startswith("--to-revision=")), 0)
            return commands.undo(rollout, world.store.objects(ReplicaSet), to)
        case "patch":
            spec = with_restart_instant(patched_spec(rollout, deed["patch"]), world.setup.header.start_at, fraction_s)
            return Answer((Patch(spec=spec),), "patched")
    raise InputError([Problem(Place("actions"), shown(do), "no such deed", "See the recordings' README.")])


def _delete_pods(world: World, deed: Json) -> None:
    """Delete pods of an image tag, as `kubectl delete pod` does, in the order of their names."""
    tag = str(deed.get("image", ""))
    pods = sorted((pod for pod in world.store.objects(Pod) if pod.deleted_s is None), key=lambda pod: pod.meta.name)
    chosen = [pod for pod in pods if any(image == tag or image.rpartition(":")[2] == tag for image in pod.images)]
    for pod in chosen[: int(deed.get("count", len(chosen)))]:
        world.store.update(Pod, pod.meta.name, {"deleted_s": world.now_s, "word": "Terminating"})


def recordings(paths: Iterable[str | Path]) -> list[Path]:
    """The recording files of files and folders, sorted; InputError if there is none."""
    found = [f for path in map(Path, paths) for f in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    if not found:
        raise InputError(
            [Problem(Place(" ".join(map(str, paths))), "no recording", "recordings are NAME.json files", "Name a folder that holds some.")]
        )
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """One recording played: how many series agree of how many, the first difference in words, or why it could not be played."""

    name: str
    agreeing: int = 0
    series: int = 0
    difference: str = ""
    unplayable: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every series agrees."""
        return not self.unplayable and self.agreeing == self.series


def replay_one(path: str | Path, timelines: str | Path | None = None) -> Outcome:
    """Play one recording, write its timeline into a folder if asked, and compare it where the recording holds its answers."""
    name = Path(path).stem
    try:
        document = read_recording(path)
        played = timeline_of(document)
    except InputError as error:
        first = error.problems[0]
        return Outcome(name, unplayable=f"{first.found}: {first.rule}")
    if timelines is not None:
        Path(timelines, f"{name}.json").write_text(json.dumps(played, ensure_ascii=False), encoding="utf-8")
    if "timeline" not in document:
        return Outcome(name)
    differences = compare(document, played)
    bad = [(key, why) for key, why in differences if why]
    first_bad = f"{'/'.join(bad[0][0])}: {bad[0][1]}" if bad else ""
    return Outcome(name, len(differences) - len(bad), len(differences), first_bad)


def replay(paths: Iterable[str | Path], *, workers: int = 1, timelines: str | Path | None = None) -> list[Outcome]:
    """Play recordings, over several processes if asked; the outcomes come in the order of their names, whatever the number of workers."""
    files = recordings(paths)
    if timelines is not None:
        Path(timelines).mkdir(parents=True, exist_ok=True)
    if workers <= 1 or len(files) == 1:
        return [replay_one(file, timelines) for file in files]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(replay_one, files, [timelines] * len(files), chunksize=4))
