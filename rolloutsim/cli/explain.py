"""`rolloutsim explain`: what a code of `plan` means."""

from __future__ import annotations

from typing import Annotated

import typer

from rolloutsim.cli.app import Json, app
from rolloutsim.cli.output import usage, write_json


@app.command()
def explain(
    code: Annotated[list[str] | None, typer.Argument(metavar="CODE...", help="Codes such as RS101; all are listed without one.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print all of them as a page.")] = False,
    json: Json = None,
) -> None:
    """Explain what plan found: why it hurts, what to do, where that is known from. Example: rolloutsim explain RS101"""
    from dataclasses import asdict

    from rolloutsim.diagnostics.catalogue import catalogue
    from rolloutsim.report import explained
    from rolloutsim.report.json_form import dumps

    known = catalogue()
    wanted = [text.upper() for text in code or ()]
    if unknown := [text for text in wanted if text not in known]:
        usage(f"no such code: {explained.near(unknown[0], known)}")
    found = [known[text] for text in wanted] or list(known.values())
    if json is not None:
        write_json(json, dumps([asdict(diagnostic) for diagnostic in found]))
    if json != "-":
        typer.echo(explained.page(found) if markdown else explained.in_full(found) if wanted else explained.listed(found), nl=False)
