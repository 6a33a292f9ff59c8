"""The simulated controller against recordings of the real one: agreement stays where it stands, by family."""

from __future__ import annotations

import json
import lzma
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rolloutsim.errors import InputError
from rolloutsim.studies.agreement import compare
from rolloutsim.studies.replay import timeline_of

DATA = Path(__file__).with_name("recordings.json.xz")
FLOORS = {
    r"^tutorial-": (1.0, 2),
    r"^basic-": (0.995, 28),
    r"^bg-": (0.99, 21),
    r"^judge-": (1.0, 8),
    r"analysis|inconclusive|experiment": (0.995, 14),
    r"^(nginx|istio|routed|hole)-": (0.995, 31),
    r"^random-.*-basic": (0.98, 30),
    r"^random-.*-nginx": (0.97, 19),
    r"^random-.*-bg": (0.98, 20),
    r"^invalid-": (1.0, 5),
}
"""Family: share of the determined series that must agree, and how many scenarios must be playable."""


def played(documents: tuple[dict[str, Any], dict[str, Any]]) -> tuple[str, int, int, list[str]] | None:
    recorded, again = documents
    try:
        simulated = timeline_of(recorded)
    except InputError:
        return None  # uses what is not simulated yet
    determined = {key for key, why in compare(recorded, again) if not why}
    found = [(key, why) for key, why in compare(recorded, simulated) if not why or key in determined]
    bad = [f"{'/'.join(key)}: {why}" for key, why in found if why]
    return recorded["name"], len(found) - len(bad), len(found), bad


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[int, int, list[str]]]:
    data = json.loads(lzma.decompress(DATA.read_bytes()))
    again = {document["name"]: document for document in data["b"]}
    with ProcessPoolExecutor(2) as pool:
        results = pool.map(played, [(document, again[document["name"]]) for document in data["a"]], chunksize=8)
    return {name: (good, all_, bad) for result in results if result is not None for name, good, all_, bad in [result]}


@pytest.mark.parametrize("family", list(FLOORS))
def test_family_agrees(family: str, outcomes: dict[str, tuple[int, int, list[str]]]) -> None:
    share, scenarios = FLOORS[family]
    own = {name: outcome for name, outcome in outcomes.items() if re.search(family, name)}
    assert len(own) >= scenarios
    good, all_ = sum(o[0] for o in own.values()), sum(o[1] for o in own.values())
    differences = "\n".join(f"{name}: {o[2][0]}" for name, o in own.items() if o[2])
    assert good / all_ >= share, differences


def test_most_scenarios_agree_in_full(outcomes: dict[str, tuple[int, int, list[str]]]) -> None:
    assert len(outcomes) == 217
    assert sum(not bad for _, _, bad in outcomes.values()) / len(outcomes) >= 0.93
