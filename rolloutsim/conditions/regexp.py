"""Regular expressions of Go's kind."""

from __future__ import annotations

import re

from rolloutsim.conditions.nodes import ConditionError


def compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression of Go's kind (RE2: it cannot run away); ConditionError if it is none."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)  # type: ignore[no-any-return]
    except re2.error as error:
        words = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise ConditionError(f"error parsing regexp: {words}: `{pattern}`") from error
