"""`plan` of mutated manifests: an answer or words, in bounded time and memory, with nothing that a terminal obeys.

More on demand: `python -m pytest -m slow tests/properties/test_mutated_manifests.py -s` plans 100,000;
`MANIFESTS=20000 SEED=3 python -m pytest tests/properties/test_mutated_manifests.py -s` any number.
"""

from __future__ import annotations

import copy
import json
import os
import random
import resource
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolloutsim.errors import InputError
from rolloutsim.planning import Plan, plan
from rolloutsim.report.json_form import dumps
from rolloutsim.report.plan_github import plan_annotations
from rolloutsim.report.plan_sarif import plan_sarif
from rolloutsim.report.plan_screen import plan_screen
from tests.conftest import SCENARIOS
from tests.diagnostics.changes import BASES, HERE
from tests.parity.test_verdicts import CASES, recorded_invalid, recorded_word
from tests.properties.mutations import dressed, mutated

SEED, MANIFESTS = int(os.environ.get("SEED", "1")), int(os.environ.get("MANIFESTS", "3000"))
LONGEST_S, MOST_KIB = 2.0, 500 * 1024


def corpus() -> list[list[Any]]:
    """Documents of the test manifests, the scenarios and the recorded verdicts."""
    files = [*sorted((HERE / "real").glob("*.yaml")), *sorted((HERE / "well_made").glob("*.yaml")), *sorted(SCENARIOS.glob("*/manifests.yaml"))]
    found = [[tree for tree in yaml.safe_load_all(file.read_text(encoding="utf-8")) if tree] for file in files]
    return [*found, *BASES.values(), *(case["manifests"] for case in CASES)]


def obeyed(text: str) -> set[str]:
    """Characters that a terminal would obey: controls and directions, line ends aside."""
    return {c for c in set(text) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c != "\n"}


def answered(file: Path, *, in_every_form: bool) -> str:
    """What plan makes of a file: its verdict, or `input` if it cannot be read; what is printed is looked at."""
    try:
        found = plan(file)
    except InputError as error:
        printed, word = [str(error)], "input"
    else:
        printed, word = [plan_screen(found)], found.word
        if in_every_form:
            printed += [plan_annotations(found), dumps(plan_sarif(found))]
            json.loads(dumps(found.to_dict()))
    assert printed[0]
    assert not any(map(obeyed, printed)), [obeyed(text) for text in printed]
    return word


def many(runs: int, seed: int, folder: Path) -> None:
    trees, file = corpus(), folder / "mutated.yaml"
    ends: Counter[str] = Counter()
    slowest = (0.0, -1)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for i in range(runs):
        chance = random.Random(f"{seed}/{i}")
        text = mutated(chance, chance.choice(trees))
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        began_s = time.process_time()
        try:
            ends[answered(file, in_every_form=i % 10 == 0)] += 1
        except Exception as error:
            raise AssertionError(f"SEED={seed}, case {i}:\n{text[:3000]}") from error
        slowest = max(slowest, (time.process_time() - began_s, i))
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    print(f"\n{runs:,} mutated manifests, seed {seed}: {dict(ends)}, slowest {slowest[0]:.2f} s (case {slowest[1]}), {grown_kib / 1024:.0f} MB more")
    assert slowest[0] < LONGEST_S, slowest
    assert grown_kib < MOST_KIB
    assert min(ends[word] for word in ("input", "refused", "invalid", "accepted")) > runs / 100, ends


def test_mutated_manifests(tmp_path: Path) -> None:
    many(MANIFESTS, SEED, tmp_path)


@pytest.mark.slow
def test_a_hundred_thousand_mutated_manifests(tmp_path: Path) -> None:
    many(100_000, SEED, tmp_path)


# --- what the real system refuses stays refused --------------------------------------------------------------------------------------


def judged(file: Path, text: str) -> Plan:
    file.write_text(text, encoding="utf-8", newline="")
    return plan(file)


