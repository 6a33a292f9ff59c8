"""`rolloutsim plan`: what the manifests alone say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rolloutsim.cli.app import FAILED, OK, Json, app
from rolloutsim.cli.output import colour, columns, usage, write_json
from rolloutsim.errors import printable

if TYPE_CHECKING:
    from rolloutsim.planning import Skipped


@app.command()
def plan(
    path: Annotated[list[str], typer.Argument(metavar="PATH...", help="Manifests: files, folders, or - for kustomize and Helm output.")],
    json: Json = None,
    sarif: Annotated[str | None, typer.Option("--sarif", metavar="FILE", help="Write SARIF 2.1.0, for code scanning.")] = None,
    github: Annotated[bool, typer.Option("--github", help="Print annotations for GitHub Actions instead of the screen.")] = False,
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help="What is printed: text, json, sarif or github.")] = "text",
    tolerance: Annotated[float, typer.Option("--tolerance", min=0, max=100, help="Points by which a share may miss its setWeight.")] = 5.0,
    all_: Annotated[bool, typer.Option("--all", help="Write out every finding, however many.")] = False,
) -> None:
    """Say what the manifests alone tell: refused, invalid, weights out of reach, traps. Example: kustomize build . | rolloutsim plan -"""
    from rolloutsim.planning import plan as plan_of
    from rolloutsim.report.json_form import dumps

    if format_ not in ("text", "json", "sarif", "github"):
        usage(f"--format is text, json, sarif or github, not {format_}")
    found = plan_of(path, tolerance_pp=tolerance)
    if sarif is not None or format_ == "sarif":
        from rolloutsim.report.plan_sarif import plan_sarif

        write_json(sarif or "-", dumps(plan_sarif(found)))
    if json is not None or format_ == "json":
        write_json(json or "-", dumps(found.to_dict()))
    if json != "-" and sarif != "-" and format_ in ("text", "github"):
        if github or format_ == "github":
            from rolloutsim.report.plan_github import plan_annotations

            typer.echo(plan_annotations(found), nl=False)
        else:
            from rolloutsim.report.plan_screen import WIDTH, Paper, plan_screen

            typer.echo(plan_screen(found, Paper(columns(WIDTH), colour(), all_)), nl=False)
    for line in skipped_lines(found.skipped):
        typer.echo(line, err=True)
    raise typer.Exit(OK if found.holds else FAILED)


NAMED = 3
"""So many places of what was skipped for one reason are named."""


def skipped_lines(skipped: Sequence[Skipped]) -> Iterator[str]:
    """A note for each reason, with the first places."""
    reasons: dict[str, list[str]] = {}
    for one in skipped:
        reasons.setdefault(one.why, []).append(printable(f"{one.place.file}:{one.place.line}"))
    for why, places in reasons.items():
        more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
        yield f"note: skipped {', '.join(places[:NAMED])}{more}: {why}"
