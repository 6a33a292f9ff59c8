"""The AnalysisRun controller as a process: looks at runs, takes their measurements side by side, and writes their status."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from rolloutsim.conditions import evaluate
from rolloutsim.control.analysis.jobs import job_name
from rolloutsim.control.analysis.run import Look, conclude, is_expired, look
from rolloutsim.control.defaults import RESYNC_S
from rolloutsim.control.observed import Now
from rolloutsim.errors import ApiError
from rolloutsim.manifest.analysis import RUNNING, SUCCESSFUL, Measurement
from rolloutsim.manifest.analysis_metrics import Metric
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import AnalysisRun, Event
from rolloutsim.world.clock import EPSILON_S, call_later
from rolloutsim.world.delays import ANALYSIS_LOOK_S, Delays
from rolloutsim.world.event_recorder import EventRecorder
from rolloutsim.world.informer import Informer
from rolloutsim.world.measurements import Measurements
from rolloutsim.world.store import Store
from rolloutsim.world.work_queue import WorkQueue


class AnalysisRunController:
    """Looks at an AnalysisRun whenever it changes and when one of its metrics is due."""

    def __init__(
        self, env: simpy.Environment, store: Store, delays: Delays, recorder: EventRecorder, fraction_s: float, measurements: Measurements
    ) -> None:
        self._env, self._store, self._recorder, self._fraction_s = env, store, recorder, fraction_s
        self._measurements, self._began_s = measurements, float(env.now)
        self._jobs: dict[tuple[str, str], tuple[float, str, str]] = {}
        self._queue = WorkQueue(env)
        self._runs = Informer(env, store, AnalysisRun, delays.watch_s)
        self._runs.on_change(lambda name, _, after: self._queue.add(name) if after is not None else None)
        env.process(self._hand_out())

    def _hand_out(self) -> Generator[simpy.Event, Any, None]:
        """Give each key to a worker of its own: a run that waits for a slow provider holds no other run back."""
        while True:
            key = yield from self._queue.get()
            self._env.process(self._work(key))

    def _work(self, key: str) -> Generator[simpy.Event, Any, None]:
        run = self._runs.objects.get(key)
        if run is not None and not run.is_completed:
            yield from self._sync(run)
        elif run is not None and run.spec.ttl_strategy is not None:
            self._expire(run)
        self._queue.done(key)

    def _expire(self, run: AnalysisRun) -> None:
        """Delete a run that has outlived its time; nothing but the informers' resync looks again."""
        if is_expired(run, Now(self._env.now, self._fraction_s)):
            self._store.delete(AnalysisRun, run.meta.name)
        else:
            since_s = self._env.now - self._began_s
            self._queue.add_at(run.meta.name, self._began_s + (since_s // RESYNC_S + 1) * RESYNC_S)

    def _sync(self, run: AnalysisRun) -> Generator[simpy.Event, Any, None]:
        yield self._env.timeout(ANALYSIS_LOOK_S / 2)
        seen = look(run, Now(self._env.now, self._fraction_s))
        measured = yield from self._measure(run, seen)
        decided = conclude(run, seen, measured, Now(self._env.now, self._fraction_s))
        for event in decided.events:
            self._recorder.emit(self._env.now, Event("AnalysisRun", run.meta.name, event.type, event.reason, event.message))
        yield self._env.timeout(ANALYSIS_LOOK_S / 2)
        if decided.wake_up_at_s is not None:
            self._queue.add_at(run.meta.name, decided.wake_up_at_s)
        try:
            self._runs.write_back(self._store.update(AnalysisRun, run.meta.name, {"status": decided.status}))
        except ApiError:  # deleted meanwhile
            return

    def _measure(self, run: AnalysisRun, seen: Look) -> Generator[simpy.Event, Any, dict[str, Measurement]]:
        """The measurements that are due, in the order in which they end: of equally fast ones the last begins first, then the others in turn."""
        due = [metric for metric in seen.metrics if metric.name in seen.due]
        begun = [
            self._job(run, metric, terminating=seen.terminating) if "job" in metric.provider else self._begin(run, metric)
            for metric in (*due[-1:], *due[:-1])
        ]
        if begun:
            yield self._env.timeout(max(takes_s for takes_s, _, _ in begun))
        return {name: measurement for _, name, measurement in sorted(begun, key=lambda one: one[0])}

    def _job(self, run: AnalysisRun, metric: Metric, *, terminating: bool) -> tuple[float, str, Measurement]:
        """A job is begun and looked at again when it ends: it holds no other metric back, and a run that stops deletes it."""
        key, now_s = (run.meta.name, metric.name), self._env.now
        if key not in self._jobs:
            takes_s, _, measured = self._begin(run, metric)
            self._jobs[key] = (now_s + takes_s, measured.phase, measured.message)
            call_later(self._env, takes_s, lambda: self._queue.add(run.meta.name))
            return 0.0, metric.name, Measurement(RUNNING, measured.started_s, job=job_name(run, metric.name))
        ends_s, phase, message = self._jobs[key]
        result = run.status.result(metric.name)
        assert result is not None
        begun = result.measurements[-1]
        if not terminating and ends_s > now_s + EPSILON_S:
            return 0.0, metric.name, begun
        del self._jobs[key]
        phase, message = (SUCCESSFUL, "Metric Terminated") if terminating else (phase, message)
        return 0.0, metric.name, replace(begun, phase=phase, finished_s=Now(now_s, self._fraction_s).whole_s, message=message)

    def _begin(self, run: AnalysisRun, metric: Metric) -> tuple[float, str, Measurement]:
        """One measurement: how long it takes, of which metric, and what it will have come to."""
        now_s, result = self._env.now, run.status.result(metric.name)
        index = result.count + result.error if result is not None else 0
        found = self._measurements.measure(run.meta.name, metric, index, now_s)
        phase, message = found.phase, found.error
        if found.error:
            phase = "Error"
        elif not phase:
            judged = evaluate(found.value, metric.success_condition, metric.failure_condition, found.type)
            phase, message = judged.phase, judged.error
        started_s = Now(now_s, self._fraction_s).whole_s
        finished_s = Now(now_s + found.takes_s, self._fraction_s).whole_s
        return found.takes_s, metric.name, Measurement(phase, started_s, finished_s, str(found.value), message)
