"""The command line: arguments in, text and exit codes out, nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from rolloutsim.errors import InputError, Refused, RolloutsimError, Undecided

if TYPE_CHECKING:
    from rolloutsim.errors import Problem
    from rolloutsim.gate import Checked
    from rolloutsim.record import Record

OK, FAILED, WRONG, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130

app = typer.Typer(
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

    record = _simulate(scenario, seed, set_)
    result = Result(record)
    if out is not None:
        from rolloutsim.record_files import save

        save(record, out)
    if json is not None:
        _write_json(json, dumps(run_form(result)))
    if json != "-":
        typer.echo(screen(result, colour=_colour(), all_assumptions=assumptions), nl=False)


@get_app.command("rollout")
def get_rollout(name: str, scenario: One, at: At, seed: Seed = None, set_: Sets = None, json: Json = None, no_color: NoColor = False) -> None:
    """Print the plugin's view of a Rollout at a moment. Example: rolloutsim get rollout NAME SCENARIO --at 42s"""
    from rolloutsim import views

    record, at_s = _simulate(scenario, seed, set_), _instant(at)
    _show(json, views.get_rollout(record, name, at_s, colour=_colour() and not no_color and json is None), views.form(record, name, at_s))


@list_app.command("rollouts")
def list_rollouts(scenario: One, at: At, seed: Seed = None, set_: Sets = None, json: Json = None) -> None:
    """List the Rollouts at a moment. Example: rolloutsim list rollouts SCENARIO --at 42s"""
    from rolloutsim import views

    record, at_s = _simulate(scenario, seed, set_), _instant(at)
    _show(json, views.list_rollouts(record, at_s), [views.form(record, record.header.rollout, at_s)])


@app.command()
def status(name: str, scenario: One, at: At, seed: Seed = None, set_: Sets = None, json: Json = None) -> None:
    """Print the plugin's status line at a moment. Example: rolloutsim status NAME SCENARIO --at 42s"""
    from rolloutsim import views

    record, at_s = _simulate(scenario, seed, set_), _instant(at)
    printed, error, code = views.status_line(record, name, at_s)
    _show(json, printed, views.form(record, name, at_s))
    typer.echo(error, nl=False, err=True)
    raise typer.Exit(code)


@app.command()
def check(
    scenario: Scenarios,
    seed: Seed = None,
    set_: Sets = None,
    json: Json = None,
    baseline: Annotated[str | None, typer.Option("--baseline", metavar="FILE", help="Figures that must not get worse.")] = None,
    update_baseline: Annotated[bool, typer.Option("--update-baseline", help="Write the baseline instead of comparing.")] = False,
    junit: Annotated[str | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
) -> None:
    """Hold scenarios to their expectations, for CI. Example: rolloutsim check scenarios/* --junit report.xml"""
    from rolloutsim import gate
    from rolloutsim.files import write_text
    from rolloutsim.report.json_form import check_form, dumps
    from rolloutsim.report.junit import junit as junit_text

    if update_baseline and baseline is None:
        _usage("--update-baseline needs --baseline FILE")
    before = gate.read_baseline(baseline) if baseline is not None and not update_baseline else None
    loaded = _load_all(scenario, seed, set_)
    from rolloutsim.simulate import simulate

    records = [simulate(one) for one in loaded]
    checked = [gate.check(record, one.spec.expect, before) for record, one in zip(records, loaded, strict=True)]
    if update_baseline and baseline is not None:
        write_text(baseline, gate.baseline_text(records), ours=lambda text: gate.BASELINE_KIND in text)
    if junit is not None:
        write_text(junit, junit_text(checked), ours=lambda text: '<testsuites name="rolloutsim"' in text)
    if json is not None:
        forms = [{"scenario": c.scenario, **check_form(c)} for c in checked]
        _write_json(json, dumps(check_form(checked[0]) if len(checked) == 1 else forms))
    if json != "-":
        typer.echo("".join(_check_lines(c) for c in checked), nl=False)
    verdicts = [c.passed for c in checked]
    raise typer.Exit(FAILED if False in verdicts else UNDECIDED if None in verdicts else OK)


def _check_lines(checked: Checked) -> str:
    from rolloutsim.report.junit import describe

    words = {True: "ok", False: "FAILED", None: "undecided"}
    lines = [f"{checked.scenario}: {words[checked.passed]}"]
    lines += [f"  {words[e.passed]:<9} {e.name}: {describe(e)}" for e in checked.expectations]
    lines += [
        f"  FAILED    worse than the baseline: {r.name} {r.found:g} {r.unit}, was {r.baseline:g} (+{r.tolerance:g})" for r in checked.regressions
    ]
    return "\n".join(lines) + "\n"


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
        _write_json(json, dumps(replay_form(outcomes)))
    if json != "-":
        typer.echo(replay_text(outcomes), nl=False)
    raise typer.Exit(OK if all(o.agrees for o in outcomes) else FAILED)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the scenario file, for editors. Example: rolloutsim schema > scenario.schema.json"""
    from rolloutsim.manifest.schema import scenario_schema
    from rolloutsim.report.json_form import dumps

    typer.echo(dumps(scenario_schema()), nl=False)


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


# --- shared --------------------------------------------------------------------------------------------------------------------------


def _simulate(paths: list[str], seed: int | None, overrides: list[str] | None) -> Record:
    from rolloutsim.manifest.scenario_file import load_scenario
    from rolloutsim.simulate import simulate

    scenario = load_scenario(paths, overrides or (), seed)
    for ignored in scenario.objects.ignored:
        note = f": {ignored.note}" if ignored.note else ""
        typer.echo(f"note: {ignored.place}: {ignored.kind} {ignored.name} plays no part{note}", err=True)
    return simulate(scenario)


def _load_all(paths: list[str], seed: int | None, overrides: list[str] | None) -> list[Any]:
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


def _instant(text: str) -> float:
    from rolloutsim.errors import Place, Problem
    from rolloutsim.quantities import parse_duration

    try:
        return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(float(text) if text.replace(".", "", 1).isdigit() else text)
    except ValueError as error:
        raise InputError([Problem(Place("--at"), text, f"a moment is a duration from the start ({error})", "For example --at 42s.")]) from error


def _write_json(path: str, text: str) -> None:
    from rolloutsim.files import write_text

    if path == "-":
        sys.stdout.write(text)
    else:
        write_text(path, text, ours=_is_our_json)


def _show(path: str | None, text: str, form: Any) -> None:
    """Print a view, and write its JSON form if asked; with standard output as the file nothing else is printed there."""
    from rolloutsim.report.json_form import dumps

    if path is not None:
        _write_json(path, dumps(form))
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
    return isinstance(first, dict) and (bool({"shares", "expectations", "agreeing", "rollout"} & set(first)))


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _usage(text: str) -> NoReturn:
    typer.echo(f"Error: {text}", err=True)
    raise typer.Exit(WRONG)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every way out has its promised exit code."""
    sys.exit(_guarded(lambda: app(args=arguments, standalone_mode=True)))


def _guarded(command: Callable[[], None]) -> int:
    try:
        command()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else WRONG
    except InputError as error:
        n = len(error.problems)
        typer.echo(f"{error}\n{n} problem{'s' if n != 1 else ''}", err=True)
        return WRONG
    except Undecided as error:
        typer.echo(f"undecided: {error}", err=True)
        return UNDECIDED
    except Refused as error:
        typer.echo(f"Error: {error}", err=True)
        return FAILED
    except RolloutsimError as error:
        typer.echo(f"Error: {error}. This is a defect of rolloutsim: please report the scenario and its seed.", err=True)
        return FAILED
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return OK
