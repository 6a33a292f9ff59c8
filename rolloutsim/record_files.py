"""Save a record into a folder and load it again: JSON lines for what happened, NumPy columns for the requests."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from rolloutsim.errors import InputError, Place, Problem
from rolloutsim.record import Header, Record, Requests, Tallies

FORMAT = "rolloutsim record 1"


def save(record: Record, folder: str | Path) -> None:
    """Write a record into a new or empty folder; InputError if the folder holds anything."""
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        rule = "what a user made is never overwritten"
        raise InputError([Problem(Place(str(folder)), "an existing file, or a folder with files", rule, "Name a new folder.")])
    target.mkdir(parents=True, exist_ok=True)
    head = {
        "format": FORMAT,
        "header": asdict(record.header),
        "end_s": record.end_s,
        "loops": [loop._asdict() for loop in record.loops],
        "assumptions": [a._asdict() for a in record.assumptions],
    }
    _write(target / "record.json", json.dumps(head, indent=2, sort_keys=True) + "\n")
    changes = ({"t_s": c.t_s, "kind": c.kind, "name": c.name, "object": _plain(c.object)} for c in record.changes)
    _write(target / "changes.jsonl", "".join(_line(change) for change in changes))
    _write(target / "events.jsonl", "".join(_line({"t_s": h.t_s, **asdict(h.event)}) for h in record.events))
    _write(target / "deeds.jsonl", "".join(_line(deed._asdict()) for deed in record.deeds))
    _write(
        target / "routings.jsonl",
        "".join(_line({"t_s": r.t_s, "since_s": r.since_s, "stream": r.stream, **asdict(r.route)}) for r in record.routings),
    )
    for name, traffic in sorted(record.traffic.items()):
        for field in fields(traffic):
            column = getattr(traffic, field.name)
            if field.name != "stream" and column is not None:
                np.save(target / f"{name}.{field.name}.npy", column)


def load_header(folder: str | Path) -> Header:
    """The header of a saved record; InputError if the folder holds none."""
    try:
        head = json.loads(Path(folder, "record.json").read_text(encoding="utf-8"))
        if head["format"] != FORMAT:
            raise KeyError("format")
        return Header(**{**head["header"], "versions": tuple(tuple(v) for v in head["header"]["versions"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError([Problem(Place(str(folder)), "no saved record", f"a folder written by --out ({error})", "Name another folder.")]) from error


def load_traffic(folder: str | Path, stream: str) -> Requests | Tallies:
    """The requests of one stream of a saved record."""
    found = {f.name.split(".")[-2]: np.load(f) for f in sorted(Path(folder).glob(f"{stream}.*.npy"))}
    return Tallies(stream, **found) if "requests" in found else Requests(stream, **found)


def _plain(obj: Any) -> Any:
    return None if obj is None else asdict(obj)


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, default=dict) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
