"""Files that rolloutsim writes: whole or not at all, and never over something that it did not make."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from rolloutsim.errors import InputError, Place, Problem


def write_text(path: str | Path, text: str, *, ours: Callable[[str], bool] | None = None) -> None:
    """Write a text file; an existing one is replaced only if `ours` says that rolloutsim made it. InputError otherwise."""
    target = Path(path)
    if target.is_dir():
        raise InputError([Problem(Place(str(path)), "a folder", "a file is written here", "Name a file.")])
    if target.exists() and (ours is None or not _is_ours(target, ours)):
        raise InputError([Problem(Place(str(path)), "an existing file", "what a user made is never overwritten", "Name another file, or remove it.")])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        os.replace(file.name, target)
    except OSError as error:
        raise InputError([Problem(Place(str(path)), str(error), "it cannot be written", "Check the folder and its permissions.")]) from error


def _is_ours(path: Path, ours: Callable[[str], bool]) -> bool:
    try:
        return ours(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False
