"""Regular expressions of Go's kind."""

from __future__ import annotations

import re

from rolloutsim.conditions.nodes import ConditionError

_WORDS = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
}
"""What Go calls an error of RE2 (regexp/syntax, ErrorCode)."""


def compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression of Go's kind (RE2: it cannot run away); ConditionError if it is none."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)  # type: ignore[no-any-return]
    except re2.error as error:
        words = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise ConditionError(f"error parsing regexp: {_as_go_says(words, pattern)}") from error


def _as_go_says(words: str, pattern: str) -> str:
    if words.startswith("trailing \\"):
        return "trailing backslash at end of expression: ``"
    code, _, found = words.partition(": ")
    return f"{_WORDS.get(code, code)}: `{found or pattern}`"
