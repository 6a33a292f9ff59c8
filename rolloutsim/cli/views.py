"""`rolloutsim get rollout`, `list rollouts` and `status`: the plugin's views."""

from __future__ import annotations

import typer

from rolloutsim.cli.app import At, Json, NoColor, One, Seed, Sets, app, get_app, list_app
from rolloutsim.cli.inputs import instant, simulated
from rolloutsim.cli.output import colour, show


@get_app.command("rollout")
def get_rollout(name: str, scenario: One, at: At, seed: Seed = None, set_: Sets = None, json: Json = None, no_color: NoColor = False) -> None:
    """Print the plugin's view of a Rollout at a moment. Example: rolloutsim get rollout NAME SCENARIO --at 42s"""
    from rolloutsim import views

    record, at_s = simulated(scenario, seed, set_), instant(at)
    show(json, views.get_rollout(record, name, at_s, colour=colour() and not no_color and json is None), views.form(record, name, at_s))


@list_app.command("rollouts")
def list_rollouts(scenario: One, at: At, seed: Seed = None, set_: Sets = None, json: Json = None) -> None:
    """List the Rollouts at a moment. Example: rolloutsim list rollouts SCENARIO --at 42s"""
    from rolloutsim import views

    record, at_s = simulated(scenario, seed, set_), instant(at)
    show(json, views.list_rollouts(record, at_s), [views.form(record, record.header.rollout, at_s)])


@app.command()
def status(name: str, scenario: One, at: At, seed: Seed = None, set_: Sets = None, json: Json = None) -> None:
    """Print the plugin's status line at a moment. Example: rolloutsim status NAME SCENARIO --at 42s"""
    from rolloutsim import views

    record, at_s = simulated(scenario, seed, set_), instant(at)
    printed, error, code = views.status_line(record, name, at_s)
    show(json, printed, views.form(record, name, at_s))
    typer.echo(error, nl=False, err=True)
    raise typer.Exit(code)
