"""What an operator does in a timeline, and when: by time, by what is seen of the Rollout, and after a delay."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.manifest.objects import Pod
from rolloutsim.world.world import World
from tests.unit.control.worlds import rollout, service, sizes, world

STEPS = [{"setWeight": 50}, {"pause": {}}, {"setWeight": 75}, {"pause": {}}]
V2 = {"at": "5s", "setImage": {"app": "app:v2"}}


def played(*timeline: dict[str, Any], until_s: float = 60.0, strategy: dict[str, Any] | None = None, **spec: Any) -> World:
    made = world(rollout(strategy or {"canary": {"steps": STEPS}}, **spec), *service("app"), timeline=timeline)
    made.advance(until_s)
    return made


def deeds(made: World) -> list[tuple[float, str]]:
    """When each entry was carried out, to the tenth, and what it printed."""
    return [(round(deed.t_s, 1), deed.printed) for deed in made.record.deeds]


def phases(made: World) -> list[tuple[float, str, int | None]]:
    return [(round(t_s, 1), r.status.phase or "", r.status.current_step_index) for t_s, r in made.record.rollouts()]


def first_s(made: World, phase: str, index: int) -> float:
    return next(t_s for t_s, name, at in phases(made) if (name, at) == (phase, index))


# --- when ------------------------------------------------------------------------------------------------------------------------------


def test_by_phase_and_step() -> None:
    """`when: {phase: Paused, step: 3}` waits for the second pause, though the first is one, too."""
    made = played(V2, {"when": {"phase": "Paused"}, "promote": {}}, {"when": {"phase": "Paused", "step": 3}, "promote": {}})
    (_, first), (_, second), (_, third) = deeds(made)
    assert {first, second, third} == {'rollout "app" image updated', "rollout 'app' promoted"}
    assert deeds(made)[1][0] == first_s(made, "Paused", 1)
    assert deeds(made)[2][0] == first_s(made, "Paused", 3)
    assert made.rollout.status.phase == "Healthy"


def test_by_pods() -> None:
    """`when: {pods: {of: canary, ready: 2}}`: at the moment the second canary pod is ready."""
    made = played(V2, {"when": {"pods": {"of": "canary", "ready": 2}}, "abort": {}})
    ready_s = [c.t_s for c in made.record.changes if isinstance(c.object, Pod) and c.object.ready and c.object.images == ("app:v2",)]
    assert made.record.deeds[1].t_s == pytest.approx(sorted(ready_s)[1])
    assert made.rollout.status.phase == "Degraded"


def test_a_condition_that_holds_already_fires_at_once_and_each_entry_once() -> None:
    made = played({"when": {"phase": "Healthy"}, "setImage": {"app": "app:v2"}}, until_s=30.0)
    assert deeds(made) == [(0.0, 'rollout "app" image updated')]


def test_a_delay_counts_from_the_condition_or_from_the_entry_before() -> None:
    """`after` with `when`: so long after it became true, whatever becomes of it; alone: after the entry before."""
    made = played(V2, {"when": {"phase": "Paused"}, "after": "7s", "promote": {}}, {"after": "3s", "pause": {}})
    paused_s = first_s(made, "Paused", 1)
    assert [round(at_s - paused_s) for at_s, _ in deeds(made)[1:]] == [7, 10]


def test_entries_by_time_do_not_wait_for_those_before_them() -> None:
    """`armed in file order`: an entry with `at` fires at its instant; the others wait for the entry before them."""
    made = played({"when": {"phase": "Degraded"}, "retry": {}}, {"at": "5s", "setImage": {"app": "app:v2"}}, {"at": "20s", "abort": {}})
    assert [words.split()[-1] for _, words in deeds(made)] == ["updated", "aborted", "retried"]
    assert made.rollout.status.phase == "Paused"


# --- what ------------------------------------------------------------------------------------------------------------------------------


def test_scale() -> None:
    made = played({"at": "5s", "scale": {"replicas": 7}}, until_s=20.0)
    assert (sizes(made), deeds(made)) == ({"v1": 7}, [(5.0, "rollout.argoproj.io/app scaled")])


def test_edit_by_merge_patch() -> None:
    """Any field: a value replaces, null takes away, a list is replaced whole, a mapping is merged."""
    patch = {"spec": {"minReadySeconds": 3, "strategy": {"canary": {"maxSurge": 2, "steps": [{"setWeight": 10}, {"pause": {"duration": "1h"}}]}}}}
    made = played({"at": "5s", "edit": patch}, {"at": "10s", "edit": {"spec": {"minReadySeconds": None}}}, until_s=20.0)
    canary = made.rollout.spec.strategy.canary
    assert canary is not None
    assert (canary.max_surge, len(canary.steps), made.rollout.spec.min_ready_seconds) == (2, 2, 0)
    assert deeds(made)[0] == (5.0, "rollout.argoproj.io/app edited")


def test_an_edit_that_the_api_server_refuses_changes_nothing() -> None:
    made = played({"at": "5s", "edit": {"spec": {"replicas": "many"}}}, until_s=10.0)
    assert made.record.deeds[0].refused
    assert made.rollout.spec.replicas == 4


def test_pods_are_deleted_or_turn_unready_by_role() -> None:
    """`deletePods`: the ReplicaSet makes new ones; `failPods`: they turn unready and stay so."""
    made = played(V2, {"at": "10s", "deletePods": {"of": "stable", "count": 1}}, {"at": "15s", "failPods": {"of": "canary"}}, until_s=20.0)
    assert [words for _, words in deeds(made)[1:]] == ["1 pods deleted", "2 pods failed"]
    deleted = [c.object for c in made.record.changes if isinstance(c.object, Pod) and c.object.deleted_s == 10.0]
    assert {pod.images for pod in deleted} == {("app:v1",)}
    unready = [pod for pod in made.store.objects(Pod) if not pod.ready]
    assert {pod.images for pod in unready} == {("app:v2",)}
    assert len(unready) == 2
    assert made.rollout.status.available_replicas == 2


def test_pods_of_active_and_preview() -> None:
    strategy = {"blueGreen": {"activeService": "app", "autoPromotionEnabled": False}}
    made = played(
        V2, {"at": "10s", "deletePods": {"of": "active"}}, {"at": "20s", "failPods": {"of": "preview", "count": 1}}, strategy=strategy, until_s=25.0
    )
    assert [words for _, words in deeds(made)[1:]] == ["4 pods deleted", "0 pods failed"]  # no preview Service, so nothing is the preview


def test_undo_to_a_revision() -> None:
    """`undo --to-revision`; `0` is the second highest revision; one that is not there is refused with the plugin's words."""
    images = [{"at": f"{at}s", "setImage": {"app": f"app:v{i}"}} for i, at in ((2, 5), (3, 10))]
    made = played(*images, {"at": "15s", "undo": {"toRevision": 1}}, {"at": "20s", "undo": {"toRevision": 9}}, until_s=25.0)
    assert deeds(made)[2:] == [(15.0, "rollout 'app' undo"), (20.0, "Error: unable to find specified revision 9 in history")]
    assert made.rollout.spec.template.images == ("app:v1",)
    assert [deed.refused for deed in made.record.deeds] == [False, False, False, True]


