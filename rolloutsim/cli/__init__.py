"""The command line: arguments in, text and exit codes out, nothing else. One module a command; each adds itself to the application."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import typer

from rolloutsim.cli import authoring, check, explain, plan, replay, run, split, views  # noqa: F401
from rolloutsim.cli.app import FAILED, INTERRUPTED, OK, UNDECIDED, WRONG, app
from rolloutsim.errors import InputError, Livelock, Refused, RolloutsimError, Undecided, printable


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
    except Livelock as error:
        typer.echo(f"livelock: {error}. The real controller has such a loop, too: give cluster.controllerPass some time.", err=True)
        return WRONG
    except RolloutsimError as error:
        typer.echo(f"Error: {error}. This is a defect of rolloutsim: please report the scenario and its seed.", err=True)
        return FAILED
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        typer.echo(f"Error: {_defect(error)}. This is a defect of rolloutsim: please report it with the input.", err=True)
        return FAILED
    return OK


def _defect(error: Exception) -> str:
    """What went wrong, and where."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "rolloutsim" in frame.filename] or frames
    where = f"{'/'.join(own[-1].filename.split(os.sep)[-2:])}:{own[-1].lineno}" if own else "no known place"
    return printable(f"{type(error).__name__} in {where}: {error}"[:300])
