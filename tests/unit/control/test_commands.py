"""The plugin's commands: their patches, what they print, and their refusals (spec/canary.md 8.3, spec/views.md 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.control.commands import Answer, Patch
from rolloutsim.errors import Refused
from rolloutsim.manifest.analysis import RunReference
from rolloutsim.manifest.objects import (
    BlueGreenStrategy,
    CanaryStrategy,
    Meta,
    Pause,
    PauseCondition,
    PodTemplate,
    ReplicaSet,
    Rollout,
    RolloutSpec,
    RolloutStatus,
    Step,
    Strategy,
)

STEPS = (Step(set_weight=50), Step(pause=Pause(None)), Step(set_weight=75))
CANARY, BLUE_GREEN = Strategy(CanaryStrategy(STEPS)), Strategy(blue_green=BlueGreenStrategy("app"))
PAUSED = (PauseCondition("CanaryPauseStep", 0.0),)


def rollout(strategy: Strategy = CANARY, *, paused: bool = False, **status: Any) -> Rollout:
    template = PodTemplate(
        {"app": "app"}, {}, {"containers": [{"name": "app", "image": "app:v1"}], "initContainers": [{"name": "init", "image": "init:v1"}]}
    )
    given = {"current_pod_hash": "b", "stable_rs": "a", **status}
    return Rollout(Meta("app"), RolloutSpec(strategy=strategy, template=template, paused=paused), RolloutStatus(**given))


def status(answer: Answer) -> list[dict[str, Any]]:
    return [dict(patch.status) for patch in answer.patches if patch.status is not None]


def unpaused(answer: Answer) -> bool:
    return any(patch.spec is not None and not patch.spec.paused for patch in answer.patches)


# --- promote (spec/views.md 7.1) -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "patches"),
    [
        (rollout(pause_conditions=PAUSED, current_step_index=1), [{"pause_conditions": ()}]),
        (rollout(current_step_index=1), [{"pause_conditions": (), "current_step_index": 2}]),
        (rollout(current_step_index=3), [{"pause_conditions": (), "current_step_index": 3}]),
        (
            rollout(pause_conditions=PAUSED, controller_pause=True, step_run=RunReference("r", "Inconclusive")),
            [{"pause_conditions": (), "controller_pause": False, "current_step_index": 1}],
        ),
        (rollout(Strategy(CanaryStrategy())), []),
        (rollout(BLUE_GREEN), []),
        (rollout(BLUE_GREEN, pause_conditions=PAUSED), [{"pause_conditions": ()}]),
    ],
)
def test_plain_promote(given: Rollout, patches: list[dict[str, Any]]) -> None:
    """Branches 2 to 5: an inconclusive step is skipped, a pause is cleared, a running step is skipped, else nothing - printed as success."""
    answer = commands.promote(given)
    assert status(answer) == patches
    assert answer.printed == "rollout 'app' promoted"
    assert not unpaused(answer)


def test_promote_of_a_user_pause_skips_a_step_first() -> None:
    """`a canary that is only manually paused takes branches 1 and 4`; the status patch comes first."""
    answer = commands.promote(rollout(paused=True, current_step_index=0))
    assert [patch.status is not None for patch in answer.patches] == [True, False]
    assert status(answer) == [{"pause_conditions": (), "current_step_index": 1}]
    assert unpaused(answer)


def test_promote_full() -> None:
    """`status.promoteFull=true only if currentPodHash != stableRS; spec.paused=false if it was true`."""
    answer = commands.promote(rollout(paused=True), full=True)
    assert (status(answer), unpaused(answer), answer.printed) == ([{"promote_full": True}], True, "rollout 'app' fully promoted")
    assert commands.promote(rollout(stable_rs="b"), full=True).patches == ()


def test_promote_with_the_deprecated_flags() -> None:
    """`-c`: index + 1, `-a`: index = n; a pause condition stays."""
    assert status(commands.promote(rollout(current_step_index=1, pause_conditions=PAUSED), skip_current_step=True)) == [{"current_step_index": 2}]
    assert status(commands.promote(rollout(current_step_index=1), skip_all_steps=True)) == [{"current_step_index": 3}]


@pytest.mark.parametrize(
    ("given", "flags", "words"),
    [
        (rollout(), ("skip_current_step", "skip_all_steps"), "Cannot use skip-current-step and skip-all-steps flags at the same time"),
        (rollout(BLUE_GREEN), ("skip_current_step",), "Cannot skip steps of a bluegreen rollout. Run without a flags"),
        (rollout(BLUE_GREEN), ("skip_all_steps",), "Cannot skip steps of a bluegreen rollout. Run without a flags"),
        (rollout(Strategy(CanaryStrategy())), ("skip_all_steps",), "Cannot skip steps of a rollout without steps"),
    ],
)
def test_promote_refused(given: Rollout, flags: tuple[str, ...], words: str) -> None:
    with pytest.raises(Refused) as refused:
        commands.promote(given, **dict.fromkeys(flags, True))
    assert str(refused.value) == words


# --- the others ------------------------------------------------------------------------------------------------------------------------


def test_the_simple_ones() -> None:
    assert commands.abort(rollout()) == Answer((Patch(status={"abort": True}),), "rollout 'app' aborted")
    assert commands.retry(rollout()) == Answer((Patch(status={"abort": False}),), "rollout 'app' retried")
    pause = commands.pause(rollout())
    assert pause.patches[0].spec is not None and pause.patches[0].spec.paused
    assert pause.printed == "rollout 'app' paused"


def test_restart_echoes_its_delay() -> None:
    """`spec.restartAt = now(+in)`; `rollout 'NAME' restarts in 0s` (echoes `--in`)."""
    answer = commands.restart(rollout(), 70.0, "1m")
    assert answer.patches[0].spec is not None and answer.patches[0].spec.restart_at_s == 70.0
    assert answer.printed == "rollout 'app' restarts in 1m"
    assert commands.restart(rollout(), 70.0).printed == "rollout 'app' restarts in 0s"


def test_set_image() -> None:
    """`*=IMG` all; also init containers; unknown: `unable to find container named "C"`."""
    images = commands.set_image(rollout(), {"app": "app:v2"}).patches[0].spec
    assert images is not None and images.template.images == ("app:v2",)
    everywhere = commands.set_image(rollout(), {"*": "x:v2"}).patches[0].spec
    assert everywhere is not None and [c["image"] for key in ("containers", "initContainers") for c in everywhere.template.spec[key]] == [
        "x:v2",
        "x:v2",
    ]
    assert commands.set_image(rollout(), {"init": "init:v2"}).printed == 'rollout "app" image updated'
    with pytest.raises(Refused) as refused:
        commands.set_image(rollout(), {"other": "x"})
    assert str(refused.value) == 'unable to find container named "other"'


def replica_set(revision: int, tag: str, owner: str = "app") -> ReplicaSet:
    template = rollout().spec.template.with_images({"*": f"app:{tag}"})
    return ReplicaSet(Meta(f"{owner}-{revision}", owner=owner), template, str(revision), revision=revision)


def test_undo() -> None:
    """`0 = second highest revision`, whatever is stable; `skipped rollback` for an equal template; foreign ReplicaSets do not count."""
    sets = [replica_set(4, "v4"), replica_set(2, "v2"), replica_set(3, "v3"), replica_set(9, "v9", owner="other")]
    back = commands.undo(rollout(), sets)
    assert back.patches[0].spec is not None and back.patches[0].spec.template.images == ("app:v3",)
    assert back.printed == "rollout 'app' undo"
    to = commands.undo(rollout(), sets, 2)
    assert to.patches[0].spec is not None and to.patches[0].spec.template.images == ("app:v2",)
    same = replace(replica_set(1, "v1"), template=rollout().spec.template)
    assert commands.undo(rollout(), [*sets, same], 1) == Answer((), "skipped rollback (current template already matches revision 1)")


@pytest.mark.parametrize(
    ("sets", "to_revision", "words"),
    [
        ([replica_set(1, "v1")], 0, 'no revision found for rollout "app"'),
        ([replica_set(1, "v1"), replica_set(2, "v2")], 9, "unable to find specified revision 9 in history"),
    ],
)
def test_undo_refused(sets: list[ReplicaSet], to_revision: int, words: str) -> None:
    with pytest.raises(Refused) as refused:
        commands.undo(rollout(), sets, to_revision)
    assert str(refused.value) == words