def test_restart_in_a_while() -> None:
    """`restart --in 10s`: restartAt = now + 10 s; every older pod is replaced after that."""
    made = played({"at": "5s", "restart": {"in": "10s"}}, until_s=60.0)
    assert deeds(made) == [(5.0, "rollout 'app' restarts in 10s")]
    deleted = sorted({c.object.deleted_s for c in made.record.changes if isinstance(c.object, Pod) and c.object.deleted_s is not None})
    assert len(deleted) == 4
    assert deleted[0] >= 15.0
    assert made.rollout.status.phase == "Healthy"


@pytest.mark.parametrize(
    ("flags", "index", "phase"),
    [({}, 2, "Progressing"), ({"skipCurrentStep": True}, 2, "Paused"), ({"skipAllSteps": True}, 4, "Paused"), ({"full": True}, 4, "Progressing")],
)
def test_the_ways_to_promote(flags: dict[str, bool], index: int, phase: str) -> None:
    """With a deprecated flag the pause condition is kept: `pods move on, but phase stays Paused until the next step completes`."""
    made = played(V2, {"at": "10s", "promote": flags}, until_s=10.2)
    assert made.rollout.status.current_step_index == index
    assert made.rollout.status.phase == phase
    made.advance(60.0)
    assert made.rollout.status.phase == ("Paused" if index == 2 else "Healthy")


def test_promote_refused_in_a_timeline() -> None:
    made = played({"at": "5s", "promote": {"skipAllSteps": True}}, strategy={"canary": {}}, until_s=6.0)
    assert deeds(made) == [(5.0, "Error: Cannot skip steps of a rollout without steps")]


def test_a_new_image_at_every_instant_of_an_update() -> None:
    """`A new image while a rollout is under way works at every instant`: each comes to v3, whatever v2 was doing."""
    for tenth in range(1, 40):
        made = played(
            V2,
            {"at": f"{5 + tenth / 10}s", "setImage": {"app": "app:v3"}},
            {"when": {"phase": "Paused"}, "after": "3s", "promote": {"full": True}},
            until_s=40.0,
        )
        assert (made.rollout.status.phase, sizes(made).get("v3"), sizes(made).get("v2", 0)) == ("Healthy", 4, 0), tenth


def test_commands_at_nearly_the_same_time_do_not_undo_each_other() -> None:
    """Each is a patch of what it changes: the second was read before the first was written."""
    made = played({"at": "5s", "scale": {"replicas": 6}}, {"at": "5.005s", "setImage": {"app": "app:v2"}}, {"at": "5.008s", "pause": {}}, until_s=6.0)
    spec = made.rollout.spec
    assert (spec.replicas, spec.template.images, spec.paused) == (6, ("app:v2",), True)
