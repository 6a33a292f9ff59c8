"""Blue-green where no recording plays it."""

from __future__ import annotations

from rolloutsim.control import commands
from tests.unit.control.worlds import do, image, reasons, rollout, service, sizes, world


def test_blue_green_scale_down_delay_zero_is_the_known_loop() -> None:
    made = world(rollout({"blueGreen": {"activeService": "app", "scaleDownDelaySeconds": 0}}), *service("app"))
    image(made, "v2", 4.0)
    passes = made.controller.passes
    made.advance(made.now_s + 5.0)
    assert sizes(made) == {"v1": 4, "v2": 4}  # never scaled down (argo-rollouts issue 1992)
    assert made.controller.passes - passes > 100


def test_blue_green_preview_count_then_all() -> None:
    blue_green = {"activeService": "app", "previewService": "preview", "previewReplicaCount": 1, "autoPromotionEnabled": False}
    made = world(rollout({"blueGreen": blue_green}), *service("app", "preview"))
    image(made, "v2", 4.0)
    assert sizes(made) == {"v1": 4, "v2": 1}
    do(made, commands.promote(made.rollout))
    made.advance(made.now_s + 0.5)
    assert sizes(made) == {"v1": 4, "v2": 4}
    made.advance(made.now_s + 3.0)
    assert made.rollout.status.phase == "Healthy"
    assert "RolloutPaused" in reasons(made)
