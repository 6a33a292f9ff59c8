"""JUnit XML of checked scenarios: a suite each, a case for each expectation."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from rolloutsim.errors import printable
from rolloutsim.gate import Checked, Expected, Regression


def junit(checked: Sequence[Checked]) -> str:
    """The XML text; undecided cases are errors, as they are neither passed nor failed."""
    root = ElementTree.Element("testsuites", {"name": "rolloutsim"})
    for scenario in checked:
        cases = scenario.expectations
        failed, undecided = sum(c.passed is False for c in cases) + len(scenario.regressions), sum(c.passed is None for c in cases)
        attributes = {
            "name": printable(scenario.scenario),
            "tests": str(len(cases) + len(scenario.regressions)),
            "failures": str(failed),
            "errors": str(undecided),
        }
        suite = ElementTree.SubElement(root, "testsuite", attributes)
        for case in cases:
            node = ElementTree.SubElement(suite, "testcase", {"classname": printable(scenario.scenario), "name": printable(case.name)})
            if case.passed is not True:
                ElementTree.SubElement(node, "failure" if case.passed is False else "error", {"message": printable(describe(case))})
        for regression in scenario.regressions:
            node = ElementTree.SubElement(
                suite, "testcase", {"classname": printable(scenario.scenario), "name": printable(f"baseline: {regression.name}")}
            )
            ElementTree.SubElement(node, "failure", {"message": worse(regression)})
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def describe(case: Expected) -> str:
    """An expectation in one line: what was found, its interval, what was wanted, and why."""
    found = "nothing" if case.found is None else f"{case.found:.4g}" if isinstance(case.found, float) else str(case.found)
    within = f" ({case.low:.1f} to {case.high:.1f})" if case.low is not None and case.high is not None else ""
    note = f": {case.note}" if case.note else ""
    unit = f" {case.unit}" if case.unit else ""
    return f"found {found}{within}{unit}, wanted {case.wanted}{unit}{note}"


def worse(regression: Regression) -> str:
    """A regression in one line."""
    return f"{regression.found:g} {regression.unit}, baseline {regression.baseline:g}, tolerance {regression.tolerance:g}"
