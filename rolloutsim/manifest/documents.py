"""YAML documents as plain data that remembers where each value stands.

PyYAML's composer gives the nodes with their lines; YAML 1.1 as Kubernetes reads it, but timestamps and sexagesimals stay text. Whatever could
hurt is refused with its place: foreign tags, duplicate keys, aliases that explode, deep nesting, numbers that are not finite.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rolloutsim.errors import Place, Problem, printable

LARGEST_FILE_BYTES, MOST_NODES, DEEPEST = 5_000_000, 200_000, 64
LONGEST_NAME = 400
LONGEST_LINE = 2_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT, _TAG = "tag:yaml.org,2002:str", "tag:yaml.org,2002:"
_CONSTRUCT = yaml.constructor.SafeConstructor()
_GO_WORDS = {"y": True, "Y": True, "n": False, "N": False}
_GO_OCTAL = re.compile(r"[+-]?0[oO][0-7]+")
_GO_FLOAT = re.compile(r"[+-]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][+-]?\d+)?")
_FIRST_OF_GO = tuple("yYnN+-.0123456789")


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: `data` is plain JSON-like data, `lines` maps the YAML path of every value to (line, column), both from 1."""

    file: str
    data: Any
    lines: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    source: tuple[str, ...] = ()

    def place(self, path: str = "") -> Place:
        """Where a path stands, or the nearest place above it that exists."""
        known = path
        while known and known not in self.lines:
            known = _parent(known)
        line, column = self.lines.get(known, (1, 1))
        return Place(self.file, line, path, column, _line(self.source, line - 1))

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)


class Origin(NamedTuple):
    """Where an object came from: its document, its YAML path in it ("" or `items[2].`), and its data."""

    document: Document
    prefix: str
    data: Any

    def place(self, path: str = "") -> Place:
        """Where a value of the object stands."""
        return self.document.place(self.prefix + path)


def objects_of(document: Document) -> list[Origin]:
    """The objects of a document: itself, or the items of a List."""
    data = document.data
    if isinstance(data, dict) and data.get("kind") == "List" and isinstance(data.get("items"), list):
        return [Origin(document, f"items[{i}].", item) for i, item in enumerate(data["items"]) if isinstance(item, dict)]
    return [Origin(document, "", data)]


def _parent(path: str) -> str:
    cut = max(path.rfind("."), path.rfind("["))
    return path[:cut] if cut > 0 else ""


def _line(source: tuple[str, ...], index: int) -> str:
    """A line as written; a very long one only as far as a message could use it."""
    return source[index][:LONGEST_LINE] if 0 <= index < len(source) else ""


