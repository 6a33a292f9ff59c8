"""Errors of a field as Kubernetes words them: `FIELD: TYPE: VALUE: DETAIL` (apimachinery, pkg/util/validation/field; spec/validation.md 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rolloutsim.manifest.go_printing import Raw, as_json, printed, quoted


class Violation(NamedTuple):
    """A rule that an object breaks: `path` is where it stands in the YAML, `field` and `detail` are the real system's words.

    `blocks` tells whether the API server leaves its CEL rules unchecked because of it, `remedy` what to do.
    """

    path: str
    field: str
    detail: str
    blocks: bool = False
    remedy: str = "Correct the manifest."

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}" if self.field else self.detail

    def below(self, path: str, field: str | None = None) -> Violation:
        """The same, found in a part of a greater object."""
        return self._replace(path=_joined(path, self.path), field=_joined(path if field is None else field, self.field))


def _joined(above: str, below: str) -> str:
    return f"{above}{'' if below.startswith('[') or not below or not above else '.'}{below}"


def invalid(field: str, value: Any, detail: str, path: str | None = None) -> Violation:
    """`Invalid value: VALUE: DETAIL`."""
    return Violation(field if path is None else path, field, f"Invalid value: {shown_value(value)}: {detail}")


def of_wrong_type(field: str, kind: str, detail: str, wanted: str) -> Violation:
    """The same for a value of the wrong type, whose VALUE is the name of its type; `wanted` is the JSON type, or several with commas."""
    return Violation(field, field, f"Invalid value: {quoted(kind)}: {detail}", True, give(wanted))


_IN_WORDS = {
    "integer": "a whole number",
    "string": "text",
    "boolean": "true or false",
    "number": "a number",
    "object": "a mapping",
    "array": "a list",
}


def give(wanted: str) -> str:
    """What to do about a value of the wrong type, given the JSON type, or several with commas."""
    return f"Give {' or '.join(_IN_WORDS[kind] for kind in wanted.split(','))}."


def required(field: str, detail: str = "", path: str | None = None) -> Violation:
    """`Required value: DETAIL`."""
    return Violation(field if path is None else path, field, f"Required value: {detail}" if detail else "Required value", True, "Add it.")


def internal(field: str, detail: str, path: str | None = None) -> Violation:
    """`Internal error: DETAIL`."""
    return Violation(field if path is None else path, field, f"Internal error: {detail}")


def forbidden(field: str, detail: str) -> Violation:
    """`Forbidden: DETAIL`."""
    return Violation(field, field, f"Forbidden: {detail}")


def duplicate(field: str, value: Any) -> Violation:
    """`Duplicate value: VALUE`."""
    return Violation(field, field, f"Duplicate value: {shown_value(value)}")


def not_found(field: str, value: Any) -> Violation:
    """`Not found: VALUE`."""
    return Violation(field, field, f"Not found: {shown_value(value)}")


def not_negative(field: str, value: int) -> Iterator[Violation]:
    """A violation if a number is below 0 (ValidateNonnegativeField)."""
    if value < 0:
        yield invalid(field, value, "must be greater than or equal to 0")


def unsupported(field: str, value: Any, supported: Sequence[str]) -> Violation:
    """`Unsupported value: VALUE: supported values: "A", "B"`."""
    known = ", ".join(map(quoted, supported))
    return Violation(field, field, f"Unsupported value: {shown_value(value)}: supported values: {known}", True)


def too_long(field: str, most_bytes: int) -> Violation:
    """`Too long: may not be more than N bytes`."""
    return Violation(field, field, f"Too long: may not be more than {most_bytes} bytes", True)


def shown_value(value: Any) -> str:
    """VALUE of an error: whole numbers and booleans bare, text quoted, everything else as JSON (nothing: `null`)."""
    if isinstance(value, str):
        return value if isinstance(value, Raw) else quoted(value)
    return printed(value) if isinstance(value, bool | int | float) else as_json(value)


def joined(violations: Iterable[Violation]) -> str:
    """Several errors in one line: each once, in brackets if there are more than one."""
    texts = list(dict.fromkeys(map(str, violations)))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
