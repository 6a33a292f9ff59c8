"""Tables as text by rich, of a fixed width and without colour unless asked for."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table


def rendered(table: Table, width: int, *, colour: bool = False) -> str:
    """A table as text; lines carry no trailing blanks."""
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=colour, no_color=not colour, color_system="standard" if colour else None, highlight=False
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"
