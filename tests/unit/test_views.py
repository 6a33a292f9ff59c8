"""The plugin's views: tutorial screens as printed by the real plugin, ages, words and tags; the recordings' views are held in tests/parity."""

from __future__ import annotations

import pytest

from rolloutsim.errors import InputError
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.record import Record
from rolloutsim.simulation import simulate
from rolloutsim.views import age, get_rollout, list_rollouts, pod_icon, status_line
from tests.conftest import SCENARIOS

CANARY = "notifications-service-canary"

# Screen of the tutorial held at the first pause, as the plugin printed it (kubectl argo rollouts get rollout, Argo Rollouts 1.5.1, salaboy
# platforms-on-k8s chapter 8), with this scenario's ages, hashes and pod names: the layout is what is compared.
PAUSED = """\
Name:            notifications-service-canary
Namespace:       default
Status:          ॥ Paused
Message:         CanaryPauseStep
Strategy:        Canary
  Step:          1/4
  SetWeight:     25
  ActualWeight:  25
Images:          salaboy/notifications-service-0e27884e01429ab7e350cb5dff61b525:v1.0.0 (stable)
                 salaboy/notifications-service-0e27884e01429ab7e350cb5dff61b525:v1.1.0 (canary)
Replicas:
  Desired:       3
  Current:       4
  Updated:       1
  Ready:         4
  Available:     4

NAME                                                      KIND        STATUS     AGE    INFO
⟳ notifications-service-canary                            Rollout     ॥ Paused   5m45s
├──# revision:2
│  └──⧉ notifications-service-canary-HASHHASH02           ReplicaSet  ✔ Healthy  15s    canary
│     └──□ notifications-service-canary-HASHHASH02-XXXXX  Pod         ✔ Running  15s    ready:1/1
└──# revision:1
   └──⧉ notifications-service-canary-HASHHASH01           ReplicaSet  ✔ Healthy  5m45s  stable
      ├──□ notifications-service-canary-HASHHASH01-XXXXX  Pod         ✔ Running  5m45s  ready:1/1
      ├──□ notifications-service-canary-HASHHASH01-XXXXX  Pod         ✔ Running  5m45s  ready:1/1
      └──□ notifications-service-canary-HASHHASH01-XXXXX  Pod         ✔ Running  5m45s  ready:1/1
"""


@pytest.fixture(scope="module")
def record() -> Record:
    return simulate(load_scenario([SCENARIOS / "notifications-canary"]))


def test_the_tutorials_screen(record: Record) -> None:
    found = get_rollout(record, CANARY, 44.4, colour=False)
    hashes = {c.object.revision: c.object.pod_hash for c in record.history("ReplicaSet") if c.object is not None}
    for revision, pod_hash in hashes.items():
        found = found.replace(pod_hash, f"HASHHASH{revision:02d}")
    for pod in record.pods().values():
        found = found.replace(f"-{pod.meta.name[-5:]} ", "-XXXXX ")
    assert "\n".join(line.rstrip() for line in found.splitlines()) + "\n" == PAUSED


def test_colours_only_add_escapes(record: Record) -> None:
    import re

    coloured = get_rollout(record, CANARY, 44.4)
    assert "\x1b[33mcanary\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == get_rollout(record, CANARY, 44.4, colour=False)


def test_every_moment_can_be_shown(record: Record) -> None:
    for t in range(int(record.end_s * 4)):
        assert get_rollout(record, CANARY, t / 4, colour=False).startswith("Name: ")


@pytest.mark.parametrize(
    ("name", "at_s", "words"), [("other", 1.0, "not found"), (CANARY, -1.0, "before the start"), (CANARY, 9999.0, "after the end")]
)
def test_wrong_questions(record: Record, name: str, at_s: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        get_rollout(record, name, at_s)


def test_list_and_status(record: Record) -> None:
    assert list_rollouts(record, 44.4).splitlines() == [
        "NAME                          STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE",
        "notifications-service-canary  Canary     Paused        1/4   25          4/4    3        1           4",
    ]
    assert status_line(record, CANARY, 44.4) == ("Paused - CanaryPauseStep\n", "", 0)
    assert status_line(record, CANARY, 1.0) == ("Healthy\n", "", 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "<invalid>"), (-1, "0s"), (80, "80s"), (119.9, "119s"), (120, "2m"), (269, "4m29s"), (600, "10m"), (10799, "179m"), (10800, "3h"),
        (14340, "3h59m"), (14400, "4h"), (172799, "47h"), (172800, "2d"), (183600, "2d3h"), (604800, "7d"), (34560000, "400d"), (86400 * 740, "2y10d"),
        (86400 * 365 * 9, "9y"),
    ],
)  # fmt: skip
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("word", "icon"), [("Pending", "◌"), ("Running", "✔"), ("CrashLoopBackOff", "✖"), ("ErrImagePull", "⚠"), ("Unknown", "?"), ("OOMKilled", " ")]
)
def test_pod_icons(word: str, icon: str) -> None:
    assert pod_icon(word) == icon
