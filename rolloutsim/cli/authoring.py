"""`rolloutsim schema` and `init`: what helps to write a scenario."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolloutsim.cli.app import app
from rolloutsim.errors import InputError

if TYPE_CHECKING:
    from rolloutsim.errors import Problem


@app.command()
def schema(
    path: Annotated[bool, typer.Option("--path", help="Print where the file stands in the installed package instead.")] = False,
) -> None:
    """Print the JSON Schema of the scenario file, for editors. Example: rolloutsim schema > scenario.schema.json"""
    from rolloutsim.manifest.schema import PUBLISHED, scenario_schema
    from rolloutsim.report.json_form import dumps

    typer.echo(f"{PUBLISHED}\n" if path else dumps(scenario_schema()), nl=False)


@app.command()
def init(
    path: Annotated[list[str], typer.Argument(metavar="PATH...", help="Manifests, or a folder of them.")],
    stdout: Annotated[bool, typer.Option("--stdout", help="Print it instead of writing scenario.yaml.")] = False,
) -> None:
    """Write a commented scenario.yaml beside given manifests. Example: rolloutsim init k8s/"""
    from rolloutsim.files import write_text
    from rolloutsim.manifest.bundle import bundle, read_manifests
    from rolloutsim.manifest.init import propose_scenario

    problems: list[Problem] = []
    documents = read_manifests(path, problems)
    documents = [d for d in documents if not (isinstance(d.data, dict) and d.data.get("kind") == "Scenario")]
    manifests = bundle(documents, problems) if documents else None
    if problems or manifests is None:
        raise InputError(problems)
    folder = Path(path[0]) if Path(path[0]).is_dir() else Path(path[0]).parent
    names = [os.path.relpath(d.file, folder) for d in documents]
    text = propose_scenario(manifests, list(dict.fromkeys(names)))
    if stdout:
        typer.echo(text, nl=False)
        return
    target = folder / "scenario.yaml"
    write_text(target, text)
    typer.echo(f"wrote {target}; run it with: rolloutsim run {folder}")
