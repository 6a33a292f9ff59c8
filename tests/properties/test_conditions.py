"""Random conditions over random values: a phase always, in bounded time, never a Python error.

More on demand: `CONDITIONS=100000 SEED=1 python -m pytest tests/properties/test_conditions.py`.
"""

from __future__ import annotations

import os
import random
import resource
import time

from rolloutsim.conditions import evaluate

ATOMS = [
    "result",
    "result[0]",
    "result.a",
    "result.a.b",
    "result[-1]",
    "result[5]",
    "1",
    "0",
    "2.5",
    "'a'",
    "''",
    "true",
    "false",
    "nil",
    "x",
    "[1,2]",
    "['a','b']",
    "[]",
    "{'a':1}",
    "len(result)",
    "now()",
    "duration('1s')",
    "asInt(result)",
    "1..3",
    "1..1000000",
    "0x10",
    "1e3",
    "#",
    ".a",
    "#[0]",
    "??",
    "?.",
    "`",
]
OPERATORS = [
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "&&",
    "||",
    "and",
    "or",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "^",
    "in",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "..",
    "??",
    "|",
    ";",
    ":",
]
FUNCTIONS = [
    "len",
    "type",
    "abs",
    "round",
    "int",
    "float",
    "upper",
    "sum",
    "mean",
    "median",
    "first",
    "keys",
    "asInt",
    "asFloat",
    "isNaN",
    "isNil",
    "fromJSON",
    "max",
    "min",
    "not",
    "!",
    "-",
    "reduce",
]
PREDICATES = ["all", "any", "none", "one", "filter", "map", "count", "find", "findIndex", "findLast"]
RESULTS: list[tuple[str, object]] = [
    ("vector", []),
    ("vector", [0.97, 1.0]),
    ("vector", ["NaN", "+Inf"]),
    ("scalar", 0.5),
    ("json", None),
    ("json", "ok"),
    ("json", [1, "a", None]),
    ("json", {"a": {"b": [1, 2]}, "ok": True}),
]


def condition(chance: random.Random, depth: int) -> str:
    kind = chance.random()
    if depth == 0 or kind < 0.15:
        return chance.choice(ATOMS)
    if kind < 0.55:
        text = f"{condition(chance, depth - 1)} {chance.choice(OPERATORS)} {condition(chance, depth - 1)}"
        return f"({text})" if chance.random() < 0.5 else text
    if kind < 0.7:
        return f"{chance.choice(FUNCTIONS)}({condition(chance, depth - 1)})"
    if kind < 0.85:
        return f"{chance.choice(PREDICATES)}({condition(chance, depth - 1)}, {condition(chance, depth - 1)})"
    if kind < 0.92:
        return f"{condition(chance, depth - 1)}[{condition(chance, depth - 1)}:]"
    mutated = condition(chance, depth - 1)
    at = chance.randrange(len(mutated) + 1)
    return mutated[:at] + chance.choice(["(", "]", "'", "\\", "\u202e", "é", "\n", "/*", "0x", " "]) + mutated[at:]


def test_random_conditions_always_have_a_phase() -> None:
    seed, runs = int(os.environ.get("SEED", "11")), int(os.environ.get("CONDITIONS", "3000"))
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    phases: dict[str, int] = {}
    slowest = (0.0, "")
    for i in range(runs):
        chance = random.Random(f"{seed}/{i}")
        text, (kind, result) = condition(chance, chance.choice([1, 2, 3, 4])), chance.choice(RESULTS)
        began = time.process_time()
        try:
            found = evaluate(result, text, chance.choice(["", "false"]), kind)  # type: ignore[arg-type]
        except Exception as error:
            raise AssertionError(f"SEED={seed}, case {i}: {text!r} over {result!r}") from error
        slowest = max(slowest, (time.process_time() - began, text))
        phases[found.phase] = phases.get(found.phase, 0) + 1
    assert min(phases.get(phase, 0) for phase in ("Successful", "Failed", "Error")) > runs / 500
    assert slowest[0] < 1.0, slowest
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    print(f"\n{runs:,} conditions, seed {seed}: {phases}, slowest {slowest[0]:.2f} s ({slowest[1][:60]!r}), {grown_kib / 1024:.0f} MB more")
    assert grown_kib < 200 * 1024
