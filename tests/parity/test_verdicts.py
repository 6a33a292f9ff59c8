"""The verdict on manifests against what the real API server and the real controller said of them."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from rolloutsim.manifest.documents import Document
from rolloutsim.manifest.verdict import Verdict, verdict

RECORDED = lzma.decompress((Path(__file__).parent / "verdicts.jsonl.xz").read_bytes()).decode()
CASES: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.splitlines()]


def verdict_of(manifests: list[dict[str, Any]]) -> Verdict:
    return verdict([Document(f"object-{i}.yaml", manifest) for i, manifest in enumerate(manifests)])


def recorded_word(case: dict[str, Any]) -> str:
    if any(words != "created" for words in case["api"].values()):
        return "refused"
    return "invalid" if case["controller"]["invalid"] else "accepted"


def recorded_invalid(case: dict[str, Any]) -> str | None:
    return None if case["controller"] is None else case["controller"]["invalid"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_verdict_and_words(case: dict[str, Any]) -> None:
    found = verdict_of(case["manifests"])
    assert [obj.api for obj in found.objects] == list(case["api"].values())
    assert found.word == recorded_word(case)
    (rollout,) = found.rollouts
    assert rollout.invalid == recorded_invalid(case)
    if case["controller"] is not None:
        assert rollout.phase == case["controller"]["phase"]
    if rollout.invalid is not None:
        assert rollout.message == case["controller"]["message"]
        assert rollout.violations[0][1].path


def test_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    """The line for the reader: verdicts equal, and messages equal to the letter."""
    verdicts = sum(verdict_of(case["manifests"]).word == recorded_word(case) for case in CASES)
    messages = [case for case in CASES if recorded_invalid(case) is not None]
    equal = sum(verdict_of(case["manifests"]).rollouts[0].invalid == recorded_invalid(case) for case in messages)
    answers = [(found.api, words) for case in CASES for found, words in zip(verdict_of(case["manifests"]).objects, case["api"].values(), strict=True)]
    same = sum(found == words for found, words in answers)
    with capsys.disabled():
        print(f"\nverdicts {verdicts}/{len(CASES)}, messages {equal}/{len(messages)}, answers of the API server {same}/{len(answers)}")
    assert verdicts == len(CASES)
    assert equal == len(messages)
