"""The page of diagnostics in the package is the one that would be written now."""

from __future__ import annotations

from rolloutsim.diagnostics.catalogue import catalogue
from rolloutsim.report.explained import PAGE, page


def test_the_page_of_diagnostics() -> None:
    found = PAGE.read_text(encoding="utf-8")
    assert found == page(list(catalogue().values())), "write it anew: rolloutsim explain --markdown > rolloutsim/diagnostics/diagnostics.md"
