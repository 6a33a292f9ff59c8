"""Read a scenario with its manifests: `load_scenario(paths)`; all problems of all files are raised at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rolloutsim.errors import InputError, Place, Problem
from rolloutsim.manifest.bundle import Manifests, bundle, read_manifests
from rolloutsim.manifest.documents import Document, parse, read_text, shown
from rolloutsim.manifest.overrides import apply_overrides
from rolloutsim.manifest.scenario_checks import check_scenario
from rolloutsim.manifest.trace_file import with_traces
from rolloutsim.scenario import Scenario, ScenarioSpec

API_VERSION = "rolloutsim.dev/v1alpha1"
FILE_NAME = "scenario.yaml"
_WORDS = {
    "missing": ("nothing", "is required here", "Add it."),
    "extra_forbidden": ("an unknown field", "is no field here", "Remove it, or check its spelling."),
    "string_type": (None, "is text", "Quote it."),
    "int_type": (None, "is a whole number", "Give a whole number."),
    "int_parsing": (None, "is a whole number", "Give a whole number."),
    "bool_parsing": (None, "is true or false", "Give true or false."),
    "model_type": (None, "is a mapping", "Give a mapping."),
    "model_attributes_type": (None, "is a mapping", "Give a mapping."),
    "dict_type": (None, "is a mapping", "Give a mapping."),
    "tuple_type": (None, "is a list", "Give a list."),
}


def load_scenario(paths: Sequence[str | Path], overrides: Sequence[str] = (), seed: int | None = None) -> Scenario:
    """A scenario from a folder (its scenario.yaml), a file, several files or "-" (standard input).

    `overrides` are PATH=VALUE as for `--set`. Raises InputError with every problem of every file.
    """
    problems: list[Problem] = []
    documents = _read(paths, problems)
    own = [d for d in documents if _is_scenario(d)]
    if len(own) == 1:
        base = Path(own[0].file).parent if own[0].file != "-" else Path()
        spec = own[0].data.get("spec")
        listed = spec.get("manifests") if isinstance(spec, dict) else None
        names = [str(base / name) for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        documents += read_manifests([n for n in names if n not in {d.file for d in documents}], problems)
    overrides = (*overrides, *([f"seed={seed}"] if seed is not None else []))
    documents = apply_overrides(documents, overrides, problems)
    own = [d for d in documents if _is_scenario(d)]
    manifests = bundle([d for d in documents if not _is_scenario(d)], problems) if documents else None
    scenario = _scenario(own, documents, manifests, paths, problems)
    if scenario is not None:
        scenario = with_traces(scenario, own[0], problems)
    if scenario is not None and manifests is not None:
        check_scenario(scenario, own[0], manifests, problems)
    if problems or scenario is None:
        raise InputError(_unique(problems))
    return scenario.model_copy(update={"paths": tuple(map(str, paths)), "overrides": tuple(overrides)})


def scenario_document(paths: Sequence[str | Path]) -> Document:
    """The document of a scenario that was loaded from some paths; an empty one if it came from standard input."""
    found = [d for d in _read([path for path in paths if str(path) != "-"], []) if _is_scenario(d)]
    return found[0] if found else Document("-", None)


def _unique(problems: Iterable[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))


def _read(paths: Sequence[str | Path], problems: list[Problem]) -> list[Document]:
    documents: list[Document] = []
    for path in paths:
        file = Path(path) / FILE_NAME if str(path) != "-" and Path(path).is_dir() else path
        if file is not path and not Path(file).exists():
            rule = f"a scenario folder holds a {FILE_NAME}"
            problems.append(
                Problem(Place(shown(str(path))), f"no {FILE_NAME} in this folder", rule, f"Write one with: rolloutsim init {shown(str(path))}")
            )
            continue
        text = read_text(file, problems)
        if text is not None:
            found = parse(str(file), text, problems)
            documents.extend(found)
            if not found and not problems:
                problems.append(
                    Problem(Place(str(file)), "an empty file", "a scenario file holds a Scenario", "Write one with: rolloutsim init PATH")
                )
    return documents


def _is_scenario(document: Document) -> bool:
    data = document.data
    return isinstance(data, dict) and (data.get("kind") == "Scenario" or str(data.get("apiVersion", "")).startswith("rolloutsim.dev/"))


def _scenario(
    own: list[Document], documents: list[Document], manifests: Manifests | None, paths: Sequence[str | Path], problems: list[Problem]
) -> Scenario | None:
    if len(own) != 1:
        if documents and not own:
            remedy = f"Write one with: rolloutsim init {shown(str(paths[0]))}"
            problems.append(Problem(Place(documents[0].file), "no Scenario document", f"a run needs one ({API_VERSION}, kind Scenario)", remedy))
        elif own:
            problems.append(Problem(own[1].place("kind"), "a second Scenario", "a run plays exactly one", "Name only one of them."))
        return None
    document, data = own[0], own[0].data
    for key in set(data) - {"apiVersion", "kind", "metadata", "spec"}:
        problems.append(
            Problem(document.place(key), f"the unknown field {shown(key)}", "a Scenario has apiVersion, kind, metadata and spec", "Remove it.")
        )
    if data.get("apiVersion") != API_VERSION:
        problems.append(Problem(document.place("apiVersion"), shown(data.get("apiVersion")), f"apiVersion is {API_VERSION}", "Correct it."))
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not name:
        problems.append(Problem(document.place("metadata.name"), shown(name), "a Scenario has a name", "Add metadata.name."))
        name = "scenario"
    spec = data.get("spec")
    if isinstance(spec, dict):
        spec = {**spec, **{key: [spec[key]] for key in ("traffic", "timeline", "expect") if isinstance(spec.get(key), dict)}}
    try:
        parsed = ScenarioSpec.model_validate(spec if spec is not None else {})
    except ValidationError as error:
        problems.extend(_problems(error, document))
        return None
    return Scenario(name=name, spec=parsed, manifests=manifests, source=" ".join(str(path) for path in paths))


def _problems(error: ValidationError, document: Document) -> Iterable[Problem]:
    seen: set[str] = set()
    for entry in error.errors():
        path = _path(entry["loc"])
        if path in seen:
            continue
        seen.add(path)
        field = path.rpartition(".")[2] or "spec"
        found, rule, remedy = _WORDS.get(entry["type"], (None, entry["msg"].removeprefix("Value error, "), "Correct the value."))
        if entry["type"] == "extra_forbidden":
            near = difflib.get_close_matches(field, _siblings(entry["loc"]), n=1)
            remedy = f"Did you mean {near[0]}?" if near else remedy
        value = entry.get("input")
        what = found or (type(value).__name__ if isinstance(value, dict | list) else shown(value))
        yield Problem(document.place(path), what, f"{field} {rule}" if rule.startswith("is ") else f"{field}: {rule}", remedy)


def _path(loc: tuple[int | str, ...]) -> str:
    path = "spec"
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif (part.isidentifier() and part[:1].islower() and part not in ("float", "int", "str") and "function" not in part) or (
            not part[:1].isupper() and "[" not in part and "function" not in part and part not in ("float", "int", "str")
        ):
            path += f".{part}"
    return path


def _siblings(loc: tuple[int | str, ...]) -> list[str]:
    """The field names that would be known where an unknown one stands."""
    model: Any = ScenarioSpec
    for part in loc[:-1]:
        for name, info in getattr(model, "model_fields", {}).items():
            if part in (name, info.alias):
                model = _model_in(info.annotation)
    return [info.alias or name for name, info in getattr(model, "model_fields", {}).items()]


def _model_in(annotation: Any) -> Any:
    from typing import get_args

    if hasattr(annotation, "model_fields"):
        return annotation
    return next((model for arg in get_args(annotation) if (model := _model_in(arg)) is not None), None)
