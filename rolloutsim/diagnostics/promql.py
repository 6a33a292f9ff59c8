"""As much of a PromQL query as its traps need: selectors with their windows, functions, and what is divided by what.

It reads the text into tokens and splits it at operators outside brackets; it is no evaluator. Source: Prometheus, querying basics and operators.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<range>\[[^\]]*\])
    |(?P<number>(?:0x[0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)(?:ms|[smhdwy])?)
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<op>=~|!~|!=|==|>=|<=|[-+*/%^(){},=<>@])""",
    re.VERBOSE,
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_WORDS = frozenset(["by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "and", "or", "unless"])
_COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
Token = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric with its label matchers (label -> operator and text) and the window behind it in seconds (None: an instant)."""

    metric: str
    matchers: Mapping[str, tuple[str, str]]
    window_s: float | None

    @property
    def labels(self) -> str:
        """All that its matchers ask for, as one text."""
        return " ".join(f"{label}{text}" for label, (_, text) in self.matchers.items())


@dataclass(frozen=True, slots=True)
class Query:
    """A query: its selectors, its function names, and its two sides if it is one division (`scale` is the factor before or behind it)."""

    selectors: tuple[Selector, ...]
    functions: frozenset[str]
    has_fallback: bool
    is_scalar: bool
    numerator: tuple[Selector, ...] = ()
    denominator: tuple[Selector, ...] = ()
    scale: float = 1.0
    is_guarded: bool = False

    @property
    def is_division(self) -> bool:
        """Whether it divides measured values by measured values."""
        return bool(self.numerator) and bool(self.denominator)

    @property
    def is_share(self) -> bool:
        """Whether it is a part of a whole: one metric over the same with fewer matchers, so that it lies between 0 and `scale`."""
        if len(self.numerator) != 1 or len(self.denominator) != 1:
            return False
        part, whole = self.numerator[0], self.denominator[0]
        return part.metric == whole.metric and dict(whole.matchers).items() <= dict(part.matchers).items()

    @property
    def longest_window_s(self) -> float | None:
        """The longest window that it looks back."""
        return max((s.window_s for s in self.selectors if s.window_s is not None), default=None)


@lru_cache(maxsize=512)
def query_of(text: str) -> Query | None:
    """A query read from its text; None if it is no PromQL (or still has something to be put in)."""
    tokens = _tokens(text)
    if not tokens or "{{" in text:
        return None
    selectors = _selectors(tokens)
    functions = frozenset(
        name
        for (kind, name), (_, after) in zip(tokens, [*tokens[1:], ("", "")], strict=True)
        if kind == "name" and name not in _WORDS and after in ("(", "by", "without")
    )
    has_fallback = any(token == ("name", "or") for token in tokens)
    body = _unwrapped(tokens)
    is_scalar = not selectors or (body[0] == ("name", "scalar") and len(_split(body, ("+", "-", "*", "/"))) == 1)
    parts = _division(body)
    if parts is None:
        return Query(tuple(selectors), functions, has_fallback, is_scalar)
    over, under, scale = parts
    guarded = has_fallback or any(token[1] in _COMPARISONS for token in under) or ("name", "clamp_min") in under
    return Query(tuple(selectors), functions, has_fallback, is_scalar, tuple(_selectors(over)), tuple(_selectors(under)), scale, guarded)


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return []
        if match.lastgroup:
            found.append((match.lastgroup, match[0]))
        at = match.end()
    return found


def _selectors(tokens: Sequence[Token]) -> list[Selector]:
    """Every `metric{...}[window]`; grouping lists such as `by (le)` are skipped."""
    found: list[Selector] = []
    i = 0
    while i < len(tokens):
        kind, text = tokens[i]
        follows = tokens[i + 1][1] if i + 1 < len(tokens) else ""
        if kind == "name" and text in _WORDS:
            i += 1
            if text in ("by", "without", "on", "ignoring", "group_left", "group_right") and follows == "(":
                i = _closing(tokens, i) + 1
            continue
        if (kind == "name" and follows != "(" and text not in ("inf", "nan", "Inf", "NaN")) or text == "{":
            name, i = (text, i + 1) if kind == "name" else ("", i)
            matchers: dict[str, tuple[str, str]] = {}
            if i < len(tokens) and tokens[i][1] == "{":
                end = _closing(tokens, i)
                matchers, i = _matchers(tokens[i + 1 : end]), end + 1
            window = None
            if i < len(tokens) and tokens[i][0] == "range":
                window, i = _window_s(tokens[i][1]), i + 1
            named = matchers.pop("__name__", None)
            found.append(Selector(name or (named[1] if named else ""), matchers, window))
            continue
        i += 1
    return found


def _matchers(tokens: Sequence[Token]) -> dict[str, tuple[str, str]]:
    found = {}
    for i, (kind, text) in enumerate(tokens):
        if kind == "op" and text in ("=", "!=", "=~", "!~") and 0 < i < len(tokens) - 1:
            found[tokens[i - 1][1]] = (text, tokens[i + 1][1].strip("\"'`"))
    return found


def _window_s(text: str) -> float | None:
    """Seconds of `[5m]`, or of the range of a subquery."""
    parts = _SPAN.findall(text.strip("[]").partition(":")[0])
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts) if parts else None


def _closing(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for i in range(start, len(tokens)):
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(tokens[i][1], 0) if tokens[i][0] == "op" else 0
        if depth == 0:
            return i
    return len(tokens) - 1


def _unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    """Without brackets around all of it."""
    while len(tokens) > 2 and tokens[0][1] == "(" and _closing(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _split(tokens: Sequence[Token], operators: Sequence[str]) -> list[tuple[str, Sequence[Token]]]:
    """The parts between operators outside brackets, each with the operator before it."""
    parts: list[tuple[str, Sequence[Token]]] = []
    start, before, i = 0, "", 0
    while i < len(tokens):
        kind, text = tokens[i]
        if text in ("(", "{"):
            i = _closing(tokens, i)
        elif (kind == "op" or text in ("or", "and", "unless")) and text in operators and i > start:
            parts.append((before, tokens[start:i]))
            start, before = i + 1, text
        i += 1
    return [*parts, (before, tokens[start:])]


def _division(tokens: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token], float] | None:
    """Numerator, denominator and constant factor of a query that is one division; None for anything else."""
    if len(_split(tokens, ("or", "and", "unless", "+", "-", *_COMPARISONS))) > 1:
        first = _split(tokens, ("or",))[0][1]
        return _division(_unwrapped(first)) if len(first) < len(tokens) else None
    over: Sequence[Token] | None = None
    under: Sequence[Token] | None = None
    scale = 1.0
    for operator, part in _split(tokens, ("*", "/", "%", "^")):
        inner = _unwrapped(part)
        if len(inner) == 1 and inner[0][0] == "number":
            try:
                factor = float(inner[0][1])
            except ValueError:
                return None
            if operator == "/" and not factor:
                return None
            scale = scale / factor if operator == "/" else scale * factor
        elif operator == "/" and over is not None and under is None:
            under = inner
        elif operator in ("", "*") and over is None:
            over = inner
        else:
            return None
    if over is None:
        return None
    if under is None:
        nested = _division(over) if len(over) < len(tokens) else None
        return None if nested is None else (nested[0], nested[1], nested[2] * scale)
    return over, under, scale
