"""Conditions against what the real evaluator says of them (tests/parity/README.md), phase and words."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from rolloutsim.conditions import evaluate, evaluate_conditions

ROWS = json.loads(lzma.decompress(Path(__file__).with_name("conditions.json.xz").read_bytes()))


def test_every_recorded_evaluation() -> None:
    wrong = []
    for row in ROWS:
        found = evaluate(row["result"], row.get("successCondition", ""), row.get("failureCondition", ""), row["type"])
        if found != (row["phase"], row.get("error", "").split("\n")[0]):
            wrong.append((row, found))
    assert len(ROWS) == 1161
    assert wrong == []


@pytest.mark.parametrize(
    ("condition", "result", "phase", "error"),
    [
        # Found by comparing 300,000 random conditions with the real evaluator; each is a rule that a reader would doubt.
        ("-1 not in [1, 2]", 0, "Failed", ""),  # the `not` is lost behind a sign
        ("(-1) not in [1, 2]", 0, "Successful", ""),
        ("result ?? 1 == 1", None, "Error", "Operator (==) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses."),
        ("result.x && false", {"x": 3}, "Failed", ""),  # folded before anything runs
        ("nil in ['a', '']", 0, "Successful", ""),
        ("result == [1.0]", [1], "Successful", ""),
        ("result == [1]", [1], "Failed", ""),  # an int in a list is not a float
        ("not 2 * 0 == 0", 0, "Error", "invalid operation: not (mismatched type int)"),
        ("-2 ** 2 == -4", 0, "Successful", ""),
        ("7 % -4 == 3", 0, "Successful", ""),
        ("1 % 0 == 0", 0, "Error", "integer divide by zero"),
        ("asInt(result) % 0 == 0", 0, "Error", "runtime error: integer divide by zero"),
        ("round(-0.5) == -1", 0, "Successful", ""),
        ("len('é') == 2", 0, "Successful", ""),
        ("count(1..5, # > 3) == 2", 0, "Successful", ""),
        ("len(1..2000000) > 0", 0, "Error", "memory budget exceeded"),
        ("all(1..1000000, # > 0)", 0, "Error", "unsupported: more than 200,000 steps"),
        ("result matches '('", "a", "Error", "error parsing regexp: missing ): (: `(`"),
        ("result matches '(a+)+$'", "a" * 5000 + "b", "Failed", ""),
        ("toJSON(result) == '1'", 1, "Error", "unsupported: the function toJSON"),
        # Values that only a program would write are refused before they are made.
        ("let s = repeat('a', 1000000); replace(s, 'a', s) == s", 0, "Error", "unsupported: a text of more than 1,000,000 characters"),
        ("len(map(1..9000, 'a' + repeat('b', 9000))) > 0", 0, "Error", "unsupported: more than 10,000,000 characters of text"),
        ("any(1..1000, # in 500000..900000)", 0, "Error", "unsupported: more than 200,000 steps"),
        ("let a = [[1, 2], [1, 2], [1, 2]]; let b = [a, a, a, a]; [b, b] == [b, b]", 0, "Successful", ""),
        ("asInt(map(1..20000, 'a')) == 0", 0, "Error", "unsupported: printing more than 10,000 elements"),
        ("1" * 5000 + " > 0", 0, "Error", f'invalid integer literal: strconv.ParseInt: parsing "{"1" * 5000}": value out of range'),
        ("asInt(result) == 0", "9" * 5000, "Error", f'strconv.ParseInt: parsing "{"9" * 5000}": value out of range'),
        ("asInt(result) == 3", "\u0663", "Error", 'strconv.ParseInt: parsing "\u0663": invalid syntax'),  # a digit, but not in Go
        ("asFloat('1e999') > 0", 0, "Error", 'strconv.ParseFloat: parsing "1e999": value out of range'),
        ("len(result) == 3", "\ud800", "Successful", ""),  # U+FFFD
        ("(" * 300 + "true" + ")" * 300, 0, "Successful", ""),
        ("!" * 300 + "true", 0, "Error", "unsupported: more than 100 levels of nesting"),
        ("true " * 5000, 0, "Error", "unsupported: more than 10,000 characters"),
        ("", 0, "Successful", ""),
        ("\x00", 0, "Error", "unrecognized character: U+0000 '\x00'"),
    ],
)
def test_rules_of_the_language(condition: str, result: object, phase: str, error: str) -> None:
    assert evaluate(result, condition) == (phase, error)


def test_public_form() -> None:
    found = evaluate_conditions([0.97], success_condition="result[0] >= 0.95", failure_condition="", type="vector")
    assert (found.phase, found.error) == ("Successful", "")
    both = evaluate_conditions(0.9, success_condition="result > 0.95", failure_condition="result < 0.8", type="scalar")
    assert both.phase == "Inconclusive"