def test_recorded_verdicts_hold_however_the_objects_are_written(tmp_path: Path) -> None:
    for i, case in enumerate(CASES):
        chance = random.Random(f"{SEED}/{i}")
        text = dressed(chance, case["manifests"])
        found = judged(tmp_path / "dressed.yaml", text)
        assert found.word == recorded_word(case), f"{case['name']}, SEED={SEED}:\n{text}"
        invalid = recorded_invalid(case)
        assert list(found.controller_messages) == ([] if invalid is None else [invalid]), f"{case['name']}, SEED={SEED}"


def _step(step: Any) -> Callable[[dict[str, Any]], None]:
    return lambda spec: spec["strategy"]["canary"].setdefault("steps", []).append(step)


def _field(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def put(spec: dict[str, Any]) -> None:
        *above, last = path.split(".")
        at = spec
        for key in above:
            at = at[key]
        at[last] = value

    return put


DEFECTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "unknown field": (_field("replica", 3), "refused"),
    "unknown field of the strategy": (_field("strategy.canary.step", []), "refused"),
    "steps as text": (_field("strategy.canary.steps", "25"), "refused"),
    "a quoted weight": (_step({"setWeight": "25"}), "refused"),
    "half a percent": (_step({"setWeight": 12.5}), "refused"),
    "a pause of half a second": (_step({"pause": {"duration": 1.5}}), "refused"),
    "surge of one and a half": (_field("strategy.canary.maxSurge", 1.5), "refused"),
    "quoted replicas": (_field("replicas", "3"), "refused"),
    "replicas below 0": (_field("replicas", -1), "refused"),
    "a weight above 100": (_step({"setWeight": 101}), "invalid"),
    "a weight below 0": (_step({"setWeight": -1}), "invalid"),
    "a pause in days": (_step({"pause": {"duration": "1d"}}), "invalid"),
    "an empty step": (_step({}), "invalid"),
    "a step of two": (_step({"setWeight": 5, "pause": {}}), "invalid"),
    "a template that is not there": (_step({"analysis": {"templates": [{"templateName": "not-there"}]}}), "invalid"),
    "neither surge nor unavailable": (lambda spec: spec["strategy"]["canary"].update(maxSurge=0, maxUnavailable="0%"), "invalid"),
    "a Service that is not there": (_field("strategy.canary.canaryService", "not-there"), "invalid"),
    "no history": (_field("revisionHistoryLimit", -1), "invalid"),
    "no time to progress": (_field("progressDeadlineSeconds", 0), "invalid"),
    "an empty selector": (_field("selector", {}), "invalid"),
    "two strategies": (_field("strategy.blueGreen", {"activeService": "a"}), "invalid"),
    "pods that end": (_field("template.spec.restartPolicy", "Never"), "invalid"),
    "no containers": (_field("template.spec.containers", []), "invalid"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_what_is_refused_by_itself_is_refused_everywhere(defect: str, tmp_path: Path) -> None:
    put, word = DEFECTS[defect]
    for i, documents in enumerate(corpus()[list(DEFECTS).index(defect) % 3 :: 3]):  # a third of the corpus each
        trees = copy.deepcopy(documents)
        rollouts = [tree for tree in trees if isinstance(tree, dict) and tree.get("kind") == "Rollout"]
        if len(rollouts) != 1 or not isinstance(rollouts[0].get("spec"), dict) or "canary" not in rollouts[0]["spec"].get("strategy", {}):
            continue
        if "template" not in rollouts[0]["spec"] or not isinstance(rollouts[0]["spec"]["strategy"]["canary"].get("steps", []), list):
            continue
        if judged(tmp_path / "before.yaml", yaml.safe_dump_all(trees)).word == "accepted":
            put(rollouts[0]["spec"])
            after = judged(tmp_path / "after.yaml", dressed(random.Random(f"{SEED}/{i}"), trees)).word
            assert after == word, f"{defect} in manifests {i} of the corpus"
