"""`rolloutsim run`."""

from __future__ import annotations

from typing import Annotated

import typer

from rolloutsim.cli.app import Json, One, Seed, Sets, app
from rolloutsim.cli.inputs import simulated
from rolloutsim.cli.output import colour, write_json


@app.command()
def run(
    scenario: One,
    seed: Seed = None,
    set_: Sets = None,
    json: Json = None,
    out: Annotated[str | None, typer.Option("--out", metavar="DIR", help="Write the record into a new folder.")] = None,
    assumptions: Annotated[bool, typer.Option("--assumptions", help="List every assumption with its source.")] = False,
) -> None:
    """Play a scenario and say who answered which share of the requests. Example: rolloutsim run scenarios/notifications-canary"""
    from rolloutsim.report.json_form import dumps, run_form
    from rolloutsim.report.result import Result
    from rolloutsim.report.screen import screen

    record = simulated(scenario, seed, set_)
    result = Result(record)
    if out is not None:
        from rolloutsim.record_files import save

        save(record, out)
    if json is not None:
        write_json(json, dumps(run_form(result)))
    if json != "-":
        typer.echo(screen(result, colour=colour(), all_assumptions=assumptions), nl=False)
