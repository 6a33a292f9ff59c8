"""Plain scalars are what kubectl takes them for (sigs.k8s.io/yaml, goyaml.v2): YAML 1.1 with numbers as Go reads them."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.errors import Problem
from rolloutsim.manifest.documents import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [("y", True), ("N", False), ("yes", True), ("off", False), ("1e3", 1000.0), ("1E-2", 0.01), ("08", 8.0), ("017", 15), ("0o17", 15),
     ("0x1f", 31), ("1_000", 1000), ("1:30", "1:30"), ("2026-01-01", "2026-01-01"), ("'y'", "y"), ('"1e3"', "1e3"), ("nn", "nn"), ("1e", "1e"),
     ("-", "-"), ("v1", "v1"), ("~", None), ("1e999", "1e999"), ("0o8", "0o8"), ("1.2.3", "1.2.3")],
)  # fmt: skip
def test_scalars(text: str, value: Any) -> None:
    problems: list[Problem] = []
    (document,) = parse("a.yaml", f"a: {text}\n" if text != "-" else "a: '-'\n", problems)
    assert problems == []
    assert document.data == {"a": value} and type(document.data["a"]) is type(value)
