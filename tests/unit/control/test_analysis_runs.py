"""AnalysisRuns beside and within a Rollout."""

from __future__ import annotations

from rolloutsim.manifest.objects import AnalysisRun
from rolloutsim.views import get_rollout
from tests.unit.control.worlds import JOB, image, rollout, service, world


def test_a_standalone_run_with_jobs_ends_and_expires_at_the_resync() -> None:
    """W10: a job of 8 s, finish to start 5 s; the run is deleted by the next resync after its time, not before (spec/analysis.md 8, 12)."""
    metrics = [
        {"name": "load", "interval": "5s", "count": 2, "provider": {"job": {"spec": JOB}}},
        {"name": "quick", "provider": {"web": {"url": "x"}}},
    ]
    spec = {"metrics": metrics, "ttlStrategy": {"secondsAfterSuccess": 30}}
    run = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "alone"}, "spec": spec}
    sources = {"load": {"outcomes": {"Successful": 1}, "takes": "8s"}, "quick": {"values": [[0, 1]]}}
    played = world(run, rollout({"canary": {}}), metrics=sources)
    played.advance(4.0)
    found = played.store.get(AnalysisRun, "alone")
    assert found is not None
    load, quick = found.status.result("load"), found.status.result("quick")
    assert load is not None and quick is not None
    assert (load.phase, load.count, quick.phase) == ("Running", 0, "Successful")  # a job holds no other metric back
    played.advance(25.0)
    found = played.store.get(AnalysisRun, "alone")
    assert found is not None and found.status.phase == "Successful"
    changes = [c for c in played.record.history("AnalysisRun") if isinstance(c.object, AnalysisRun) and c.object.is_completed]
    assert 20.0 <= changes[0].t_s <= 22.0
    played.advance(500.0)
    assert played.store.get(AnalysisRun, "alone") is not None
    played.advance(700.0)
    assert played.store.get(AnalysisRun, "alone") is None


def test_a_run_that_is_stopped_deletes_its_job() -> None:
    """W15: a failing metric ends its sibling's job, which counts as Successful."""
    metrics = [{"name": "endless", "provider": {"job": {"spec": JOB}}}, {"name": "short", "provider": {"job": {"spec": JOB}}}]
    run = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "alone"}, "spec": {"metrics": metrics}}
    sources = {"endless": {"outcomes": {"Failed": 1}, "takes": "10h"}, "short": {"outcomes": {"Failed": 1}, "takes": "30s"}}
    played = world(run, rollout({"canary": {}}), metrics=sources)
    played.advance(35.0)
    found = played.store.get(AnalysisRun, "alone")
    assert found is not None and found.status.phase == "Failed"
    endless = found.status.result("endless")
    assert endless is not None and (endless.phase, endless.message) == ("Successful", "Metric Terminated")


def test_jobs_are_shown_beneath_their_run() -> None:
    """`⊞ UID.METRIC.N` for each measurement that is kept, its age from the measurement's start (info/analysisrun_info.go; newJobName)."""
    long_name = "a-metric-whose-name-does-not-fit-into-a-label"
    metrics = [{"name": name, "interval": "5s", "count": 2, "provider": {"job": {"spec": JOB}}} for name in ("load", long_name)]
    template = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "jobs"}, "spec": {"metrics": metrics}}
    steps = [{"setWeight": 50}, {"analysis": {"templates": [{"templateName": "jobs"}]}}, {"pause": {}}]
    sources = {"load": {"outcomes": {"Successful": 1}, "takes": "8s"}, long_name: {"outcomes": {"Successful": 1}, "takes": "1s"}}
    played = world(template, rollout({"canary": {"steps": steps}}), *service("app"), metrics=sources)
    image(played, "v2", 9.0)
    lines = get_rollout(played.record, "app", played.now_s, colour=False).splitlines()
    (run,) = played.store.objects(AnalysisRun)
    at = next(i for i, line in enumerate(lines) if "α" in line)
    rows = [line.replace(run.meta.uid, "UID").partition("└──" if "└──" in line else "├──")[2].split() for line in lines[at : at + 4]]
    assert rows[0][:5] == ["α", run.meta.name, "AnalysisRun", "◌", "Running"]
    cut = long_name[: 63 - len(f"{run.meta.uid}..2")]
    assert rows[1:] == [
        ["⊞", f"UID.{cut}.1", "Job", "✔", "Successful", "8s"],
        ["⊞", f"UID.{cut}.2", "Job", "✔", "Successful", "2s"],
        ["⊞", "UID.load.1", "Job", "◌", "Running", "8s"],
    ]
