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


def test_generated_conditions() -> None:
    generated = json.loads(lzma.decompress(Path(__file__).with_name("generated_conditions.json.xz").read_bytes()))
    wrong = []
    for kind, result, condition, phase, error in generated:
        found = evaluate(result, condition, type=kind)
        if found != (phase, error):
            wrong.append((kind, result, condition, (phase, error), found))
    assert len(generated) == 1894
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
        ("result matches '('", "a", "Error", "error parsing regexp: missing closing ): `(`"),
        ("result matches '(a+)+$'", "a" * 5000 + "b", "Failed", ""),
        ("groupBy([1], #)[1] == [1]", 1, "Error", "unsupported: the function groupBy"),
        ("duration('1h').Hours() == 1", 1, "Error", "unsupported: methods of times and durations"),
        # Found by comparing 500,000 more, family by family: pipes, chains, literals, lists in order, texts of values.
        ("result | count(# > 1) > 1", [1, 2, 3], "Successful", ""),  # operators go on behind a pipe
        ("1 + 1 | max(1) == 2 and true", 0, "Successful", ""),
        ("result.a?.b.c == nil", {"a": None}, "Successful", ""),
        ("(result.a?.b).c == nil", {"a": None}, "Successful", ""),  # parentheses do not end a chain
        ("result.a?.b[0] == nil", {"a": None}, "Error", "cannot fetch 0 from <nil>"),  # an index does
        ("result?.a == nil", None, "Error", "type <nil> has no field a"),
        ("result.a() == 1", {"a": 1}, "Error", "reflect: call of reflect.Value.Call on float64 Value"),
        ("result && 1 + 1 == 3", {}, "Error", "invalid operation: && (mismatched types map[string]interface {} and bool)"),
        ("result.x && 1 + 1 == 3", {"x": 3}, "Failed", ""),
        ("result[0] == 97", "a", "Error", "type string[int] is undefined"),
        ("result.a[0] == 97", {"a": "a"}, "Successful", ""),  # a byte
        ("'abc'[0] == 97", 0, "Error", 'unexpected token Bracket("[")'),
        ("0o17 == 15", 0, "Error", 'invalid integer literal: strconv.ParseInt: parsing "0o17": invalid syntax'),
        ("'\\u0041\\x42' == 'AB'", 0, "Successful", ""),
        ("string(1e6) == '1e+06' and string(duration('90m')) == '1h30m0s'", 0, "Successful", ""),
        ("string(result) == 'map[a:[1 <nil>]]'", {"a": [1, None]}, "Successful", ""),
        ("sort([3, 1.5])[0] == 1.5", 0, "Error", "cannot sort array of different types (float64 and int)"),
        ("sortBy(result, 'x', 'desc')[0].x == 2", [{"x": 1}, {"x": 2}], "Successful", ""),
        ("reduce(result, #acc + #) == 6", [1, 2, 3], "Successful", ""),
        ("date('2024-01-02') - date('2024-01-01') == duration('24h')", 0, "Successful", ""),
        ("len('abc') in 1..2000000", 0, "Successful", ""),  # two comparisons
        ("result in 1..2000000", 3, "Error", "memory budget exceeded"),
        ("asInt(0/0)..3 == []", 0, "Failed", ""),  # its length overflows
        # Values that only a program would write are refused before they are made.
        ("let s = repeat('a', 1000000); replace(s, 'a', s) == s", 0, "Error", "unsupported: a text of more than 1,000,000 characters"),
        ("len(map(1..9000, 'a' + repeat('b', 9000))) > 0", 0, "Error", "unsupported: more than 10,000,000 characters of text"),
        ("any(1..1000, # in 500000..900000)", 0, "Failed", ""),  # a constant range is never gone through
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
