"""Dates are held to their format, numbers are not: they wrap around (kubernetes issue 136091; strfmt; runtime.DefaultUnstructuredConverter)."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.manifest.api_server.formats import is_date_time
from rolloutsim.manifest.documents import Document
from rolloutsim.manifest.verdict import Verdict, verdict


def judged(spec: dict[str, Any]) -> Verdict:
    template = {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [{"name": "app", "image": "app:v1"}]}}
    whole = {"selector": {"matchLabels": {"app": "app"}}, "strategy": {"canary": {}}, "template": template, **spec}
    return verdict([Document("app.yaml", {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "app"}, "spec": whole})])


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00Z", "2026-01-01t23:59:59.5+01:00"])
def test_dates(text: str) -> None:
    assert is_date_time(text) and judged({"restartAt": text}).word == "accepted"


@pytest.mark.parametrize(
    "text", ["soon", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "20260101T00:00:00Z", "t"]
)
def test_what_is_no_date(text: str) -> None:
    found = judged({"restartAt": text})
    assert found.word == "refused"
    assert f'spec.restartAt: Invalid value: "{text}": spec.restartAt in body must be of type date-time: "{text}", <nil>' in found.objects[0].api


def test_numbers_wrap_around() -> None:
    found = judged({"strategy": {"canary": {"steps": [{"setWeight": 3_000_000_000}]}}})
    assert found.word == "invalid"
    assert "Invalid value: -1294967296: SetWeight needs to be between 0 and 100" in found.controller_messages[0]
    assert judged({"minReadySeconds": 2**32 + 5}).word == "accepted"


def test_a_version_of_three_parts_is_none() -> None:
    found = verdict([Document("app.yaml", {"apiVersion": "argoproj.io/v1alpha1/x", "kind": "Rollout", "metadata": "app", "spec": {}})])
    assert found.word == "refused" and found.objects[0].api == "unexpected GroupVersion string: argoproj.io/v1alpha1/x"
