"""What a command is given: scenarios to load or to play, and moments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rolloutsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.errors import Place, Problem
    from rolloutsim.record import Record


def simulated(paths: list[str], seed: int | None, overrides: list[str] | None) -> Record:
    """The record of one scenario; what plays no part in it is said on standard error."""
    from rolloutsim.manifest.scenario_file import load_scenario
    from rolloutsim.simulation import simulate

    scenario = load_scenario(paths, overrides or (), seed)
    for ignored in scenario.objects.ignored:
        note = f": {ignored.note}" if ignored.note else ""
        typer.echo(f"note: {ignored.place}: {ignored.kind} {ignored.name} plays no part{note}", err=True)
    return simulate(scenario)


def load_all(paths: list[str], seed: int | None, overrides: list[str] | None) -> list[Any]:
    """One scenario for each folder; files together are one. All problems of all of them at once."""
    from rolloutsim.manifest.scenario_file import load_scenario

    folders = [path for path in paths if Path(path).is_dir()]
    groups = [[folder] for folder in folders] + ([files] if (files := [p for p in paths if p not in folders]) else [])
    loaded: list[Any] = []
    problems: list[Problem] = []
    for group in groups:
        try:
            loaded.append(load_scenario(group, overrides or (), seed))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return loaded


def places(loaded: list[Any]) -> Callable[[str, str], Place]:
    """A function that says where a path of a scenario's document stands, by the scenario's name."""
    from rolloutsim.manifest.scenario_file import scenario_document

    documents = {scenario.name: scenario_document(scenario.paths) for scenario in loaded}
    return lambda name, path: documents[name].place(path)


def instant(text: str) -> float:
    """A moment in seconds from the start; InputError for anything else."""
    from rolloutsim.errors import Place, Problem
    from rolloutsim.quantities import parse_duration

    try:
        return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(float(text) if text.replace(".", "", 1).isdigit() else text)
    except ValueError as error:
        raise InputError([Problem(Place("--at"), text, f"a moment is a duration from the start ({error})", "For example --at 42s.")]) from error
