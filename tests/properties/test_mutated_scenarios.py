"""`run` and `check` of mutated scenarios, manifests included: words with a place, or a run to its end, in bounded time and memory.

What is small enough is played; of the rest only the reading is held to its bounds. More on demand:
`SCENARIOS=20000 SEED=3 python -m pytest tests/properties/test_mutated_scenarios.py -s`.
"""

from __future__ import annotations

import os
import random
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from rolloutsim import gate
from rolloutsim.cli.check import checked_lines
from rolloutsim.errors import InputError, Livelock
from rolloutsim.manifest.arrival_checks import expected_requests
from rolloutsim.manifest.scenario_file import load_scenario
from rolloutsim.report.json_form import check_form, dumps, run_form
from rolloutsim.report.junit import junit
from rolloutsim.report.result import Result
from rolloutsim.report.screen import screen
from rolloutsim.scenario import Scenario
from rolloutsim.simulation import simulate
from tests.conftest import SCENARIOS as FOLDER
from tests.properties.mutations import mutated
from tests.properties.test_mutated_manifests import LONGEST_S, MOST_KIB, obeyed

SEED, SCENARIOS = int(os.environ.get("SEED", "1")), int(os.environ.get("SCENARIOS", "150"))
MOST_REQUESTS, MOST_PODS, LONGEST_RUN_S, PLAYED_S = 2_000, 30, 1800, 20.0


def corpus() -> list[list[Any]]:
    """The scenarios as documents of one file, with traffic that is quick to play."""
    found = []
    for folder in sorted(FOLDER.iterdir()):
        if not (folder / "scenario.yaml").exists():
            continue
        files = [folder / "scenario.yaml", *(file for file in sorted(folder.glob("*.yaml")) if file.name != "scenario.yaml")]
        trees = [tree for file in files for tree in yaml.safe_load_all(file.read_text(encoding="utf-8")) if tree]
        spec = next(tree for tree in trees if tree["kind"] == "Scenario")["spec"]
        spec.pop("manifests", None)
        streams = spec.get("traffic", [])
        for stream in [streams] if isinstance(streams, dict) else streams:
            stream["rate"] = "2/s"
        found.append(trees)
    return found


def is_small(scenario: Scenario) -> bool:
    """Whether a scenario can be played in a blink."""
    spec, rollout = scenario.spec, scenario.objects.rollout
    longest_s = spec.duration if spec.duration is not None else spec.until.limit if spec.until is not None else 3600.0
    requests = sum(expected_requests(stream, longest_s) for stream in spec.traffic)
    closed = any(stream.clients is not None and stream.clients.think is not None for stream in spec.traffic)
    grown = [action.scale.replicas for action in spec.timeline if action.scale is not None]
    pods = max([rollout.spec.replicas or 0, *grown])
    return longest_s <= LONGEST_RUN_S and requests <= MOST_REQUESTS and not closed and pods <= MOST_PODS


def played(scenario: Scenario) -> str:
    """How a run ends; everything that is printed of it is looked at."""
    try:
        record = simulate(scenario)
    except Livelock:
        return "livelock"
    result, checked = Result(record), gate.check(record, scenario.spec.expect)
    printed = [screen(result), checked_lines(checked), junit([checked])]
    assert not any(map(obeyed, printed)), [obeyed(text) for text in printed]
    dumps(run_form(result))
    dumps(check_form(checked))
    return result.phase


def test_mutated_scenarios(tmp_path: Path) -> None:
    trees, file = corpus(), tmp_path / "scenario.yaml"
    ends: Counter[str] = Counter()
    slowest = {"read": (0.0, -1), "played": (0.0, -1)}
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for i in range(SCENARIOS):
        chance = random.Random(f"{SEED}/{i}")
        text = mutated(chance, chance.choice(trees))
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        began_s = time.process_time()
        scenario = None
        try:
            try:
                scenario = load_scenario([file])
            except InputError as error:
                ends["refused"] += 1
                printed = str(error)
                assert printed
                assert not obeyed(printed), obeyed(printed)
            slowest["read"] = max(slowest["read"], (time.process_time() - began_s, i))
            if scenario is not None:
                began_s = time.process_time()
                ends[played(scenario) if is_small(scenario) else "too large to play here"] += 1
                slowest["played"] = max(slowest["played"], (time.process_time() - began_s, i))
        except Exception as error:
            raise AssertionError(f"SEED={SEED}, case {i}:\n{text[:3000]}") from error
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    took = ", ".join(f"{what} in {seconds:.2f} s at most (case {case})" for what, (seconds, case) in slowest.items())
    print(f"\n{SCENARIOS:,} mutated scenarios, seed {SEED}: {dict(ends)}, {took}, {grown_kib / 1024:.0f} MB more")
    assert slowest["read"][0] < LONGEST_S, slowest
    assert slowest["played"][0] < PLAYED_S, slowest
    assert grown_kib < MOST_KIB
    assert ends["refused"] > SCENARIOS / 4 and len(ends) >= 3, ends
