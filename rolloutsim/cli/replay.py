"""`rolloutsim replay`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from rolloutsim.cli.app import FAILED, OK, Json, app
from rolloutsim.cli.output import write_json


@app.command()
def replay(
    path: Annotated[list[str], typer.Argument(metavar="PATH...", help="Recordings, or folders of them.")],
    timelines: Annotated[str | None, typer.Option("--timelines", metavar="DIR", help="Write each timeline played to DIR/NAME.json.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes; all cores by default.")] = None,
    json: Json = None,
) -> None:
    """Play recordings of the real controller and say how well they agree. Example: rolloutsim replay traces/a --timelines out"""
    from rolloutsim.report.json_form import dumps
    from rolloutsim.report.replayed import replay_form, replay_text
    from rolloutsim.studies.replay import replay as play_all

    outcomes = play_all(path, workers=workers or os.cpu_count() or 1, timelines=timelines)
    if json is not None:
        write_json(json, dumps(replay_form(outcomes)))
    if json != "-":
        typer.echo(replay_text(outcomes), nl=False)
    raise typer.Exit(OK if all(o.agrees for o in outcomes) else FAILED)
