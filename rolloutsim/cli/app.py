"""The application, its exit codes, and the arguments that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

OK, FAILED, WRONG, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130

COMMANDS = ("run", "plan", "explain", "check", "split", "get", "list", "status", "replay", "init", "schema")
"""The order in which --help lists them: what is asked for most comes first."""


class Ordered(TyperGroup):
    """Commands in the order of COMMANDS."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names."""
        return sorted(super().list_commands(ctx), key=COMMANDS.index)


app = typer.Typer(
    cls=Ordered,
    name="rolloutsim",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Simulate an Argo Rollouts release before you apply it.",
)
get_app = typer.Typer(no_args_is_help=True, help="Views of the kubectl plugin at a moment of the simulation.")
list_app = typer.Typer(no_args_is_help=True, help="Lists of the kubectl plugin at a moment of the simulation.")
app.add_typer(get_app, name="get")
app.add_typer(list_app, name="list")

Scenarios = Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="A folder with a scenario.yaml, files, or - for standard input.")]
One = Annotated[list[str], typer.Argument(metavar="SCENARIO", help="A folder with a scenario.yaml, files, or - for standard input.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of all chance; the same seed gives the same bytes.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a value, e.g. Rollout:spec.replicas=5.")]
Json = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write JSON to a file, or to standard output with -.")]
At = Annotated[str, typer.Option("--at", metavar="TIME", help="The moment, from the start: 42s, 1m30s.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="Without colours.")]
