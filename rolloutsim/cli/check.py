"""`rolloutsim check`: the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rolloutsim.cli.app import FAILED, OK, UNDECIDED, Json, Scenarios, Seed, Sets, app
from rolloutsim.cli.inputs import load_all, places
from rolloutsim.cli.output import usage, write_json
from rolloutsim.errors import printable

if TYPE_CHECKING:
    from rolloutsim.gate import Checked


@app.command()
def check(
    scenario: Scenarios,
    seed: Seed = None,
    set_: Sets = None,
    json: Json = None,
    baseline: Annotated[str | None, typer.Option("--baseline", metavar="FILE", help="Figures that must not get worse.")] = None,
    update_baseline: Annotated[bool, typer.Option("--update-baseline", help="Write the baseline instead of comparing.")] = False,
    junit: Annotated[str | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    sarif: Annotated[str | None, typer.Option("--sarif", metavar="FILE", help="Write SARIF 2.1.0, for code scanning.")] = None,
) -> None:
    """Hold scenarios to their expectations, for CI. Example: rolloutsim check scenarios/* --junit report.xml"""
    from rolloutsim import gate
    from rolloutsim.files import write_text
    from rolloutsim.report.json_form import check_form, dumps
    from rolloutsim.report.junit import junit as junit_text

    if update_baseline and baseline is None:
        usage("--update-baseline needs --baseline FILE")
    before = gate.read_baseline(baseline) if baseline is not None and not update_baseline else None
    loaded = load_all(scenario, seed, set_)
    from rolloutsim.simulation import simulate

    records = [simulate(one) for one in loaded]
    checked = [gate.check(record, one.spec.expect, before) for record, one in zip(records, loaded, strict=True)]
    if update_baseline and baseline is not None:
        write_text(baseline, gate.baseline_text(records), ours=lambda text: gate.BASELINE_KIND in text)
    if junit is not None:
        write_text(junit, junit_text(checked), ours=lambda text: '<testsuites name="rolloutsim"' in text)
    if sarif is not None:
        from rolloutsim.report.check_sarif import check_sarif

        write_json(sarif, dumps(check_sarif(checked, places(loaded))))
    if json is not None:
        forms = [{"scenario": c.scenario, **check_form(c)} for c in checked]
        write_json(json, dumps(check_form(checked[0]) if len(checked) == 1 else forms))
    if "-" not in (json, sarif):
        typer.echo("".join(checked_lines(c) for c in checked), nl=False)
    verdicts = [c.passed for c in checked]
    raise typer.Exit(FAILED if False in verdicts else UNDECIDED if None in verdicts else OK)


def checked_lines(checked: Checked) -> str:
    """A checked scenario in lines: what holds, what does not, what cannot be told."""
    from rolloutsim.report.junit import describe

    words = {True: "ok", False: "FAILED", None: "undecided"}
    lines = [f"{checked.scenario}: {words[checked.passed]}"]
    lines += [f"  {words[e.passed]:<9} {e.name}: {describe(e)}" for e in checked.expectations]
    lines += [
        f"  FAILED    worse than the baseline: {r.name} {r.found:g} {r.unit}, was {r.baseline:g} (+{r.tolerance:g})" for r in checked.regressions
    ]
    return "\n".join(map(printable, lines)) + "\n"
