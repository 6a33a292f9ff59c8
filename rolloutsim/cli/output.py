"""What a command prints: JSON to a file or standard output, colour on a terminal, words on a wrong command line."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any, NoReturn

import typer

from rolloutsim.cli.app import WRONG


def write_json(path: str, text: str) -> None:
    """Write JSON to a file, unless it holds something that is not ours, or to standard output for `-`."""
    from rolloutsim.files import write_text

    if path == "-":
        sys.stdout.write(text)
    else:
        write_text(path, text, ours=_is_our_json)


def show(path: str | None, text: str, form: Any) -> None:
    """Print a view, and write its JSON form if asked; with standard output as the file nothing else is printed there."""
    from rolloutsim.report.json_form import dumps

    if path is not None:
        write_json(path, dumps(form))
    if path != "-":
        typer.echo(text, nl=False)


def _is_our_json(text: str) -> bool:
    """Whether a file is an earlier answer of ours: a form, or a list of them."""
    import json

    try:
        form = json.loads(text)
    except ValueError:
        return False
    first = form[0] if isinstance(form, list) and form else form
    ours = {"shares", "expectations", "agreeing", "rollout", "diagnostics", "explanation", "dispersion"}
    return isinstance(first, dict) and (bool(ours & set(first)) or _sarif_tool(first) == "rolloutsim")


def _sarif_tool(form: dict[str, Any]) -> Any:
    """The tool that wrote a SARIF log; None for anything else."""
    try:
        return form["runs"][0]["tool"]["driver"]["name"]
    except (KeyError, IndexError, TypeError):
        return None


def colour() -> bool:
    """Whether the reader sees colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def columns(most: int) -> int:
    """How many columns the reader's terminal has, at most `most`; that many where there is none."""
    return min(most, shutil.get_terminal_size((most, 24)).columns) if sys.stdout.isatty() else most


def usage(text: str) -> NoReturn:
    """End with words about the command line."""
    typer.echo(f"Error: {text}", err=True)
    raise typer.Exit(WRONG)
