"""Mutated AnalysisTemplates: refused in words or played to an end, never a Python error, a hang or a run without end.

More on demand: `TEMPLATES=100000 SEED=1 python -m pytest tests/properties/test_templates.py`.
"""

from __future__ import annotations

import copy
import json
import os
import random
import resource
import time
from typing import Any

import yaml

from rolloutsim.control.analysis.run import conclude, look
from rolloutsim.control.observed import Now
from rolloutsim.errors import Problem
from rolloutsim.manifest.analysis import AnalysisRun, Argument, Measurement
from rolloutsim.manifest.analysis_templates import TemplateError, run_spec
from rolloutsim.manifest.bundle import bundle
from rolloutsim.manifest.documents import parse
from rolloutsim.manifest.meta import Meta

ROLLOUT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Rollout",
    "metadata": {"name": "app"},
    "spec": {
        "selector": {"matchLabels": {"app": "app"}},
        "strategy": {"canary": {"steps": [{"analysis": {"templates": [{"templateName": "t"}], "args": [{"name": "x", "value": "1"}]}}]}},
        "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [{"name": "app", "image": "app:v1"}]}},
    },
}
TEMPLATE = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AnalysisTemplate",
    "metadata": {"name": "t"},
    "spec": {
        "args": [{"name": "x"}, {"name": "limit", "value": "2"}],
        "metrics": [
            {
                "name": "ok",
                "interval": "5s",
                "count": 3,
                "failureLimit": "{{args.limit}}",
                "successCondition": "result >= {{args.x}}",
                "provider": {"web": {"url": "http://x", "jsonPath": "{$.v}"}},
            },
            {"name": "rate", "initialDelay": "1m", "provider": {"prometheus": {"address": "http://p", "query": "sum(rate(x[1m]))"}}},
        ],
        "dryRun": [{"metricName": "ra.*"}],
        "measurementRetention": [{"metricName": ".*", "limit": 3}],
    },
}
STRANGE: list[Any] = [
    None, True, -1, 0, 3, 10**12, 1.5, "", "5", "x", "5s", "-5s", "1d", "{{args.x}}", "{{args.nobody}}", "{{", "}}{{", [], {}, [[]], {"a": 1},
    "(", "*", "\u202e", "é" * 50, "\x1b[31m",
]  # fmt: skip


def mutated(chance: random.Random, tree: Any) -> Any:
    tree = copy.deepcopy(tree)
    for _ in range(chance.randint(1, 3)):
        at, parents = tree, []
        while isinstance(at, dict | list) and at and chance.random() < 0.85:
            key = chance.choice(list(at)) if isinstance(at, dict) else chance.randrange(len(at))
            parents.append((at, key))
            at = at[key]
        if not parents or parents[0][1] == "kind":
            continue
        parent, key = parents[-1]
        deed = chance.random()
        if deed < 0.6:
            parent[key] = chance.choice(STRANGE)
        elif deed < 0.75:
            del parent[key]
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        else:
            parent[chance.choice([f"{key}x", "templates", "limit", str(key).upper()])] = copy.deepcopy(parent[key])
    return tree


def play(tree: Any, chance: random.Random) -> str:
    """refused, unfit, or the phase in which the run ends (or stands after a while)."""
    problems: list[Problem] = []
    text = yaml.safe_dump(ROLLOUT) + "---\n" + yaml.safe_dump(tree, allow_unicode=False)
    found = bundle(parse("fuzz", text, problems), problems)
    for problem in problems:
        assert "\x1b" not in str(problem)
    if problems or found is None:
        return "refused"
    template = found.analysis_templates[0]
    try:
        spec = run_spec([template], [Argument("x", "1")])
    except TemplateError:
        return "unfit"
    run, now_s = AnalysisRun(Meta("run"), spec), 0.0
    for _ in range(60):
        seen = look(run, Now(now_s))
        phases = ("Successful", "Failed", "Inconclusive", "Error")
        measured = {name: Measurement(chance.choice(phases), Now(now_s).whole_s, Now(now_s).whole_s) for name in seen.due}
        decided = conclude(run, seen, measured, Now(now_s))
        changed, run = decided.status != run.status, AnalysisRun(run.meta, run.spec, decided.status)
        if run.is_completed:
            return run.status.phase
        if not changed:
            if decided.wake_up_at_s is None:
                return "waits"
            now_s = max(now_s, decided.wake_up_at_s) + 1e-6
    return "goes on"


def test_mutated_templates() -> None:
    seed, runs = int(os.environ.get("SEED", "5")), int(os.environ.get("TEMPLATES", "1500"))
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ends: dict[str, int] = {}
    slowest = (0.0, 0)
    for i in range(runs):
        chance = random.Random(f"{seed}/{i}")
        tree = mutated(chance, TEMPLATE)
        began = time.process_time()
        try:
            end = play(tree, chance)
        except Exception as error:
            raise AssertionError(f"SEED={seed}, case {i}: {json.dumps(tree)}") from error
        slowest = max(slowest, (time.process_time() - began, i))
        ends[end] = ends.get(end, 0) + 1
    assert {"refused", "Error", "Failed"} <= set(ends), ends
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    print(f"\n{runs:,} templates, seed {seed}: {ends}, slowest {slowest[0]:.2f} s (case {slowest[1]}), {grown_kib / 1024:.0f} MB more")
    assert slowest[0] < 1.0, slowest
    assert grown_kib < 200 * 1024
