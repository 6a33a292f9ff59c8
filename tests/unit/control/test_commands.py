"""The plugin's commands and their refusals."""

from __future__ import annotations

import pytest

from rolloutsim.control import commands
from rolloutsim.errors import Refused
from rolloutsim.manifest.objects import ReplicaSet
from tests.unit.control.worlds import image, rollout, service, world


def test_undo_and_the_plugins_refusals() -> None:
    made = world(rollout({"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}), *service("app"))
    with pytest.raises(Refused, match="no revision found"):
        commands.undo(made.rollout, made.store.objects(ReplicaSet))
    image(made, "v2", 4.0)
    with pytest.raises(Refused, match="unable to find specified revision 9 in history"):
        commands.undo(made.rollout, made.store.objects(ReplicaSet), 9)
    assert "skipped rollback" in commands.undo(made.rollout, made.store.objects(ReplicaSet), 2).printed
    with pytest.raises(Refused, match='unable to find container named "x"'):
        commands.set_image(made.rollout, {"x": "y"})
    with pytest.raises(Refused, match="at the same time"):
        commands.promote(made.rollout, skip_current_step=True, skip_all_steps=True)
    blue_green = world(rollout({"blueGreen": {"activeService": "app"}}), *service("app")).rollout
    with pytest.raises(Refused, match="bluegreen"):
        commands.promote(blue_green, skip_all_steps=True)
    with pytest.raises(Refused, match="without steps"):
        commands.promote(world(rollout({"canary": {}}), *service("app")).rollout, skip_current_step=True)
