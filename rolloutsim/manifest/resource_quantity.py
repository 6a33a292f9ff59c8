"""Amounts of resources (`500m`, `1Gi`, `2e3`): read, compared, and printed as Kubernetes prints them (apimachinery, pkg/api/resource)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_FORM = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)|)")
_POWERS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"": 0, "Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_MOST_DIGITS, _LARGEST_EXPONENT = 60, 60
"""Longer texts are no amounts that anybody means, and reading them takes long."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount; `is_binary` and `has_exponent` tell how it is printed."""

    value: Fraction
    is_binary: bool = False
    has_exponent: bool = False

    @classmethod
    def parse(cls, text: object) -> Quantity | None:
        """The amount that a text or number means, None if it means none; what is smaller than a billionth is rounded up."""
        form = _FORM.fullmatch(str(text).strip()) if isinstance(text, str | int | float) and len(str(text)) <= _MOST_DIGITS else None
        if form is None:
            return None
        sign, number, exponent, suffix = form[1], form[2], form[3], form[4] or ""
        power = int(exponent[1:]) if exponent else 0
        if abs(power) > _LARGEST_EXPONENT:
            return None
        scale = Fraction(1024) ** _BINARY[suffix] if suffix.endswith("i") else Fraction(10) ** (power or _POWERS[suffix])
        value = Fraction(number.strip(".") if number.endswith(".") else number) * scale
        nano = -(-value * 10**9 // 1)
        return cls((-1 if sign == "-" else 1) * Fraction(nano, 10**9), suffix.endswith("i"), bool(exponent))

    def __str__(self) -> str:
        size = abs(self.value)
        sign = "-" if self.value < 0 else ""
        if self.is_binary and size >= 1024 and size.denominator == 1:
            suffix = max((s for s, power in _BINARY.items() if size % 1024**power == 0), key=_BINARY.__getitem__)
            return f"{sign}{size // 1024 ** _BINARY[suffix]}{suffix}"
        if size == 0:
            return "0"
        power = max(p for p in _POWERS.values() if (size / Fraction(10) ** p).denominator == 1)
        suffix = next(s for s, p in _POWERS.items() if p == power)
        if self.has_exponent:
            suffix = f"e{power}" if power else ""
        return f"{sign}{size / Fraction(10) ** power}{suffix}"
