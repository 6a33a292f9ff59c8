"""`replace` does what that of `dataclasses` does."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest

from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.rollout import RolloutStatus


@dataclass(frozen=True, slots=True)
class Checked:
    a: int
    b: int = 0

    def __post_init__(self) -> None:
        if self.a < 0:
            raise ValueError("negative")


@dataclass(frozen=True)
class WithoutSlots:
    a: int
    b: int = 0
    c: int = field(init=False, default=7)


@pytest.mark.parametrize("thing", [RolloutStatus(message="x", abort=True), Checked(1, 2), WithoutSlots(1, 2)])
def test_a_copy_is_that_of_dataclasses(thing: Any) -> None:
    change: dict[str, Any] = {"message": "y"} if isinstance(thing, RolloutStatus) else {"a": 5}
    before = repr(thing)
    assert replace(thing, **change) == dataclasses.replace(thing, **change) != thing
    assert replace(thing) == thing and replace(thing) is not thing
    assert repr(thing) == before


@pytest.mark.parametrize("thing", [RolloutStatus(), Checked(1), WithoutSlots(1)])
def test_an_unknown_field_is_an_error(thing: Any) -> None:
    with pytest.raises(TypeError):
        replace(thing, nothing=1)


def test_what_a_class_checks_is_checked() -> None:
    with pytest.raises(ValueError, match="negative"):
        replace(Checked(1), a=-1)
