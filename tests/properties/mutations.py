"""YAML documents changed at random as people, templates and attackers change them: by structure first, then as text.

`mutated(chance, documents)` gives the text; the same `random.Random` state gives the same text.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from typing import Any

import yaml

Tree = Any
NASTY_TEXTS = (
    "", " ", "x", "0", "25", "25%", "-5", "5s", "-5s", "1d", "1e999", "true", "null", "~", "{{args.x}}", "{{ .Values.x }}", "${X}", "../../etc/passwd",
    "\u202eevil", "a\u2066b\u2069", "\x1b[31mred\x1b[0m", "\x07bell", "\x9b2J", "a\rb", "a\nb", "tab\there", "é" * 70, "名前", "😀", "\ufeffbom", "\u2028",
    "a" * 5000, "' or 1=1", "%s%n", "<script>", "::error::x", "\ud7ff", "k: v", "- a", "#c", "&a", "*a", "!t", "|", ">", "[", "{",
)  # fmt: skip
NASTY_NUMBERS = (0, 1, -1, 2, 3, 100, 101, 2**31 - 1, 2**31, -(2**31), 2**53, 2**63, -(2**63), 10**30, 0.5, 1.5, -0.0, 1e-300, 1e300, 12.0)
NASTY: tuple[Tree, ...] = (None, True, False, [], {}, [[]], [None], {"": None}, {"a": 1}, ["a", 1], *NASTY_TEXTS, *NASTY_NUMBERS)


class _Plain(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes what stands twice a second time, instead of an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _places(tree: Tree) -> list[tuple[Tree, Any]]:
    """Every (container, key) in a tree, `kind` and `apiVersion` at its root left out."""
    found: list[tuple[Tree, Any]] = []
    stack = [(tree, True)]
    while stack:
        at, is_root = stack.pop()
        for key in list(at) if isinstance(at, dict) else range(len(at)):
            if not (is_root and key in ("kind", "apiVersion")):
                found.append((at, key))
            if isinstance(at[key], dict | list):
                stack.append((at[key], False))
    return found


# --- of structure --------------------------------------------------------------------------------------------------------------------


def swap_type(chance: random.Random, at: Tree, key: Any) -> None:
    at[key] = copy.deepcopy(chance.choice(NASTY))


def remove(chance: random.Random, at: Tree, key: Any) -> None:
    del at[key]


def wrap(chance: random.Random, at: Tree, key: Any) -> None:
    at[key] = [at[key]] if chance.random() < 0.5 else {str(key): at[key]}


def unwrap(chance: random.Random, at: Tree, key: Any) -> None:
    inner = at[key]
    if isinstance(inner, dict | list) and inner:
        at[key] = inner[chance.choice(list(inner)) if isinstance(inner, dict) else 0]


def misspell(chance: random.Random, at: Tree, key: Any) -> None:
    if isinstance(at, dict):
        name = str(key)
        changes = [name + "s", name[:-1], name.upper(), name.swapcase(), f" {name}", name.replace("e", "\u0435"), chance.choice(NASTY_TEXTS)]
        at[chance.choice(changes)] = at.pop(key)


def repeat(chance: random.Random, at: Tree, key: Any) -> None:
    if isinstance(at, list):
        at.extend(copy.deepcopy(at[key]) for _ in range(chance.choice([1, 1, 2, 50])))
    else:
        at[f"{key}2"] = copy.deepcopy(at[key])


def as_text(chance: random.Random, at: Tree, key: Any) -> None:
    if isinstance(at[key], int | float | bool):
        at[key] = f"{at[key]}{chance.choice(['', '%', 's', ' '])}"
    elif isinstance(at[key], str) and at[key].lstrip("-").isdigit():
        at[key] = int(at[key])


def nudge(chance: random.Random, at: Tree, key: Any) -> None:
    if isinstance(at[key], int) and not isinstance(at[key], bool):
        at[key] = chance.choice([at[key] + 1, at[key] - 1, -at[key], at[key] * 10, at[key] * 1000, *NASTY_NUMBERS])


def nest(chance: random.Random, at: Tree, key: Any) -> None:
    for _ in range(chance.choice([3, 30, 60, 70])):
        at[key] = {"a": at[key]} if chance.random() < 0.5 else [at[key]]


def dirty(chance: random.Random, at: Tree, key: Any) -> None:
    """Control and direction characters in the middle of a text, above all a name."""
    if isinstance(at[key], str):
        cut = chance.randrange(len(at[key]) + 1)
        at[key] = at[key][:cut] + chance.choice(NASTY_TEXTS) + at[key][cut:]


OF_STRUCTURE: Sequence[Callable[[random.Random, Tree, Any], None]] = (
    swap_type, swap_type, swap_type, remove, remove, wrap, unwrap, misspell, repeat, as_text, nudge, nudge, nest, dirty, dirty,
)  # fmt: skip


# --- of text -------------------------------------------------------------------------------------------------------------------------


def _cut(chance: random.Random, text: str) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _insert(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return (
        text[:at]
        + chance.choice([*NASTY_TEXTS, "\t", "\x00", "---\n", "...\n", "\n\n---\n\n", "&a ", "*a ", "<<: *a\n", "!!binary ", "!x "])
        + text[at:]
    )


def _double_key(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    return "\n".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])


def _drop_line(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    del lines[chance.randrange(len(lines))]
    return "\n".join(lines)


def _indent(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    lines[at] = chance.choice(["\t", " ", "  "]) + lines[at]
    return "\n".join(lines)


def _laughs(chance: random.Random, text: str) -> str:
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]" for i in range(chance.choice([3, 3, 4, 5, 12]))]
    return "\n".join(["kind: Laughs", "apiVersion: v1", *levels, "---", text])


def _deep(chance: random.Random, text: str) -> str:
    n = chance.choice([60, 70, 1_000, 20_000])
    return f"kind: Deep\napiVersion: v1\nspec: {'[' * n}{']' * n}\n---\n{text}"


def _own_tail(chance: random.Random, text: str) -> str:
    return "kind: Tail\napiVersion: v1\nmetadata: {name: a}\nspec: &a\n  of: *a\n---\n" + text


def _merge(chance: random.Random, text: str) -> str:
    return "kind: ConfigMap\napiVersion: v1\nmetadata: &m {name: a}\ndata:\n  <<: [*m, *m, {b: c}]\n---\n" + text


def _windows(chance: random.Random, text: str) -> str:
    return text.replace("\n", "\r\n")


def _bom(chance: random.Random, text: str) -> str:
    return "\ufeff" + text


def _empty_documents(chance: random.Random, text: str) -> str:
    return "---\n---\n# nothing\n---\nnull\n---\n" + text + "\n---\n"


def _non_finite(chance: random.Random, text: str) -> str:
    word = chance.choice([".nan", ".inf", "-.inf", "0x7fffffffffffffff", "1_000", "0o17", "017", "1:30", "2026-01-01", "yes", "Off", "=", "<<"])
    at = text.find(": ", chance.randrange(len(text) + 1))
    end = text.find("\n", at)
    return text if at < 0 or end < 0 else text[: at + 2] + word + text[end:]


OF_TEXT: Sequence[Callable[[random.Random, str], str]] = (
    _cut, _insert, _insert, _double_key, _drop_line, _indent, _laughs, _deep, _own_tail, _merge, _windows, _bom, _empty_documents, _non_finite, _non_finite,
)  # fmt: skip


def mutated(chance: random.Random, documents: Sequence[Tree]) -> str:
    """The text of some documents after one to four changes of structure, and in every third case one or two of the text."""
    trees = copy.deepcopy(list(documents))
    for _ in range(chance.choice([0, 1, 1, 1, 2, 2, 3, 4])):
        places = _places(trees)
        if places:
            chance.choice(OF_STRUCTURE)(chance, *chance.choice(places))
    deed = chance.random()
    if deed < 0.1 and all(isinstance(tree, dict) for tree in trees):
        trees = [{"apiVersion": "v1", "kind": "List", "items": trees}]
    elif deed < 0.15:
        trees += copy.deepcopy(trees)
    elif deed < 0.2:
        chance.shuffle(trees)
    flow = chance.choice([False, False, False, None, True])
    text = str(yaml.dump_all(trees, Dumper=_Plain, sort_keys=False, allow_unicode=chance.random() < 0.8, default_flow_style=flow, width=1000))
    if chance.random() < 0.35:
        for _ in range(chance.choice([1, 1, 2])):
            text = chance.choice(OF_TEXT)(chance, text)
    return text


def dressed(chance: random.Random, documents: Sequence[Tree]) -> str:
    """The same objects written differently: nothing of what they mean has changed."""
    trees = [_shuffled(chance, tree) for tree in documents]
    if chance.random() < 0.3:
        trees = [{"kind": "List", "apiVersion": "v1", "items": trees}]
    if chance.random() < 0.3:
        trees.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "beside"}, "data": {"a": "b"}})
    flow = chance.choice([False, None, True])
    text = str(yaml.dump_all(trees, Dumper=_Plain, sort_keys=False, allow_unicode=True, default_flow_style=flow, explicit_start=True))
    for deed in (_empty_documents, _windows, _bom):
        if chance.random() < 0.25:
            text = deed(chance, text)
    return text


def _shuffled(chance: random.Random, tree: Tree) -> Tree:
    """Mappings with their keys in another order."""
    if isinstance(tree, dict):
        keys = list(tree)
        chance.shuffle(keys)
        return {key: _shuffled(chance, tree[key]) for key in keys}
    return [_shuffled(chance, item) for item in tree] if isinstance(tree, list) else tree
