"""The store's rules, the work queue's, the kubelet's with the endpoints that follow, and the event recorder's."""

from __future__ import annotations

import pytest
import simpy

from rolloutsim.errors import ApiError, Conflict
from rolloutsim.manifest.objects import Event, Meta, Pod, PodTemplate, ReplicaSet, ReplicaSetStatus, Service
from rolloutsim.scenario import Pods
from rolloutsim.world.endpoints import EndpointsController
from rolloutsim.world.event_recorder import EventRecorder
from rolloutsim.world.kubelet import Kubelet
from rolloutsim.world.store import Store
from rolloutsim.world.work_queue import WorkQueue


def replica_set(name: str = "a") -> ReplicaSet:
    return ReplicaSet(Meta(name), PodTemplate(), "h")


def test_store_versions_generations_and_conflicts() -> None:
    store, seen = Store(lambda: 7.0), []
    store.watch("ReplicaSet", lambda kind, name, obj: seen.append((kind, name, obj and obj.meta.resource_version)))
    first = store.create(replica_set())
    assert (first.meta.generation, first.meta.created_s, bool(first.meta.uid)) == (1, 7.0, True)
    with pytest.raises(ApiError, match="already exists"):
        store.create(replica_set())
    grown = store.update(ReplicaSet, "a", {"replicas": 3}, based_on=first.meta.resource_version)
    assert grown.meta.generation == 2
    counted = store.update(ReplicaSet, "a", {"status": ReplicaSetStatus(3, 0, 0, 2)})
    assert counted.meta.generation == 2
    with pytest.raises(Conflict):
        store.update(ReplicaSet, "a", {"replicas": 4}, based_on=grown.meta.resource_version)
    assert store.update(ReplicaSet, "a", {"replicas": 3}) is counted
    store.delete(ReplicaSet, "a")
    store.delete(ReplicaSet, "a")
    assert store.get(ReplicaSet, "a") is None
    assert [version for _, _, version in seen] == [1, 2, 3, None]
    with pytest.raises(ApiError, match="not found"):
        store.update(ReplicaSet, "a", {"replicas": 1})


def test_work_queue_takes_a_key_once_and_backs_off() -> None:
    env = simpy.Environment()
    queue, taken = WorkQueue(env), []

    def worker():
        while True:
            key = yield from queue.get()
            taken.append(round(env.now, 3))
            yield env.timeout(1.0)
            queue.done(key)

    env.process(worker())
    for _ in range(3):
        queue.add("k")  # one pass
    env.run(0.5)
    queue.add("k")
    queue.add("k")  # while it runs: one more, after it
    env.run(5)
    queue.add_at("k", 9.0)
    queue.add_at("k", 7.0)  # the soonest counts
    env.run(8.5)
    assert taken == [0.0, 1.0, 7.0]
    delays = []
    for _ in range(16):
        before = len(taken)
        begin = env.now
        queue.add_rate_limited("k")
        while len(taken) == before:
            env.step()
        delays.append(taken[-1] - begin)
        env.run(env.now + 2)
    assert delays[:4] == pytest.approx([0.001, 0.002, 0.004, 0.008], abs=1e-6)
    assert delays[-1] == pytest.approx(10.0)
    queue.forget("k")
    queue.add_rate_limited("k")
    begin = env.now
    env.run(begin + 0.0015)
    assert taken[-1] == pytest.approx(begin + 0.001, abs=1e-3)


def test_workers_share_a_queue_and_never_a_key() -> None:
    env = simpy.Environment()
    queue, taken = WorkQueue(env), []

    def worker():
        while True:
            key = yield from queue.get()
            taken.append((env.now, key))
            yield env.timeout(1.0)
            queue.done(key)

    for _ in range(2):
        env.process(worker())
    for key in ("a", "b", "c"):
        queue.add(key)
    env.run(0.5)
    queue.add("a")  # runs already: waits for its own end, though a worker might be free
    env.run(5)
    assert taken == [(0, "a"), (0, "b"), (1.0, "c"), (1.0, "a")]


def pod(name: str) -> Pod:
    return Pod(Meta(name, owner="a"), "h", int(name), labels={"app": "app"})


def test_a_kubelet_reports_pods_one_after_another_and_endpoints_follow() -> None:
    env = simpy.Environment()
    store, seen = Store(lambda: env.now), []
    EndpointsController(env, store, 0.01)
    Kubelet(env, store, lambda _: Pods(start=1.0, stop=0.0), 1, 0, write_s=0.007)
    store.create(Service(Meta("s"), {"app": "app"}))
    store.watch("EndpointSlice", lambda _, __, found: seen.append((round(env.now, 3), [e.pod for e in found.endpoints])))
    for name in ("0", "1", "2"):
        store.create(pod(name))
    env.run(2)
    # Ready at 1.007, 1.014 and 1.021: what comes during a sync of 10 ms is in the next.
    assert seen == [(1.017, ["0"]), (1.027, ["0", "1"]), (1.037, ["0", "1", "2"])]
    store.update(Pod, "0", {"ready": False})
    env.run(3)
    assert seen[-1] == (2.01, ["1", "2"])


def test_a_pod_that_goes_during_a_sync_is_not_written() -> None:
    env = simpy.Environment()
    store, seen = Store(lambda: env.now), []
    EndpointsController(env, store, 0.01)
    store.create(Service(Meta("s"), {"app": "app"}))
    store.watch("EndpointSlice", lambda _, __, found: seen.append([e.pod for e in found.endpoints] if found is not None else None))
    for name in ("0", "1"):
        store.create(pod(name))
        store.update(Pod, name, {"ready": True})
    env.run(0.015)
    store.delete(Pod, "0")
    env.run(1)
    assert seen == [["1"]]  # both were seen at 0.01, when the sync of the empty Service had ended
    store.update(Pod, "1", {"ready": False})
    store.delete(Service, "s")
    env.run(2)
    assert seen == [["1"], None]


def test_event_recorder_counts_combines_and_falls_silent() -> None:
    written: list[Event] = []
    recorder = EventRecorder(written.append)
    for i in range(30):
        recorder.emit(0.1 * i, Event("Rollout", "r", "Normal", "Scaling", f"text {i}"))
    assert len(written) == 25
    assert written[8].message == "text 8"
    assert written[9].message == "(combined from similar events): text 9"
    assert written[11].count == 3
    recorder.emit(3.0, Event("Rollout", "r", "Warning", "Aborted", "w"))
    assert written[-1].message == "w"
    recorder.emit(400.0, Event("Rollout", "r", "Normal", "Other", "later"))
    assert written[-1].message == "later"