def shown(value: object, longest: int = 80) -> str:
    """A value for a message: short, and without control characters that a terminal would obey."""
    text = value if isinstance(value, str) else repr(value)
    text = printable(text)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def read_text(path: str | Path, problems: list[Problem], largest_bytes: int = LARGEST_FILE_BYTES) -> str | None:
    """The text of a file ("-": standard input); a problem if it is missing, a folder, binary or too large."""
    name = str(path)

    def refuse(found: str, remedy: str) -> str | None:
        problems.append(Problem(Place(shown(name, LONGEST_NAME)), found, "a readable text file in UTF-8 is needed", remedy))
        return None

    try:
        data = sys.stdin.buffer.read(largest_bytes + 1) if name == "-" else _read_bytes(Path(path), largest_bytes)
    except FileNotFoundError:
        return refuse("no such file", "Check the name and the folder it is relative to.")
    except IsADirectoryError:
        return refuse("this is a folder", "Name a file in it.")
    except (OSError, ValueError) as error:
        return refuse(f"cannot be read ({shown(str(error))})", "Check its permissions and its name.")
    if len(data) > largest_bytes:
        return refuse(f"larger than {largest_bytes:,} bytes", "Leave out what is not needed.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return refuse("binary data, or another encoding", "Save it as UTF-8.")
    if "\0" in text:
        return refuse("binary data", "Name a YAML file.")
    return text


def _read_bytes(path: Path, largest_bytes: int) -> bytes:
    if path.is_dir():
        raise IsADirectoryError
    with path.open("rb") as file:
        return file.read(largest_bytes + 1)


def parse(file: str, text: str, problems: list[Problem]) -> list[Document]:
    """The non-empty documents of a YAML text; what is wrong with it is added to `problems`."""
    source = tuple(text.splitlines())
    documents: list[Document] = []
    try:
        for root in yaml.compose_all(text, Loader=_Loader):
            reader = _Reader(file, source, problems)
            data = reader.read(root, "", 0, has_aliases="&" in text)
            if data is not None:
                documents.append(Document(file, data, reader.lines, source))
    except RecursionError:
        problems.append(Problem(Place(file), "nested too deeply to read", f"at most {DEEPEST} levels", "Flatten it."))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        at = Place(file, line, "", mark.column + 1 if mark else None, _line(source, mark.line) if mark else "")
        tab = mark is not None and mark.line < len(source) and "\t" in source[mark.line]
        remedy = "Indent with spaces, never with tabs." if tab else "Mend the YAML syntax there."
        problems.append(Problem(at, shown(error.problem or "unreadable"), "this is not valid YAML", remedy))
    except (yaml.YAMLError, ValueError) as error:
        problems.append(Problem(Place(file), shown(str(error).splitlines()[0]), "this is not valid YAML", "Mend the YAML syntax."))
    return documents


def _as_go_reads(text: str) -> str | bool | int | float:
    """Plain text that is more than text to kubectl's parser and not to PyYAML: y and n, 1e3, 08, 0o17 (sigs.k8s.io/yaml, goyaml.v2/resolve.go)."""
    if text in _GO_WORDS:
        return _GO_WORDS[text]
    if _GO_OCTAL.fullmatch(text):
        return int(text.replace("o", "").replace("O", ""), 8)
    if _GO_FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


class _TooMuch(Exception):
    pass


_TOO_MANY = ("more values than can be meant, once its aliases are written out", f"at most {MOST_NODES:,} values in a document")


def _written_out(node: yaml.Node, known: dict[int, int], depth: int = 0) -> int:
    """How many values a node has once its aliases are written out; 0 for what contains itself or is too deep, which is refused elsewhere."""
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in known:
        known[id(node)] = 0
        below = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        known[id(node)] = 1 + sum(_written_out(part, known, depth + 1) for part in below) if depth <= DEEPEST else 0
    return known[id(node)]


class _Reader:
    """Turns one document's nodes into data and remembers their lines."""

    def __init__(self, file: str, source: tuple[str, ...], problems: list[Problem]) -> None:
        self.file, self.source, self.problems = file, source, problems
        self.lines: dict[str, tuple[int, int]] = {}
        self._count = 0

    def read(self, root: yaml.Node, path: str, depth: int, *, has_aliases: bool = True) -> Any:
        try:
            if has_aliases and _written_out(root, {}) > MOST_NODES:  # known before anything is written out
                raise _TooMuch(*_TOO_MANY)
            return self._value(root, path, depth)
        except _TooMuch as refused:
            found, rule = refused.args
            self._refuse(root, "", found, rule, "Write it out without aliases, or split it.")
            return None

    def _refuse(self, node: yaml.Node, path: str, found: str, rule: str, remedy: str) -> None:
        line = node.start_mark.line
        at = Place(self.file, line + 1, shown(path, 200), node.start_mark.column + 1, _line(self.source, line))
        self.problems.append(Problem(at, found, rule, remedy))

    def _value(self, node: yaml.Node, path: str, depth: int) -> Any:
        self._count += 1
        if self._count > MOST_NODES:
            raise _TooMuch(*_TOO_MANY)
        if depth > DEEPEST:
            raise _TooMuch("nested too deeply, or an alias that contains itself", f"at most {DEEPEST} levels")
        self.lines.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.CollectionNode) and node.tag not in (_TAG + "map", _TAG + "seq"):
            self._refuse(node, path, f"the tag {shown(node.tag)}", "only plain YAML values are read", "Remove the tag.")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                parts = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for part in parts:
                    data = self._value(part, path, depth + 1)
                    for key, value in data.items() if isinstance(data, dict) else ():
                        merged.setdefault(key, value)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, path, "a key that is a list or a mapping", "keys are plain text", "Name the key.")
                continue
            key = str(key_node.value)
            below = f"{path}.{key}" if path else key
            if key in found:
                rule = "a key stands once in a mapping: Kubernetes would keep only the last"
                self._refuse(key_node, below, f"the key {shown(key)} a second time", rule, "Remove one of the two.")
                continue
            self.lines[below] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            found[key] = self._value(value_node, below, depth + 1)
        return {**merged, **found}

    def _scalar(self, node: yaml.ScalarNode, path: str) -> Any:
        kind, text = node.tag.removeprefix(_TAG), str(node.value)
        if kind == "str" and not node.style and text[:1] in _FIRST_OF_GO:
            return _as_go_reads(text)
        if kind in ("str", "timestamp") or (kind in ("int", "float") and ":" in text):
            return text
        if node.tag == "!" or kind not in ("null", "bool", "int", "float"):
            self._refuse(node, path, f"the tag {shown(node.tag)}", "only plain YAML values are read", "Remove the tag.")
            return None
        try:
            value = _CONSTRUCT.construct_object(node)
        except (ValueError, yaml.YAMLError):
            return text
        if isinstance(value, float) and not math.isfinite(value):
            self._refuse(node, path, f"the number {shown(text)}", "numbers are finite", "Give a finite number.")
            return None
        return value
