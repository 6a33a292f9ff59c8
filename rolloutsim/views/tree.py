"""The tree of a Rollout: its revisions, and under each its ReplicaSets, Experiments and AnalysisRuns with what they own (spec/views.md 2.3 to 2.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rolloutsim.control.observed import Now
from rolloutsim.control.phase import client_phase
from rolloutsim.manifest.analysis import PENDING, RUNNING
from rolloutsim.manifest.objects import AnalysisRun, Experiment, Object, Pod, ReplicaSet, Rollout
from rolloutsim.views.paint import BLUE, ICONS, PLAIN, SGR, TAG_COLOURS, Paint, age, icon
from rolloutsim.views.roles import tags


class Row(NamedTuple):
    """One line of the tree table."""

    name: str
    kind: str
    status: str
    age: str
    info: str


@dataclass(slots=True)
class Node:
    """An object in the tree, as its cells and what hangs below it."""

    row: Row
    below: list[Node] = field(default_factory=list)

    def rows(self, own: str = "", inherited: str = "") -> Iterable[Row]:
        """Its row and those below, each with its branches."""
        yield self.row._replace(name=f"{own}{self.row.name}")
        for i, node in enumerate(self.below):
            branch, trunk = ("└──", "   ") if i == len(self.below) - 1 else ("├──", "│  ")
            yield from node.rows(f"{inherited}{branch}", f"{inherited}{trunk}")


@dataclass(frozen=True, slots=True)
class Tree:
    """The objects of a view at an instant."""

    rollout: Rollout
    replica_sets: Sequence[ReplicaSet]
    pods: Sequence[Pod]
    analysis_runs: Sequence[AnalysisRun]
    experiments: Sequence[Experiment]
    now: Now
    paint: Paint

    def lines(self) -> list[str]:
        """The table."""
        return _table([Row("NAME", "KIND", "STATUS", "AGE", "INFO"), *self._root().rows()])

    def of_experiments(self) -> dict[str, ReplicaSet]:
        """ReplicaSets of the Rollout's Experiments by template name."""
        names = {experiment.meta.name for experiment in self.experiments if experiment.meta.owner == self.rollout.meta.name}
        return {rs.meta.name.removeprefix(f"{rs.meta.owner}-"): rs for rs in self.replica_sets if rs.meta.owner in names}

    def _root(self) -> Node:
        name = self.rollout.meta.name
        phase, _ = client_phase(self.rollout)
        row = Row(f"⟳ {name}", "Rollout", self._status(phase or ""), self._age(self.rollout), "")
        owned = [rs for rs in self.replica_sets if rs.meta.owner == name]
        runs = [run for run in self.analysis_runs if run.meta.owner == name]
        experiments = [experiment for experiment in self.experiments if experiment.meta.owner == name]
        known = {rs.revision for rs in owned} | {run.revision for run in runs} | {experiment.revision for experiment in experiments}
        revisions = sorted(known, reverse=True)
        return Node(row, [self._revision(revision, owned, runs, experiments) for revision in revisions])

    def _revision(self, revision: int, owned: Iterable[ReplicaSet], runs: Iterable[AnalysisRun], experiments: Iterable[Experiment]) -> Node:
        sets = sorted((rs for rs in owned if rs.revision == revision), key=lambda rs: rs.meta.name)
        below = [self._replica_set(rs, tags(self.rollout, rs)) for rs in sets]
        below += [self._experiment(one) for one in sorted(experiments, key=lambda one: one.meta.created_s) if one.revision == revision]
        return Node(Row(f"# revision:{revision}", "", " ", "", ""), below + self._runs(run for run in runs if run.revision == revision))

    def _experiment(self, experiment: Experiment) -> Node:
        name = experiment.meta.name
        sets = sorted((rs for rs in self.replica_sets if rs.meta.owner == name), key=lambda rs: rs.meta.name)
        row = Row(f"Σ {self._lit(name, experiment.status.phase)}", "Experiment", self._status(experiment.status.phase), self._age(experiment), "")
        runs = self._runs(run for run in self.analysis_runs if run.meta.owner == name)
        return Node(row, [self._replica_set(rs, ()) for rs in sets] + runs)

    def _replica_set(self, rs: ReplicaSet, roles: Sequence[str]) -> Node:
        info, name = [self.paint(tag, TAG_COLOURS[tag]) for tag in roles], rs.meta.name
        for tag in roles:
            name = self.paint(name, TAG_COLOURS[tag])
        if rs.scale_down_deadline_s is not None:
            left_s = rs.scale_down_deadline_s - self.now.s
            info.append("delay:passed" if left_s < 0 else f"delay:{age(left_s)}")
        own = sorted((pod for pod in self.pods if pod.meta.owner == rs.meta.name), key=lambda pod: (self._created_s(pod), pod.meta.name))
        row = Row(f"⧉ {name}", "ReplicaSet", self._status(replica_set_word(rs)), self._age(rs), ",".join(info))
        return Node(row, [self._pod(pod) for pod in own])

    def _pod(self, pod: Pod) -> Node:
        info = f"ready:{pod.containers if pod.ready else 0}/{pod.containers}" + (f",restarts:{pod.restarts}" if pod.restarts else "")
        return Node(Row(f"□ {pod.meta.name}", "Pod", f"{icon(pod_icon(pod.word), self.paint)} {pod.word}", self._age(pod), info))

    def _runs(self, runs: Iterable[AnalysisRun]) -> list[Node]:
        by_name = sorted(runs, key=lambda run: run.meta.name, reverse=True)
        nodes: list[Node] = []
        for run in sorted(by_name, key=self._created_s):
            results = run.status.metric_results
            counts = {
                "✔": sum(r.successful for r in results),
                "✖": sum(r.failed for r in results),
                "?": sum(r.inconclusive for r in results),
                "⚠": sum(r.error for r in results),
            }
            info = ",".join(f"{icon(mark, self.paint)} {n}" for mark, n in counts.items() if n)
            name = self._lit(run.meta.name, run.status.phase)
            nodes.append(Node(Row(f"α {name}", "AnalysisRun", self._status(run.status.phase), self._age(run), info), self._jobs(run)))
        return nodes

    def _jobs(self, run: AnalysisRun) -> list[Node]:
        """The Jobs of the measurements that are kept, metric by metric; a Job's age counts from its measurement's start."""
        measurements = [one for result in run.status.metric_results for one in result.measurements if one.job]
        return [
            Node(Row(f"⊞ {self._lit(one.job, one.phase)}", "Job", self._status(one.phase), age(self.now.s - one.started_s), ""))
            for one in measurements
        ]

    def _lit(self, name: str, phase: str) -> str:
        """The name of an Experiment, AnalysisRun or Job, lit up as long as it goes on (get.go, colorizeStatus)."""
        return self.paint(name, BLUE if phase in (PENDING, RUNNING) else PLAIN)

    def _status(self, word: str) -> str:
        return f"{icon(ICONS.get(word, ' '), self.paint)} {word}"

    def _age(self, obj: Rollout | ReplicaSet | Pod | AnalysisRun | Experiment) -> str:
        return age(self.now.s - self._created_s(obj))

    def _created_s(self, obj: Object) -> float:
        """creationTimestamp: the whole second of the wall clock in which an object was created."""
        return Now(obj.meta.created_s, self.now.fraction_s).whole_s


def replica_set_word(rs: ReplicaSet) -> str:
    """Health of a ReplicaSet (info/replicaset_info.go, getReplicaSetHealth)."""
    if rs.status.observed_generation < rs.meta.generation or rs.status.available_replicas < rs.replicas:
        return "Progressing"
    return "ScaledDown" if rs.replicas == 0 else "Healthy"


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
    return len(SGR.sub("", text))
